#include "telemetry/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <optional>

namespace miden {
namespace {

constexpr std::string_view kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr std::string_view kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

struct ActiveLog {
  std::shared_ptr<spdlog::logger> logger;
  LogFormat format = LogFormat::kText;
};

std::string_view name_of(LogLevel level) {
  constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error", "off"};
  return kNames[static_cast<size_t>(level)];
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

std::shared_ptr<const ActiveLog> make_log(const LogOptions& options) {
  spdlog::sink_ptr sink;
  if (options.out != nullptr) {
    sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*options.out);
  } else {
    sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  }
  auto logger = std::make_shared<spdlog::logger>("miden", std::move(sink));
  logger->set_level(to_spdlog(options.level));
  logger->flush_on(spdlog::level::trace);  // a line must be seen although the process dies next
  logger->set_pattern(std::string(options.format == LogFormat::kText ? kTextPattern : kJsonPattern),
                      spdlog::pattern_time_type::utc);
  return std::make_shared<const ActiveLog>(ActiveLog{std::move(logger), options.format});
}

std::atomic<std::shared_ptr<const ActiveLog>>& active_log() {
  static std::atomic<std::shared_ptr<const ActiveLog>> log(make_log({}));
  return log;
}

// Whatever a value holds, an event stays one line and a quoted value ends where its quotes do.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '"' || c == '=' || c == '\\') {
      return false;
    }
  }
  return true;
}

void append_value(std::string& out, const LogValue& value, LogFormat format) {
  std::visit(
      [&](const auto& held) {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::string_view> || std::is_same_v<T, std::string>) {
          if (format == LogFormat::kText && is_plain(held)) {
            out += held;
          } else {
            append_quoted(out, held);
          }
        } else if constexpr (std::is_same_v<T, double>) {
          if (format == LogFormat::kJson && !std::isfinite(held)) {
            out += "null";
          } else {
            fmt::format_to(std::back_inserter(out), "{}", held);
          }
        } else {
          fmt::format_to(std::back_inserter(out), "{}", held);
        }
      },
      value.kind());
}

std::string text_line(LogLevel level, std::string_view message, LogFields fields) {
  std::string line = fmt::format("{:<5} ", name_of(level));
  for (const char c : message) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value, LogFormat::kText);
  }
  return line;
}

std::string json_members(LogLevel level, std::string_view message, LogFields fields) {
  std::string members = fmt::format("\"level\":\"{}\",\"message\":", name_of(level));
  append_quoted(members, message);
  for (const LogField& field : fields) {
    members += ',';
    append_quoted(members, field.key);
    members += ':';
    append_value(members, field.value, LogFormat::kJson);
  }
  return members;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<LogLevel> level_named(std::string_view name) {
  std::string lower;
  for (const char c : name) {
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (lower == "trace") return LogLevel::kTrace;
  if (lower == "debug") return LogLevel::kDebug;
  if (lower == "info") return LogLevel::kInfo;
  if (lower == "warn") return LogLevel::kWarn;
  if (lower == "error") return LogLevel::kError;
  if (lower == "off") return LogLevel::kOff;
  return std::nullopt;
}

}  // namespace

Result<LogLevel> parse_log_filter(std::string_view filter) {
  LogLevel chosen = LogLevel::kInfo;
  while (!filter.empty()) {
    const size_t comma = std::min(filter.find(','), filter.size());
    const std::string_view directive = trimmed(filter.substr(0, comma));
    filter.remove_prefix(std::min(comma + 1, filter.size()));
    if (directive.empty()) continue;

    const size_t equals = directive.find('=');
    const std::string_view target =
        equals == std::string_view::npos ? std::string_view() : directive.substr(0, equals);
    const std::string_view name =
        equals == std::string_view::npos ? directive : directive.substr(equals + 1);
    const std::optional<LogLevel> level = level_named(trimmed(name));
    if (!level) {
      // A bare word that is no level names a target whose events are all wanted: none of ours.
      if (equals == std::string_view::npos) continue;
      return fail("InvalidLogFilter",
                  fmt::format("'{}' in the log filter is not a level (trace, debug, "
                              "info, warn, error, off)",
                              name));
    }
    if (target.empty() || target == "miden" || target == "user") chosen = *level;
  }
  return chosen;
}

Result<LogOptions> log_options_from_environment() {
  LogOptions options;
  const char* filter = std::getenv("MIDEN_STDOUT_FILTER");
  if (filter == nullptr) filter = std::getenv("RUST_LOG");
  if (filter != nullptr) options.level = TRY(parse_log_filter(filter));
  if (const char* format = std::getenv("MIDEN_LOG_FORMAT")) {
    if (std::string_view(format) == "json") {
      options.format = LogFormat::kJson;
    } else if (std::string_view(format) != "text") {
      return fail("InvalidLogFormat",
                  fmt::format("MIDEN_LOG_FORMAT is '{}': must be text or json", format));
    }
  }
  return options;
}

void configure_log(const LogOptions& options) { active_log().store(make_log(options)); }

bool log_enabled(LogLevel level) {
  return active_log().load()->logger->should_log(to_spdlog(level));
}

void log_event(LogLevel level, std::string_view message, LogFields fields) {
  const std::shared_ptr<const ActiveLog> log = active_log().load();
  if (!log->logger->should_log(to_spdlog(level))) return;
  log->logger->log(to_spdlog(level), "{}",
                   log->format == LogFormat::kText ? text_line(level, message, fields)
                                                   : json_members(level, message, fields));
}

}  // namespace miden
