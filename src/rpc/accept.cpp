#include "rpc/accept.hpp"

#include <algorithm>

#include "rpc/media_range.hpp"

namespace miden {
namespace {

constexpr std::string_view kNoneSupported =
    "server does not support any of the specified application/vnd.miden content types";

std::unexpected<Status> refuse_because(std::string_view text, std::string_view cause) {
  return invalid_argument(std::string(text).append("\ncaused by: ").append(cause));
}

bool is_ours(const MediaRange& range) {
  const bool type_matches =
      (range.type == "*" && range.subtype == "*") ||
      ((range.type == "*" || range.type == "application") && range.subtype == "vnd.miden");
  return type_matches && (!range.suffix || equal_ignoring_case(*range.suffix, "grpc"));
}

// Whether a q value is above zero: how far above does not matter, the order of entries decides.
Result<bool> is_wanted(std::string_view q) {
  const auto is_zero = [](char c) { return c == '0'; };
  if (q == "1" || q == "0") return q == "1";
  if (q.starts_with("1.") && std::ranges::all_of(q.substr(2), is_zero)) return true;
  if (!q.starts_with("0.")) return fail("BadFormat", "invalid format");
  const std::string_view digits = q.substr(2);
  if (digits.size() > 3) {
    return fail("TooManyDigits", "Q value contained too many decimal digits");
  }
  // A sign is what the reference's number parser lets through in front.
  const std::string_view number = digits.starts_with('+') ? digits.substr(1) : digits;
  if (!std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; })) {
    return fail("InvalidDecimalDigits", "invalid decimal digits");
  }
  return !std::ranges::all_of(number, is_zero);
}

bool version_matches(const SemanticVersion& ours, const SemanticVersion& theirs) {
  if (theirs.major != ours.major || theirs.minor != ours.minor) return false;
  if (theirs.pre_release_label() != ours.pre_release_label()) return false;
  return ours.pre_release.empty() || theirs.patch == ours.patch;
}

Result<Word> parse_genesis(std::string_view text) {
  const auto invalid = [](std::string_view cause) {
    return fail("InvalidGenesis",
                std::string("hex encoded values of a word are invalid\ncaused by: ").append(cause));
  };
  if (text.size() != 66) {
    return invalid("expected hex data to have length 66, including the 0x prefix, found " +
                   std::to_string(text.size()));
  }
  if (!text.starts_with("0x")) return invalid("hex encoded data must start with 0x prefix");
  const auto bytes = from_hex(text.substr(2));
  if (!bytes) return invalid("hex encoded data must contain only characters [0-9a-fA-F]");
  const auto word = from_bytes<Word>(*bytes);
  if (!word) {
    return fail("InvalidGenesis", "failed to convert to field element: value >= field modulus");
  }
  return *word;
}

}  // namespace

bool needs_genesis(std::string_view method) {
  return method == "SubmitProvenTx" || method == "SubmitProvenTxBatch";
}

Answer<> negotiate(const AcceptPolicy& policy, std::optional<std::string_view> header,
                   bool genesis_is_mandatory) {
  if (!header) {
    if (!genesis_is_mandatory) return {};
    return invalid_argument(
        "Accept header with 'genesis' parameter is required for write RPC methods");
  }
  const bool is_text =
      std::ranges::all_of(*header, [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
  if (!is_text) {
    return refuse_because("header value could not be parsed as a UTF8 string",
                          "failed to convert header to a str");
  }

  std::string_view rest = *header;
  bool is_empty = true;
  while (const auto entry = next_entry(rest)) {
    is_empty = false;
    const auto range = MediaRange::parse(*entry);
    if (!range) {
      return refuse_because("accept header's media type could not be parsed",
                            range.error().message);
    }
    if (!is_ours(*range)) continue;

    if (const auto q = range->parameter("q")) {
      const auto wanted = is_wanted(*q);
      if (!wanted) return refuse_because("a Q value was invalid", wanted.error().message);
      if (!*wanted) continue;
    }
    if (const auto text = range->parameter("version")) {
      const auto version = SemanticVersion::parse(*text);
      if (!version) return refuse_because("version value failed to parse", version.error().message);
      if (!version_matches(policy.version, *version)) continue;
    }
    if (const auto text = range->parameter("genesis")) {
      const auto genesis = parse_genesis(*text);
      if (!genesis) return refuse_because("genesis value failed to parse", genesis.error().message);
      if (*genesis != policy.genesis_commitment) continue;
    } else if (genesis_is_mandatory) {
      continue;
    }
    return {};
  }
  if (is_empty && !genesis_is_mandatory) return {};
  return invalid_argument(std::string(kNoneSupported));
}

}  // namespace miden
