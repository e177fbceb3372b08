#include "monitor/page_text.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "monitor/page_parts.hpp"

namespace miden {
namespace {

TEST(CleanText, LeavesOutControlsAndMarksThatTurnTheDirection) {
  EXPECT_EQ(clean_text("\x1b[31mred\x07"), "[31mred");
  EXPECT_EQ(clean_text("a\xe2\x80\xae"
                       "b\xe2\x81\xa6"
                       "c\xc2\x85"),
            "abc");
  EXPECT_EQ(clean_text("  two\n\t words "), "two words");
}

TEST(CleanText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(clean_text("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(clean_text("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");  // a longer form than needed
  EXPECT_EQ(clean_text("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
  EXPECT_EQ(clean_text("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");                  // cut off
  EXPECT_EQ(clean_text("grün 日本 🦀"), "grün 日本 🦀");
}

TEST(CleanText, CutsBetweenCharacters) {
  EXPECT_EQ(clean_text("aaaaé", 5), "aaaa…");
  EXPECT_EQ(clean_text("aaaaé", 6), "aaaaé");
  EXPECT_EQ(clean_text(std::string(1 << 20, 'y')).size(), 512 + std::string("…").size());
}

TEST(Markup, KnowsMarkupFromText) {
  const std::string hostile = "<script>'\"&";
  Markup out;
  out << "<p title=\"" << hostile << "\">" << hostile << "</p>";
  EXPECT_EQ(out.html(),
            "<p title=\"&lt;script&gt;&#39;&quot;&amp;\">&lt;script&gt;&#39;&quot;&amp;</p>");
}

TEST(Markup, KeepsPlainDataHarmless) {
  Markup out;
  out.plain("M1 2h-3.5[,]\"<>&'=/");
  EXPECT_EQ(out.html(), "M1 2h-3.5[,]");
}

TEST(PageText, WritesAges) {
  const std::pair<int64_t, std::string> expected[] = {
      {-5, "0 s"},         {59'999, "59 s"},        {60'000, "1 min"},  {80'000, "1 min 20 s"},
      {300'000, "5 min"},  {3'599'000, "59 min"},   {3'600'000, "1 h"}, {11'040'000, "3 h 4 min"},
      {86'400'000, "1 d"}, {273'600'000, "3 d 4 h"}};
  for (const auto& [ms, words] : expected) EXPECT_EQ(age_words(ms), words) << ms;
  EXPECT_FALSE(age_words(std::numeric_limits<int64_t>::max()).empty());
}

TEST(PageText, WritesLatencies) {
  EXPECT_EQ(latency_words(0.2), "under 1 ms");
  EXPECT_EQ(latency_words(42.4), "42 ms");
  EXPECT_EQ(latency_words(3210), "3.2 s");
  EXPECT_EQ(latency_words(125'000), "2 min 5 s");
  EXPECT_EQ(latency_words(std::numeric_limits<double>::quiet_NaN()), "–");
  EXPECT_FALSE(latency_words(std::numeric_limits<double>::max()).empty());
}

TEST(PageText, NeverRoundsAnOutageAway) {
  EXPECT_EQ(percent(0.99999), "99.99 %");
  EXPECT_EQ(percent(0.9), "90.00 %");
  EXPECT_EQ(percent(1), "100 %");
  EXPECT_EQ(percent(Availability{.ratio = 1, .known_ms = 1, .down_ms = 0, .outages = 0}), "100 %");
  // Ten milliseconds of thirty days.
  EXPECT_EQ(percent(Availability{
                .ratio = 1.0 - 4e-9, .known_ms = 2'592'000'000, .down_ms = 10, .outages = 1}),
            "99.99 %");
  EXPECT_EQ(percent(Availability{}), "no data");
}

TEST(PageText, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(48213), "48,213");
  EXPECT_EQ(grouped(std::numeric_limits<uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(PageText, WritesMomentsOfAnyKind) {
  EXPECT_EQ(iso_time(1'768'473'720'000), "2026-01-15T10:42:00Z");
  EXPECT_EQ(day_text(1'768'473'720'000), "15 Jan");
  EXPECT_EQ(iso_time(-1), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso_time(std::numeric_limits<int64_t>::max()), "9999-12-31T23:59:59Z");
}

// A check with bars of ten cells, of which some differ.
CheckPicture check_with_bars() {
  CheckPicture check;
  check.description = std::make_shared<const CheckDescription>();
  for (int i = 0; i < 10; ++i) {
    Cell cell;
    cell.from_ms = i * 1'800'000;
    cell.to_ms = cell.from_ms + 1'800'000;
    cell.seconds_in[0] = 1800;
    check.day.push_back(cell);
  }
  return check;
}

TEST(Bar, DrawsRunsOfGoodCellsAsOneLine) {
  const std::string html = render_bar(check_with_bars(), BarSpan::kDay).html();
  EXPECT_NE(html.find("class=\"bar-well\" stroke-dasharray=\"23 1\" d=\"M0 12h239\""),
            std::string::npos)
      << html;
  EXPECT_EQ(html.find("bar-down"), std::string::npos) << html;
}

TEST(Bar, ShowsAnOutageOfASecond) {
  CheckPicture check = check_with_bars();
  check.day[3].seconds_in = {};
  check.day[3].seconds_in[0] = 1799;
  check.day[3].seconds_in[2] = 1;
  check.day[7].seconds_in = {};  // nothing is known
  check.day_availability = {.ratio = 0.9999, .known_ms = 16'200'000, .down_ms = 1000, .outages = 1};
  const std::string html = render_bar(check, BarSpan::kDay).html();
  // From below, 15 % of 24 high, and a tick under it.
  EXPECT_NE(html.find("class=\"bar-down\" d=\"M72 20.4h23v3.6h-23z\""), std::string::npos) << html;
  EXPECT_NE(html.find("class=\"bar-failed\" d=\"M72 27h23v3h-23z\""), std::string::npos) << html;
  EXPECT_NE(html.find("class=\"bar-none\" d=\"M168.5 0.5h22v23h-22z\""), std::string::npos) << html;
  EXPECT_NE(html.find("aria-label=\"24 hours: 99.99 % up, 1 outage of 1 s in all\""),
            std::string::npos)
      << html;
  EXPECT_NE(html.find("data-cells=\"[0,1800000,10,[[3,1,0,0]],[7]]\""), std::string::npos) << html;
}

TEST(Sparkline, LeavesGapsWhereNothingIsKnown) {
  CheckPicture check = check_with_bars();
  for (int i = 0; i < 5; ++i) {
    SparkPoint point;
    if (i != 2) point.p5_ms = point.p50_ms = point.p95_ms = 100;
    if (i == 2) point.failed_looks = 1;
    check.spark.push_back(point);
  }
  const std::string html = render_sparkline(check).html();
  EXPECT_NE(html.find("class=\"spark-line\" d=\"M0 6.7L1 6.7M3 6.7L4 6.7\""), std::string::npos)
      << html;
  EXPECT_NE(html.find("class=\"spark-failed\" d=\"M2 40v-5\""), std::string::npos) << html;
  EXPECT_TRUE(render_sparkline(check_with_bars()).is_empty());
}

TEST(Fragments, StayTheSameWhileOnlyTimePasses) {
  Picture picture;
  picture.taken_ms = 1'768'473'720'000;
  CheckPicture check = check_with_bars();
  check.state = CheckState::kOk;
  check.since_ms = picture.taken_ms - 1000;
  check.last.emplace();
  check.last->started_ms = picture.taken_ms - 500;
  picture.checks.push_back(check);
  const auto before = render_fragments(picture, {.now_ms = picture.taken_ms, .writes_ages = false});
  const auto after =
      render_fragments(picture, {.now_ms = picture.taken_ms + 20'000, .writes_ages = false});
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].element.html(), after[i].element.html()) << before[i].id;
  }
}

}  // namespace
}  // namespace miden
