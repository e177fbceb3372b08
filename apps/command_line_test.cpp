#include "command_line.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsSumsOfIntegersWithUnits) {
  EXPECT_EQ(parse_duration("3s").value(), 3s);
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("1m 30s").value(), 90s);
  EXPECT_EQ(parse_duration("1m30s").value(), 90s);
  EXPECT_EQ(parse_duration("2hours 5 min").value(), 125min);
  EXPECT_EQ(parse_duration("7us").value(), 7us);
}

TEST(Duration, RefusesWhatHumantimeRefuses) {
  for (const char* text : {"", "3", "s", "-1s", "1.5s", "3 parsecs", "999999999999d", "3s x"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsShownAsItIsWritten) {
  for (const char* text : {"3s", "500ms", "1m 30s", "2h", "30m"}) {
    EXPECT_EQ(to_text(parse_duration(text).value()), text);
  }
}

// Runs a program with one required URL and one duration.
int exit_status(std::vector<std::string> arguments, std::chrono::milliseconds& timeout) {
  CLI::App app("test program", "program");
  ServiceUrl url;
  add_url(app, "--source.url", url, "where from")->required();
  add_duration(app, "--timeout", timeout, "how long")->envname("MIDEN_COMMAND_LINE_TEST_TIMEOUT");
  size_t count = 1;
  app.add_option("--count", count, "how often")->check(positive(8));
  std::vector<char*> argv{const_cast<char*>("program")};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return run_command_line(app, static_cast<int>(argv.size()), argv.data(), [&]() -> Result<void> {
    if (url.host == "fails") return fail("Failed", "it failed\ncaused by: deep inside");
    return {};
  });
}

TEST(CommandLine, EndsWithTwoOnAUsageErrorAndOneOnAFailure) {
  std::chrono::milliseconds timeout = 10s;
  EXPECT_EQ(exit_status({"--source.url", "http://a"}, timeout), 0);
  EXPECT_EQ(timeout, 10s);
  EXPECT_EQ(exit_status({"--source.url=http://a", "--timeout=5s"}, timeout), 0);
  EXPECT_EQ(timeout, 5s);
  EXPECT_EQ(exit_status({}, timeout), 2);
  EXPECT_EQ(exit_status({"--source.url", "not-a-url"}, timeout), 2);
  EXPECT_EQ(exit_status({"--source.url", "http://a", "--timeout", "soon"}, timeout), 2);
  EXPECT_EQ(exit_status({"--source.url", "http://fails"}, timeout), 1);
}

// Statuses of a program whose only option takes URLs.
int exit_status(std::vector<std::string> arguments, std::vector<std::string>& hosts) {
  CLI::App app("test program", "program");
  std::vector<ServiceUrl> urls;
  add_urls(app, "--url", urls, "where from")->envname("MIDEN_COMMAND_LINE_TEST_URLS");
  std::vector<char*> argv{const_cast<char*>("program")};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  hosts.clear();
  return run_command_line(app, static_cast<int>(argv.size()), argv.data(), [&]() -> Result<void> {
    for (const ServiceUrl& url : urls) hosts.push_back(url.host);
    return {};
  });
}

TEST(CommandLine, TakesUrlsOneByOneOrAsAList) {
  using Hosts = std::vector<std::string>;
  Hosts hosts;
  EXPECT_EQ(exit_status({}, hosts), 0);
  EXPECT_EQ(hosts, Hosts());
  EXPECT_EQ(exit_status({"--url", "http://a:1"}, hosts), 0);
  EXPECT_EQ(hosts, Hosts({"a"}));
  EXPECT_EQ(exit_status({"--url", "http://a:1", "--url=http://b:2"}, hosts), 0);
  EXPECT_EQ(hosts, Hosts({"a", "b"}));
  EXPECT_EQ(exit_status({"--url", "http://a:1,http://b:2"}, hosts), 0);
  EXPECT_EQ(hosts, Hosts({"a", "b"}));
  EXPECT_EQ(exit_status({"--url", "http://a:1,b"}, hosts), 2);
  EXPECT_EQ(exit_status({"--url", "http://a:1", "http://b:2"}, hosts), 2);
  setenv("MIDEN_COMMAND_LINE_TEST_URLS", "http://c:3,http://d:4", 1);
  EXPECT_EQ(exit_status({}, hosts), 0);
  EXPECT_EQ(hosts, Hosts({"c", "d"}));
  EXPECT_EQ(exit_status({"--url", "http://a:1"}, hosts), 0);
  EXPECT_EQ(hosts, Hosts({"a"}));
  unsetenv("MIDEN_COMMAND_LINE_TEST_URLS");
}

TEST(CommandLine, ReportsEveryErrorOnOneLine) {
  std::chrono::milliseconds timeout = 10s;
  const auto report = [&](std::vector<std::string> arguments) {
    testing::internal::CaptureStderr();
    EXPECT_NE(exit_status(std::move(arguments), timeout), 0);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(report({"--source.url", "http://fails"}), "Error: it failed: deep inside\n");
  EXPECT_EQ(report({}), "Error: --source.url is required (--help explains the options)\n");
  EXPECT_EQ(report({"--source.url", "http://a", "--timeout", "soon"}),
            "Error: --timeout: 'soon' is not a duration such as 500ms, 3s or 1m 30s "
            "(--help explains the options)\n");
  EXPECT_EQ(report({"--source.url", "http://a", "--timeout", "0s"}),
            "Error: --timeout: '0s' is too short: 1ms is the shortest duration "
            "(--help explains the options)\n");
  for (const std::string text : {"0", "-1", "x", "1.5", "9", "99999999999999999999"}) {
    EXPECT_EQ(report({"--source.url", "http://a", "--count", text}),
              "Error: --count: '" + text +
                  "' is not a number from 1 to 8 (--help explains the options)\n");
  }
  EXPECT_EQ(exit_status({"--source.url", "http://a", "--count", "8"}, timeout), 0);
}

TEST(CommandLine, PrefersArgumentsToTheEnvironmentAndThatToTheDefault) {
  ::setenv("MIDEN_COMMAND_LINE_TEST_TIMEOUT", "7s", 1);
  std::chrono::milliseconds timeout = 10s;
  EXPECT_EQ(exit_status({"--source.url", "http://a"}, timeout), 0);
  EXPECT_EQ(timeout, 7s);
  EXPECT_EQ(exit_status({"--source.url", "http://a", "--timeout", "2s"}, timeout), 0);
  EXPECT_EQ(timeout, 2s);
  ::setenv("MIDEN_COMMAND_LINE_TEST_TIMEOUT", "", 1);
  timeout = 10s;
  EXPECT_EQ(exit_status({"--source.url", "http://a"}, timeout), 0);
  EXPECT_EQ(timeout, 10s) << "an empty variable counts as unset";
  ::unsetenv("MIDEN_COMMAND_LINE_TEST_TIMEOUT");
}

}  // namespace
}  // namespace miden
