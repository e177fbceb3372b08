#include "net/web_metadata.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

TEST(WebMetadata, CarriesWhatTheCallerSays) {
  const auto carried = [](std::string_view name, std::string_view value) {
    const MetadataField field = as_metadata(name, value);
    EXPECT_EQ(field.fate, FieldFate::kForwarded) << name;
    return field.field;
  };
  EXPECT_EQ(carried("Accept", "application/vnd.miden; version=0.15.5"),
            (HttpField{"accept", "application/vnd.miden; version=0.15.5"}));
  EXPECT_EQ(carried("X-Forwarded-For", "1.2.3.4"), (HttpField{"x-forwarded-for", "1.2.3.4"}));
  EXPECT_EQ(carried("x-grpc-web", "1"), (HttpField{"x-grpc-web", "1"}));
  EXPECT_EQ(carried("some-bin", "Ag"), (HttpField{"some-bin", "\2"}));
}

TEST(WebMetadata, LeavesOutWhatConcernsTheConnection) {
  for (const auto* name :
       {"Host", "Connection", "Content-Length", "Content-Type", "TE", "Upgrade",
        "Transfer-Encoding", "grpc-timeout", "grpc-encoding", "Grpc-Status", "Miden-Web-Peer"}) {
    EXPECT_EQ(as_metadata(name, "1").fate, FieldFate::kLeftOut) << name;
  }
}

TEST(WebMetadata, KnowsWhatGrpcCannotCarry) {
  EXPECT_EQ(as_metadata("accept", "caf\xc3\xa9").fate, FieldFate::kImpossible);
  EXPECT_EQ(as_metadata("accept", "a\tb").fate, FieldFate::kImpossible);
  EXPECT_EQ(as_metadata("a!b", "1").fate, FieldFate::kImpossible);
  EXPECT_EQ(as_metadata("some-bin", "?").fate, FieldFate::kImpossible);
}

TEST(WebMetadata, GivesFieldsBack) {
  EXPECT_EQ(as_http_field("x-ratelimit-limit", "128"), (HttpField{"x-ratelimit-limit", "128"}));
  EXPECT_EQ(as_http_field("some-bin", "\2"), (HttpField{"some-bin", "Ag"}));
  for (const auto* name :
       {"content-type", "transfer-encoding", "grpc-status", "access-control-allow-origin"}) {
    EXPECT_EQ(as_http_field(name, "1"), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace miden
