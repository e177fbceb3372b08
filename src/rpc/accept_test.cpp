#include "rpc/accept.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

const std::string kGenesis = "0x" + std::string(62, '0') + "2a";
const std::string kOther = "0x" + std::string(62, '0') + "2b";
constexpr std::string_view kNone =
    "server does not support any of the specified application/vnd.miden content types";

AcceptPolicy policy(std::string_view version = "0.15.2") {
  return {*SemanticVersion::parse(version), *Word::from_hex(kGenesis)};
}

// "" where the header is accepted, else the status' text.
std::string refusal(const std::string& header, bool mandatory = false,
                    const AcceptPolicy& ours = policy()) {
  const Answer<> answer = negotiate(ours, header, mandatory);
  if (answer) return "";
  EXPECT_EQ(answer.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(answer.error().details, "");
  return answer.error().message;
}

struct Case {
  std::string header;
  std::string optional_refusal;   // of a read method
  std::string mandatory_refusal;  // of a write method
};

TEST(Accept, FollowsTheTable) {
  const std::string base = "application/vnd.miden";
  const std::string none(kNone);
  const std::string bad_type = "accept header's media type could not be parsed\ncaused by: ";
  const std::string bad_version = "version value failed to parse\ncaused by: ";
  const std::string bad_genesis = "genesis value failed to parse\ncaused by: ";
  const std::string bad_q = "a Q value was invalid\ncaused by: ";
  const std::string g = "; genesis=" + kGenesis;
  const std::vector<Case> cases = {
      {"", "", none},
      {"  \t ", "", none},
      {"*/*", "", none},
      {"*/vnd.miden", "", none},
      {base, "", none},
      {base + g, "", ""},
      {"*/*" + g, "", ""},
      {base + "+grpc" + g, "", ""},
      {base + "+GRPC" + g, "", ""},
      {base + "+json" + g, none, none},
      {base + "+grpc.0.2.3", none, none},
      {base + "+x", bad_type + "Invalid suffix", bad_type + "Invalid suffix"},
      {base + "+", bad_type + "Invalid params", bad_type + "Invalid params"},
      {"Application/vnd.miden", none, none},
      {"application/*", none, none},
      {"application/grpc", none, none},
      {"text/html, */*" + g, "", ""},
      // Versions
      {base + "; version=0.15.0" + g, "", ""},
      {base + "; version=0.15.9" + g, "", ""},
      {base + "; version=0.15.5+build.7" + g, "", ""},
      {base + "; VERSION=0.15.5" + g, "", ""},
      {base + "; version=\"0.15.5\"" + g, "", ""},
      {base + "; version=\"0.1\\5.5\"" + g, "", ""},
      {base + "; version=0.14.0" + g, none, none},
      {base + "; version=1.15.0" + g, none, none},
      {base + "; version=0.15.3-rc.1" + g, none, none},
      {base + "; version=0.15",
       bad_version + "unexpected end of input while parsing minor version number",
       bad_version + "unexpected end of input while parsing minor version number"},
      {base + "; version=", bad_version + "empty string, expected a semver version",
       bad_version + "empty string, expected a semver version"},
      {base + "; version=0x123",
       bad_version + "unexpected character 'x' after major version number",
       bad_version + "unexpected character 'x' after major version number"},
      {base + "; version=01.2.3", bad_version + "invalid leading zero in major version number",
       bad_version + "invalid leading zero in major version number"},
      {base + "; version=0.15.99999999999999999999",
       bad_version + "value of patch version number exceeds u64::MAX",
       bad_version + "value of patch version number exceeds u64::MAX"},
      {base + "; version=0.15.1-",
       bad_version + "empty identifier segment in pre-release identifier",
       bad_version + "empty identifier segment in pre-release identifier"},
      {base + "; version=0.14.0; version=0.15.1" + g, "", ""},
      // Networks
      {base + "; genesis=" + kOther, none, none},
      {base + "; genesis=0x2a",
       bad_genesis + "hex encoded values of a word are invalid\ncaused by: "
                     "expected hex data to have length 66, including the 0x "
                     "prefix, found 4",
       bad_genesis +
           "hex encoded values of a word are invalid\ncaused by: expected hex data to have "
           "length 66, including the 0x prefix, found 4"},
      {base + "; genesis=0y" + kGenesis.substr(2),
       bad_genesis +
           "hex encoded values of a word are invalid\ncaused by: hex encoded data must start "
           "with 0x prefix",
       bad_genesis +
           "hex encoded values of a word are invalid\ncaused by: hex encoded data must start "
           "with 0x prefix"},
      {base + "; genesis=0x" + std::string(62, '0') + "2A", "", ""},
      {base + "; genesis=\"" + kGenesis + "\"", "", ""},
      {base + "; version=0.15.5; genesis=" + kGenesis + ";", "", ""},
      // Quality
      {base + "; q=0.3" + g, "", ""},
      {base + "; q=1." + g, "", ""},
      {base + "; q=1.0000000" + g, "", ""},
      {base + "; q=0" + g, none, none},
      {base + "; q=0." + g, none, none},
      {base + "; q=0.000" + g, none, none},
      {base + "; q=0.001" + g, "", ""},
      {base + "; q=0.0001", bad_q + "Q value contained too many decimal digits",
       bad_q + "Q value contained too many decimal digits"},
      {base + "; q=2", bad_q + "invalid format", bad_q + "invalid format"},
      {base + "; q=", bad_q + "invalid format", bad_q + "invalid format"},
      {base + "; q=0.x", bad_q + "invalid decimal digits", bad_q + "invalid decimal digits"},
      // Lists: the first that fits ends the search, a broken one before it is an error.
      {base + "; version=2.0.0, " + base + g, "", ""},
      {base + g + ", ;;;", "", ""},
      {base + "; version=2.0.0, ;;;", bad_type + "Invalid type name",
       bad_type + "Invalid type name"},
      {",," + base + g, bad_type + "Invalid type name", bad_type + "Invalid type name"},
      {"text/html; a=\"x, y\", " + base + g, "", ""},
      {base + "; version=0.14.1, genesis=" + kGenesis, bad_type + "Invalid type name",
       bad_type + "Invalid type name"},
      // Grammar
      {base + "; ", "", none},
      {base + ";" + g, bad_type + "Invalid param name", bad_type + "Invalid param name"},
      {base + " ;\tgenesis=" + kGenesis, "", ""},
      {base + "; genesis =" + kGenesis, bad_type + "Invalid param name",
       bad_type + "Invalid param name"},
      {base + "; genesis= " + kGenesis, bad_type + "Invalid params", bad_type + "Invalid params"},
      {base + "; genesis", bad_type + "Invalid params", bad_type + "Invalid params"},
      {base + "; a=\"x", bad_type + "Invalid param value", bad_type + "Invalid param value"},
      {"application/", bad_type + "Invalid subtype name", bad_type + "Invalid subtype name"},
      {"/vnd.miden", bad_type + "Invalid type name", bad_type + "Invalid type name"},
      {std::string(128, 'a') + "/b", bad_type + "Invalid type name",
       bad_type + "Invalid type name"},
      {"a\x01/b",
       "header value could not be parsed as a UTF8 string\ncaused by: failed to convert header to "
       "a str",
       "header value could not be parsed as a UTF8 string\ncaused by: failed to convert header to "
       "a str"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);
    EXPECT_EQ(refusal(c.header, false), c.optional_refusal);
    EXPECT_EQ(refusal(c.header, true), c.mandatory_refusal);
  }
}

TEST(Accept, MayBeAbsentExceptForWrites) {
  EXPECT_TRUE(negotiate(policy(), std::nullopt, false));
  EXPECT_EQ(negotiate(policy(), std::nullopt, true).error().message,
            "Accept header with 'genesis' parameter is required for write RPC methods");
}

TEST(Accept, RefusesAGenesisThatIsNoWord) {
  const std::string above_modulus = "0x" + std::string(16, 'f') + std::string(48, '0');
  EXPECT_EQ(
      refusal("application/vnd.miden; genesis=" + above_modulus),
      "genesis value failed to parse\ncaused by: failed to convert to field element: value >= "
      "field modulus");
}

TEST(Accept, APreReleaseServerWantsItsOwnPatchAndLabel) {
  const AcceptPolicy ours = policy("0.15.0-rc.2");
  EXPECT_EQ(refusal("*/*; version=0.15.0-rc.1", false, ours), "");
  EXPECT_EQ(refusal("*/*; version=0.15.1-rc.1", false, ours), kNone);
  EXPECT_EQ(refusal("*/*; version=0.15.0-alpha.2", false, ours), kNone);
  EXPECT_EQ(refusal("*/*; version=0.15.0", false, ours), kNone);
}

TEST(Accept, OnlySubmissionsNeedTheNetwork) {
  EXPECT_TRUE(needs_genesis("SubmitProvenTx"));
  EXPECT_TRUE(needs_genesis("SubmitProvenTxBatch"));
  EXPECT_FALSE(needs_genesis("Status"));
  EXPECT_FALSE(needs_genesis("submitproventx"));
}

}  // namespace
}  // namespace miden
