#include "telemetry/log.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace miden {
namespace {

struct FakeBlockNum {
  uint32_t value = 0;
};
struct FakeId {
  std::string to_hex() const { return "0xab"; }
};

// What follows the time, whose 24 characters differ each run.
std::string logged(const LogOptions& options, const auto& events) {
  std::ostringstream out;
  LogOptions to_text = options;
  to_text.out = &out;
  configure_log(to_text);
  events();
  configure_log({});
  return out.str();
}

TEST(Log, WritesOneLineWithFields) {
  const std::string line = logged({}, [] {
    log_info("block committed", {{"block", FakeBlockNum{7}},
                                 {"id", FakeId{}},
                                 {"share", 0.5},
                                 {"is_empty", false},
                                 {"difference", -3},
                                 {"cause", "two words"}});
  });
  EXPECT_EQ(line.substr(24),
            " info  block committed block=7 id=0xab share=0.5 is_empty=false difference=-3 "
            "cause=\"two words\"\n");
}

TEST(Log, KeepsHostileValuesOnOneLine) {
  const std::string line = logged({}, [] {
    log_warn("refused\nfake", {{"agent", "x\" level=error\n\x01"}, {"empty", ""}});
  });
  EXPECT_EQ(line.substr(24),
            " warn  refused fake agent=\"x\\\" level=error\\n\\u0001\" empty=\"\"\n");
}

TEST(Log, WritesJson) {
  const std::string line = logged({.format = LogFormat::kJson}, [] {
    log_error("disk \"full\"", {{"bytes", uint64_t{18446744073709551615u}}, {"path", "/a b"}});
  });
  EXPECT_EQ(line.substr(0, 9), "{\"time\":\"");
  EXPECT_EQ(
      line.substr(33),
      "\",\"level\":\"error\",\"message\":\"disk \\\"full\\\"\",\"bytes\":18446744073709551615,"
      "\"path\":\"/a b\"}\n");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  const std::string lines = logged({.level = LogLevel::kWarn}, [] {
    EXPECT_FALSE(log_enabled(LogLevel::kInfo));
    log_info("not this");
  });
  EXPECT_EQ(lines, "");
}

TEST(LogFilter, TakesTheReferencesForm) {
  EXPECT_EQ(*parse_log_filter(""), LogLevel::kInfo);
  EXPECT_EQ(*parse_log_filter("debug"), LogLevel::kDebug);
  EXPECT_EQ(*parse_log_filter("info,user=debug"), LogLevel::kDebug);
  EXPECT_EQ(*parse_log_filter("warn, axum::rejection=trace"), LogLevel::kWarn);
  EXPECT_EQ(*parse_log_filter("OFF"), LogLevel::kOff);
  EXPECT_EQ(parse_log_filter("user=loud").error().code, "InvalidLogFilter");
}

}  // namespace
}  // namespace miden
