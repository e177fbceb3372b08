#include "base/read_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace miden {
namespace {

TEST(ReadFile, GivesAllBytesOrTheSystemsReason) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "read_file_test";
  std::string contents;
  for (size_t i = 0; i < 200'000; ++i) contents += static_cast<char>(i % 251);
  std::ofstream(path, std::ios::binary) << contents;
  const Result<Bytes> read = read_file(path);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::string(read->begin(), read->end()), contents);

  EXPECT_EQ(read_file(testing::TempDir()).error().message, "Is a directory");
  EXPECT_EQ(read_file(path / "deeper").error().message, "Not a directory");
  std::filesystem::remove(path);
  EXPECT_EQ(read_file(path).error().message, "No such file or directory");
}

}  // namespace
}  // namespace miden
