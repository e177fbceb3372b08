// Bytes written down from the protocol's description (spec/store-rpc.md §12.5), not made by the
// code.
#include "net/grpc_web.hpp"

#include <gtest/gtest.h>

#include "net/server.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

std::string outcome(Answer<> answer) {
  return answer ? "OK"
                : std::string(to_string(answer.error().code)) + ": " + answer.error().message;
}

TEST(WebEncoding, FollowsTheContentTypeExactly) {
  EXPECT_EQ(web_request_encoding("application/grpc-web"), WebEncoding::kBinary);
  EXPECT_EQ(web_request_encoding("application/grpc-web+proto"), WebEncoding::kBinary);
  EXPECT_EQ(web_request_encoding("application/grpc-web-text"), WebEncoding::kText);
  EXPECT_EQ(web_request_encoding("application/grpc-web-text+proto"), WebEncoding::kText);
  for (const auto* other :
       {"", "application/grpc", "application/grpc+proto", "text/plain", "application/grpc-web+json",
        "application/grpc-web; charset=utf-8", "Application/Grpc-Web"}) {
    EXPECT_EQ(web_request_encoding(other), std::nullopt) << other;
  }
  EXPECT_EQ(web_response_encoding("application/grpc-web-text"), WebEncoding::kText);
  EXPECT_EQ(web_response_encoding("application/vnd.miden"), WebEncoding::kBinary);
}

TEST(WebRequestBody, TakesMessagesCutAnywhere) {
  const std::string body =
      "\x00\x00\x00\x00\x03"s + "abc" + "\x00\x00\x00\x00\x00"s + "\x00\x00\x00\x00\x01"s + "d";
  const std::string text = "AAAAAANhYmMAAAAAAAAAAAABZA==";  // printf ... | base64
  for (const auto& [encoding, bytes] :
       {std::pair(WebEncoding::kBinary, body), std::pair(WebEncoding::kText, text)}) {
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      WebRequestBody request(encoding);
      EXPECT_TRUE(request.add(std::string_view(bytes).substr(0, cut)));
      EXPECT_TRUE(request.add(std::string_view(bytes).substr(cut)));
      const auto messages = request.take_messages();
      ASSERT_TRUE(messages);
      EXPECT_EQ(*messages, (std::vector<std::string>{"abc", "", "d"}));
    }
  }
}

TEST(WebRequestBody, RefusesWhatEndsInTheMiddle) {
  for (const std::string& bytes : {"\x00"s, "\x00\x00\x00\x00\x02"s, "\x00\x00\x00\x00\x02x"s}) {
    WebRequestBody request(WebEncoding::kBinary);
    EXPECT_TRUE(request.add(bytes));
    const auto messages = request.take_messages();
    ASSERT_FALSE(messages);
    EXPECT_EQ(messages.error(), Status(StatusCode::kInternal, "Unexpected EOF decoding stream."));
  }
  WebRequestBody request(WebEncoding::kText);
  EXPECT_TRUE(request.add("AAAAA"));
  EXPECT_EQ(request.take_messages().error().message, "malformed base64 request");
  EXPECT_EQ(outcome(WebRequestBody(WebEncoding::kText).add("AAA\xff")),
            "INTERNAL: malformed base64 request");
}

TEST(WebRequestBody, RefusesFlagsThatARequestCannotHave) {
  EXPECT_EQ(outcome(WebRequestBody(WebEncoding::kBinary).add("\x01\x00\x00\x00\x00"s)),
            "INTERNAL: protocol error: received message with compressed-flag but no grpc-encoding "
            "was specified");
  EXPECT_EQ(outcome(WebRequestBody(WebEncoding::kBinary).add("\x80\x00\x00\x00\x00"s)),
            "INTERNAL: protocol error: received message with invalid compression flag: 128 (valid "
            "flags are 0 and 1)");
}

TEST(WebRequestBody, RefusesALongMessageByItsLength) {
  WebRequestBody largest(WebEncoding::kBinary);
  EXPECT_TRUE(largest.add("\x00\x00\x40\x00\x00"s));
  EXPECT_TRUE(largest.add(std::string(4'194'304, 'x')));
  EXPECT_EQ(largest.take_messages()->at(0).size(), 4'194'304u);
  // One more byte, and not one of them has come yet.
  EXPECT_EQ(outcome(WebRequestBody(WebEncoding::kBinary).add("\x00\x00\x40\x00\x01"s)),
            "OUT_OF_RANGE: Error, decoded message length too large: found 4194305 bytes, the limit "
            "is: 4194304 bytes");
  // Many small ones are no way around it.
  WebRequestBody many(WebEncoding::kBinary);
  Answer<> taken;
  size_t sent = 0;
  for (; taken && sent < 2 * kMaxRequestBytes; sent += 5) taken = many.add("\0\0\0\0\0"s);
  EXPECT_EQ(taken.error().code, StatusCode::kOutOfRange);
  EXPECT_LE(sent, kMaxRequestBytes + 10);
}

TEST(WebResponse, FramesMessagesAndTrailers) {
  EXPECT_EQ(web_frame_header(0x01020304), "\x00\x01\x02\x03\x04"s);
  EXPECT_EQ(web_trailers_frame({{"grpc-status", "0"}}), "\x80\x00\x00\x00\x0fgrpc-status:0\r\n"s);
  EXPECT_EQ(web_trailers_frame({{"grpc-status", "3"}, {"retry-after", "1"}}),
            "\x80\x00\x00\x00\x1egrpc-status:3\r\nretry-after:1\r\n"s);
}

TEST(WebResponse, WritesAStatusAsFields) {
  EXPECT_EQ(status_fields({}), (std::vector<HttpField>{{"grpc-status", "0"}}));
  EXPECT_EQ(status_fields({StatusCode::kInvalidArgument, "a\ncaused by: \"é\" 100%", "\2"}),
            (std::vector<HttpField>{{"grpc-status", "3"},
                                    {"grpc-message", "a%0Acaused%20by:%20%22%C3%A9%22%20100%25"},
                                    {"grpc-status-details-bin", "Ag"}}));
}

TEST(GrpcTimeout, ReadsAllUnits) {
  EXPECT_EQ(parse_grpc_timeout("2H"), 2h);
  EXPECT_EQ(parse_grpc_timeout("3M"), 3min);
  EXPECT_EQ(parse_grpc_timeout("10S"), 10s);
  EXPECT_EQ(parse_grpc_timeout("500m"), 500ms);
  EXPECT_EQ(parse_grpc_timeout("7u"), 7us);
  EXPECT_EQ(parse_grpc_timeout("99999999n"), 99'999'999ns);
  EXPECT_GT(parse_grpc_timeout("99999999H"), 1'000'000h);
  for (const auto* other : {"", "S", "10", "10s", "-1S", "1.5S", "100000000S", " 1S", "1S "}) {
    EXPECT_EQ(parse_grpc_timeout(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace miden
