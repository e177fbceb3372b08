#include "command_line.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <iostream>
#include <limits>

#include "telemetry/log.hpp"

namespace miden {
namespace {

struct Unit {
  std::string_view short_name;
  std::array<std::string_view, 4> long_names;
  int64_t nanoseconds;
};
constexpr int64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 7> kUnits = {{
    {"d", {"day", "days"}, 86400 * kSecond},
    {"h", {"hour", "hours", "hr", "hrs"}, 3600 * kSecond},
    {"m", {"min", "mins", "minute", "minutes"}, 60 * kSecond},
    {"s", {"sec", "secs", "second", "seconds"}, kSecond},
    {"ms", {"msec", "millis", "millisecond", "milliseconds"}, 1'000'000},
    {"us", {"usec", "micros", "microsecond", "microseconds"}, 1'000},
    {"ns", {"nsec", "nanos", "nanosecond", "nanoseconds"}, 1},
}};

const Unit* unit_named(std::string_view name) {
  if (name.empty()) return nullptr;
  for (const Unit& unit : kUnits) {
    if (unit.short_name == name ||
        std::ranges::find(unit.long_names, name) != unit.long_names.end()) {
      return &unit;
    }
  }
  return nullptr;
}

std::unexpected<Error> bad_duration(std::string_view text) {
  return fail("InvalidDuration",
              "'" + std::string(text) + "' is not a duration such as 500ms, 3s or 1m 30s");
}

// A validator that CLI11 runs on each value, from the environment too.
template <class Parse>
CLI::Validator checked_by(Parse parse, const std::string& type) {
  return CLI::Validator(
      [parse](std::string& text) {
        const auto parsed = parse(text);
        return parsed ? std::string() : parsed.error().message;
      },
      type);
}

Result<void> check_url(const std::string& text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme) && text.size() > scheme.size() && text[scheme.size()] != '/')
      return {};
  }
  return fail("InvalidUrl", "'" + text + "' is not an absolute http:// or https:// URL");
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  int64_t total = 0;
  bool any = false;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    while (at != end && *at == ' ') ++at;
    if (at == end) break;
    int64_t number = 0;
    const auto [after_number, problem] = std::from_chars(at, end, number);
    if (problem != std::errc() || number < 0) return bad_duration(text);
    at = std::find_if_not(after_number, end, [](char c) { return c == ' '; });
    const char* const unit_end = std::find_if_not(
        at, end, [](char c) { return std::isalpha(static_cast<unsigned char>(c)); });
    const Unit* unit = unit_named({at, unit_end});
    if (unit == nullptr) return bad_duration(text);
    int64_t part = 0;
    if (__builtin_mul_overflow(number, unit->nanoseconds, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return bad_duration(text);
    }
    at = unit_end;
    any = true;
  }
  if (!any) return bad_duration(text);
  return std::chrono::nanoseconds(total);
}

std::string to_text(std::chrono::nanoseconds duration) {
  std::string text;
  int64_t rest = duration.count();
  for (const Unit& unit : kUnits) {
    if (const int64_t count = rest / unit.nanoseconds; count > 0) {
      if (!text.empty()) text += ' ';
      text += std::to_string(count);
      text += unit.short_name;
      rest %= unit.nanoseconds;
    }
  }
  return text.empty() ? "0s" : text;
}

Result<std::string> parse_listen(std::string_view text) {
  const auto refuse = [&] {
    return fail("InvalidListen",
                "'" + std::string(text) +
                    "' is not an address and port such as 127.0.0.1:57291 or [::1]:57291");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  uint16_t port = 0;
  const std::string_view digits = text.substr(colon + 1);
  const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc() || rest != digits.data() + digits.size()) return refuse();
  std::string host(text.substr(0, colon));
  in6_addr parsed;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, host.c_str(), &parsed) != 1) return refuse();
  } else if (::inet_pton(AF_INET, host.c_str(), &parsed) != 1) {
    return refuse();
  }
  return std::string(text);
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help) {
  const auto set = [&target](const std::string& text) {
    const auto parsed = parse_duration(text);
    if (!parsed) throw CLI::ValidationError(parsed.error().message);
    target = std::chrono::duration_cast<std::chrono::milliseconds>(*parsed);
  };
  return app.add_option_function<std::string>(name, set, help)
      ->type_name("DURATION")
      ->default_str(to_text(target));
}

CLI::Option* add_listen(CLI::App& app, const std::string& name, std::string& target,
                        const std::string& help) {
  return app.add_option(name, target, help)->check(checked_by(parse_listen, "LISTEN"));
}

CLI::Option* add_url(CLI::App& app, const std::string& name, std::string& target,
                     const std::string& help) {
  return app.add_option(name, target, help)->check(checked_by(check_url, "URL"));
}

int run_command_line(CLI::App& app, int argc, char** argv,
                     const std::function<Result<void>()>& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto failed = [](std::string_view message) {
    std::cerr << "Error: " << message << std::endl;
    return 1;
  };
  try {
    const auto log = log_options_from_environment();
    if (!log) return failed(log.error().message);
    configure_log(*log);
    const auto done = body();
    return done ? 0 : failed(done.error().message);
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}

}  // namespace miden
