// The log: one line an event, a message and key=value fields, as text or JSON on standard output.
//
//   log_info("block committed", {{"block", header.block_num}, {"transactions", count}});
//
// Levels: error = somebody must act; warn = degraded but working; info = life cycle and each block;
// debug = each request. Every function is safe from any thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"

namespace miden {

enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat : uint8_t { kText, kJson };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  std::ostream* out = nullptr;  // standard output where it is null; must outlive the last event
};

// From MIDEN_STDOUT_FILTER, else RUST_LOG (spec/node-and-validator.md §10), and MIDEN_LOG_FORMAT
// ("text" or "json"), which is ours alone. Errors: InvalidLogFilter, InvalidLogFormat.
Result<LogOptions> log_options_from_environment();

// The level that a filter of the reference's form sets: directives "level" or "target=level" joined
// by commas. Our events have no targets, so only directives without one, or with target "miden" or
// "user", count; the last one wins. Error: InvalidLogFilter.
Result<LogLevel> parse_log_filter(std::string_view filter);

// Before the first event or later; until then events go to standard output from info up.
void configure_log(const LogOptions& options);

// For fields that cost something to make.
bool log_enabled(LogLevel level);

class LogValue {
 public:
  using Kind = std::variant<int64_t, uint64_t, bool, double, std::string_view, std::string>;

  LogValue(bool value) : kind_(value) {}
  LogValue(std::signed_integral auto value) : kind_(static_cast<int64_t>(value)) {}
  LogValue(std::unsigned_integral auto value) : kind_(static_cast<uint64_t>(value)) {}
  LogValue(std::floating_point auto value) : kind_(static_cast<double>(value)) {}
  LogValue(const char* value) : kind_(std::string_view(value)) {}
  LogValue(std::string_view value) : kind_(value) {}
  LogValue(const std::string& value) : kind_(std::string_view(value)) {}
  LogValue(std::string&& value) : kind_(std::move(value)) {}
  // Only the text: `code` is for programs.
  LogValue(const Error& error) : kind_(std::string_view(error.message)) {}
  // Words, ids, keys.
  template <class T>
  requires requires(const T& value) {
    { value.to_hex() } -> std::convertible_to<std::string>;
  }
  LogValue(const T& value) : kind_(std::string(value.to_hex())) {}
  // Numbers with a type of their own: BlockNum.
  template <class T>
  requires requires(const T& value) {
    { value.value } -> std::convertible_to<uint64_t>;
  }
  LogValue(const T& value) : kind_(static_cast<uint64_t>(value.value)) {}

  const Kind& kind() const { return kind_; }

 private:
  Kind kind_;  // views live as long as the call that logs
};

struct LogField {
  std::string_view key;  // letters, digits, '_' and '.'
  LogValue value;
};

using LogFields = std::initializer_list<LogField>;

void log_event(LogLevel level, std::string_view message, LogFields fields);

inline void log_trace(std::string_view message, LogFields fields = {}) {
  log_event(LogLevel::kTrace, message, fields);
}
inline void log_debug(std::string_view message, LogFields fields = {}) {
  log_event(LogLevel::kDebug, message, fields);
}
inline void log_info(std::string_view message, LogFields fields = {}) {
  log_event(LogLevel::kInfo, message, fields);
}
inline void log_warn(std::string_view message, LogFields fields = {}) {
  log_event(LogLevel::kWarn, message, fields);
}
inline void log_error(std::string_view message, LogFields fields = {}) {
  log_event(LogLevel::kError, message, fields);
}

}  // namespace miden
