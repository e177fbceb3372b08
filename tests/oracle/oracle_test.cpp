// Every case in the oracle's file gets the answer that the reference gave.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "accepted_differences.hpp"
#include "oracle_file.hpp"
#include "protocol/mast_forest.hpp"
#include "subjects.hpp"

namespace miden {
namespace {

const OracleFile& oracle() {
  static const OracleFile file = [] {
    const char* other = std::getenv("MIDEN_ORACLE_FILE");
    return read_oracle_file(other != nullptr ? other : MIDEN_ORACLE_FILE);
  }();
  return file;
}

Ask ask_for(std::string_view name) {
  for (const auto* table : {&subjects(), &primitives(), &histories(), &transitions()}) {
    if (const auto found = table->find(name); found != table->end()) return found->second;
  }
  return nullptr;
}

Bytes sorted(ByteView bytes) {
  Bytes result(bytes.begin(), bytes.end());
  std::ranges::sort(result);
  return result;
}

bool equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

std::string text_of(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) text += " " + word.to_hex();
  return text;
}

// Where two encodings part, with some bytes of both.
std::string first_difference(ByteView ours, ByteView theirs) {
  const auto [a, b] = std::ranges::mismatch(ours, theirs);
  const auto at = static_cast<size_t>(a - ours.begin());
  const auto some = [at](ByteView bytes) {
    return to_hex(bytes.subspan(at, std::min<size_t>(24, bytes.size() - at)));
  };
  return "byte " + std::to_string(at) + ": ours " + some(ours) + " (" +
         std::to_string(ours.size()) + "), the reference's " + some(theirs) + " (" +
         std::to_string(theirs.size()) + ")";
}

// What is wrong with our answer; empty when nothing is.
std::string judge(const OracleCase& it, const Result<Answer>& ours) {
  if (ours.has_value() != it.is_accepted) {
    if (it.is_accepted) {
      return "we refuse it: " + std::string(ours.error().code) + ", " + ours.error().message;
    }
    return it.panicked ? "we accept what the reference panics on"
                       : "we accept it; the reference: " + std::string(as_string_view(it.encoding));
  }
  if (!ours) return {};
  if (ours->words != it.words) {
    return "other words: ours" + text_of(ours->words) + ", the reference's" + text_of(it.words);
  }
  // Equal values whose encodings follow a hash map differ in their bytes' order alone.
  const bool same_bytes = it.is_unordered ? sorted(ours->encoding) == sorted(it.encoding)
                                          : equal(ours->encoding, it.encoding);
  if (!same_bytes) {
    return "we encode it otherwise: " + first_difference(ours->encoding, it.encoding);
  }
  return {};
}

TEST(Oracle, EveryCaseIsAnsweredAsByTheReference) {
  constexpr size_t kShown = 3;  // of each type
  std::map<std::string_view, size_t> failures;
  std::map<std::string_view, size_t> accepted_differences;
  for (size_t i = 0; i < oracle().cases.size(); ++i) {
    const OracleCase& it = oracle().cases[i];
    const Ask ask = ask_for(it.name);
    ASSERT_NE(ask, nullptr) << it.name;
    const Result<Answer> ours = ask(it.input);
    const std::string wrong = judge(it, ours);
    if (wrong.empty()) continue;
    if (const std::string_view reason = accepted_difference(it, ours); !reason.empty()) {
      ++accepted_differences[reason];
      continue;
    }
    if (++failures[it.name] > kShown) continue;
    ADD_FAILURE() << "case " << i << ", " << (it.is_damaged ? "damaged " : "good ") << it.name
                  << ": " << wrong << "\ninput (" << it.input.size()
                  << "): " << to_hex(it.input.first(std::min<size_t>(300, it.input.size())));
  }
  for (const auto& [name, count] : failures) {
    ADD_FAILURE() << count << " cases of " << name;
  }
  for (const auto& [reason, count] : accepted_differences) {
    std::cout << count << " accepted differences: " << reason << "\n";
  }
}

// Where the reference's order of bytes is none, ours must at least be one that we read.
TEST(Oracle, EncodingsOfUnorderedTypesAreReadAsTheyWere) {
  for (const OracleCase& it : oracle().cases) {
    const auto subject = subjects().find(it.name);
    if (subject == subjects().end() || !it.is_unordered) continue;
    const Result<Answer> once = subject->second(it.input);
    if (!once) continue;
    const Result<Answer> again = subject->second(once->encoding);
    ASSERT_TRUE(again) << it.name << ": " << again.error().message << "\n" << to_hex(it.input);
    ASSERT_EQ(to_hex(again->encoding), to_hex(once->encoding)) << it.name;
    ASSERT_EQ(text_of(again->words), text_of(once->words)) << it.name;
  }
}

TEST(Oracle, TheReferencesCodeHasTheDigestsItClaims) {
  for (const OracleCase& it : oracle().cases) {
    if (it.name != "MastForest" || it.is_damaged) continue;
    const Result<void> valid = from_bytes<MastForest>(it.input).value().validate();
    EXPECT_TRUE(valid) << valid.error().message;
  }
}

TEST(Oracle, AsksForEveryTypeGoodAndDamaged) {
  std::set<std::string_view> good;
  std::set<std::string_view> refused;
  for (const OracleCase& it : oracle().cases) {
    if (it.is_accepted && !it.is_damaged) good.insert(it.name);
    if (!it.is_accepted) refused.insert(it.name);
  }
  for (const auto& [name, ask] : subjects()) {
    EXPECT_TRUE(good.contains(name)) << name;
    EXPECT_TRUE(refused.contains(name)) << name;
  }
  for (const auto* table : {&primitives(), &histories(), &transitions()}) {
    for (const auto& [name, ask] : *table) EXPECT_TRUE(good.contains(name)) << name;
  }
  EXPECT_GE(oracle().cases.size(), 10'000u);
}

}  // namespace
}  // namespace miden
