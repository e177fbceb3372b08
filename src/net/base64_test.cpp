#include "net/base64.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

// RFC 4648 §10.
constexpr std::pair<const char*, const char*> kVectors[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};

TEST(Base64, FollowsTheStandardsVectors) {
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
    const std::string unpadded(text, std::string(text).find_last_not_of('=') + 1);
    EXPECT_EQ(to_base64(bytes, Base64Padding::kUnpadded), unpadded);
    EXPECT_EQ(from_base64(unpadded), bytes);
  }
  // The last two digits of the alphabet, and all bits.
  EXPECT_EQ(to_base64("\xfb\xef\xff"), "++//");
  EXPECT_EQ(from_base64("++//"), "\xfb\xef\xff");
}

TEST(Base64, RefusesWhatIsNot) {
  for (const auto* text : {"A", "AAAAA", "A===", "====", "A=AA", "AA=A", "Zh==", "Zm9=", "Zm9v\n",
                           "Zm-_", "Zm 9", "AA==AA=="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Base64, DecodesAStreamThatIsCutAnywhere) {
  // Two pieces, each padded by itself.
  const std::string text = "Zm9vYg==Zm9vYmE=";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Base64Stream stream;
    std::string bytes;
    EXPECT_TRUE(stream.add(std::string_view(text).substr(0, cut), bytes));
    EXPECT_EQ(stream.is_complete(), cut % 4 == 0);
    EXPECT_TRUE(stream.add(std::string_view(text).substr(cut), bytes));
    EXPECT_TRUE(stream.is_complete());
    EXPECT_EQ(bytes, "foobfooba");
  }
  Base64Stream stream;
  std::string bytes;
  EXPECT_FALSE(stream.add("Zm9v====", bytes));
}

}  // namespace
}  // namespace miden
