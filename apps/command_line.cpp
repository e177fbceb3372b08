#include "command_line.hpp"

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

// CLI11 hands over the text, from the command line or from the environment.
template <class T, class Target>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Target& target,
                        const std::string& help, const char* type) {
  const auto set = [&target, name](const std::string& text) {
    auto parsed = T::parse(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
    target = std::move(*parsed);
  };
  return app.add_option_function<std::string>(name, set, help)->type_name(type);
}

// "outer\ncaused by: inner" becomes "outer: inner"; whatever else breaks lines, a space.
std::string on_one_line(std::string text) {
  constexpr std::string_view kCause = "\ncaused by: ";
  for (size_t at = 0; (at = text.find(kCause, at)) != std::string::npos;) {
    text.replace(at, kCause.size(), ": ");
  }
  std::ranges::replace(text, '\n', ' ');
  return text;
}

int end_with(int status, std::string message) {
  std::cerr << "Error: " << on_one_line(std::move(message)) << std::endl;
  return status;
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

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help) {
  const auto set = [&target, name](const std::string& text) {
    const auto parsed = parse_duration(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
    if (*parsed < std::chrono::milliseconds(1)) {
      throw CLI::ValidationError(name, "'" + text + "' is too short: 1ms is the shortest duration");
    }
    target = std::chrono::duration_cast<std::chrono::milliseconds>(*parsed);
  };
  return app.add_option_function<std::string>(name, set, help)
      ->type_name("DURATION")
      ->default_str(to_text(target));
}

CLI::Option* add_listen(CLI::App& app, const std::string& name, SocketAddress& target,
                        const std::string& help) {
  return add_parsed<SocketAddress>(app, name, target, help, "LISTEN");
}

CLI::Option* add_listen(CLI::App& app, const std::string& name,
                        std::optional<SocketAddress>& target, const std::string& help) {
  return add_parsed<SocketAddress>(app, name, target, help, "LISTEN");
}

CLI::Option* add_url(CLI::App& app, const std::string& name, ServiceUrl& target,
                     const std::string& help) {
  return add_parsed<ServiceUrl>(app, name, target, help, "URL");
}

CLI::Option* add_url(CLI::App& app, const std::string& name, std::optional<ServiceUrl>& target,
                     const std::string& help) {
  return add_parsed<ServiceUrl>(app, name, target, help, "URL");
}

CLI::Option* add_urls(CLI::App& app, const std::string& name, std::vector<ServiceUrl>& target,
                      const std::string& help) {
  const auto set = [&target, name](const std::vector<std::string>& texts) {
    target.clear();
    for (const std::string& text : texts) {
      auto parsed = ServiceUrl::parse(text);
      if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
      target.push_back(std::move(*parsed));
    }
  };
  return app.add_option_function<std::vector<std::string>>(name, set, help)
      ->type_name("URL")
      ->delimiter(',')
      ->allow_extra_args(false);
}

CLI::Validator positive(uint64_t most) {
  const auto check = [most](const std::string& text) {
    uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [after, problem] = std::from_chars(text.data(), end, number);
    if (problem == std::errc() && after == end && number >= 1 && number <= most) {
      return std::string();
    }
    return "'" + text + "' is not a number from 1 to " + std::to_string(most);
  };
  return CLI::Validator(check, "POSITIVE");
}

int run_command_line(CLI::App& app, int argc, char** argv,
                     const std::function<Result<void>()>& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return end_with(2, error.what() + std::string(" (--help explains the options)"));
  }
  try {
    const auto log = log_options_from_environment();
    if (!log) return end_with(1, log.error().message);
    configure_log(*log);
    const auto done = body();
    return done ? 0 : end_with(1, done.error().message);
  } catch (const std::exception& error) {
    return end_with(1, error.what());
  }
}

}  // namespace miden
