#include "monitor/checks/check_faucet.hpp"

#include <fmt/format.h>

#include <random>

#include "monitor/checks/look.hpp"
#include "monitor/checks/proof_of_work.hpp"
#include "monitor/checks/read_json.hpp"
#include "monitor/page_text.hpp"
#include "protocol/account_id.hpp"

namespace miden {
namespace {

using SteadyClock = std::chrono::steady_clock;
using nlohmann::json;

constexpr size_t kMostChallengeBytes = 1024;

template <class T>
using Expected = std::expected<T, Fault>;

struct Metadata {
  std::string version, id;
  uint64_t max_supply = 0, decimals = 0, pow_load_difficulty = 0, base_amount = 0;
  std::optional<std::string> explorer_url, note_transport_url;
};
struct Puzzle {
  Bytes challenge;
  std::string challenge_hex;
  uint64_t target = 0;
};
struct Grant {
  std::string tx_id, note_id;
};

Expected<Metadata> read_metadata(const json& answer) {
  JsonReader root(answer);
  root.members({"version", "id", "max_supply", "decimals", "pow_load_difficulty", "base_amount"},
               {"explorer_url", "note_transport_url"});
  Metadata metadata{.version = root.member("version").text(),
                    .id = root.member("id").text(),
                    .max_supply = root.member("max_supply").number(),
                    .decimals = root.member("decimals").number(),
                    .pow_load_difficulty = root.member("pow_load_difficulty").number(),
                    .base_amount = root.member("base_amount").number(),
                    .explorer_url = root.member("explorer_url").text_or_null(),
                    .note_transport_url = root.member("note_transport_url").text_or_null()};
  if (metadata.decimals > 255) root.member("decimals").add_fault("expected a number up to 255");
  if (root.fault()) return std::unexpected(*root.fault());
  return metadata;
}

Expected<Puzzle> read_puzzle(const json& answer) {
  JsonReader root(answer);
  root.members({"challenge", "target", "timestamp"});
  Puzzle puzzle{.challenge = {},
                .challenge_hex = root.member("challenge").text(),
                .target = root.member("target").number()};
  root.member("timestamp").number();
  Result<Bytes> bytes = from_hex(puzzle.challenge_hex);
  if (!bytes || bytes->size() > kMostChallengeBytes) {
    root.member("challenge").add_fault("expected up to 2048 hexadecimal digits");
  } else {
    puzzle.challenge = std::move(*bytes);
  }
  if (root.fault()) return std::unexpected(*root.fault());
  return puzzle;
}

Expected<Grant> read_grant(const json& answer) {
  JsonReader root(answer);
  root.members({"tx_id", "note_id"});
  Grant grant{.tx_id = clean_text(root.member("tx_id").text(), 128),
              .note_id = clean_text(root.member("note_id").text(), 128)};
  if (root.fault()) return std::unexpected(*root.fault());
  return grant;
}

// An id as public accounts have it. No account is ever made for it.
AccountId nobodys_id() {
  std::random_device random;
  const auto draw = [&] { return uint64_t{random()} << 32 | random(); };
  while (true) {
    constexpr uint64_t kPublicVersion1 = 0x11;
    const uint64_t prefix = (draw() & ~uint64_t{0xff}) | kPublicVersion1;
    const uint64_t suffix = draw() & 0x7fff'ffff'ffff'ff00;
    const Bytes wire = [&] {
      Bytes bytes;
      for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<uint8_t>(prefix >> shift));
      }
      for (int shift = 56; shift > 0; shift -= 8) {
        bytes.push_back(static_cast<uint8_t>(suffix >> shift));
      }
      return bytes;
    }();
    if (const Result<AccountId> id = AccountId::from_wire(wire); id && id->is_public()) return *id;
  }
}

class FaucetLook {
 public:
  explicit FaucetLook(const FaucetCheckOptions& options)
      : options_(options), recipient_(nobodys_id().to_hex()) {}

  CheckResult look(const std::stop_token& stop) {
    const auto started = SteadyClock::now();
    // What the faucet says of itself is shown, but nothing depends on it.
    const Expected<Metadata> metadata = ask<Metadata>("/get_metadata", {}, read_metadata, stop);
    if (metadata) metadata_ = *metadata;
    const Expected<Grant> grant = mint(stop);
    const auto took_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - started).count();
    ++(grant ? successes_ : failures_);
    if (grant) last_tx_id_ = grant->tx_id;

    CheckResult result = grant ? CheckResult{} : failed_result(grant.error());
    if (grant) {
      result.outcome = Outcome::kOk;
      result.reference_status = "Healthy";
    } else if (grant.error().code == 429) {
      // It works, and keeps to its rules.
      result.outcome = Outcome::kDegraded;
    }
    result.details = details(static_cast<uint64_t>(took_ms));
    result.headline =
        grant ? fmt::format("tokens in {}", in_words(std::chrono::milliseconds(took_ms)))
              : "no tokens";
    if (last_puzzle_ms_) add_figure(result, "puzzle_ms", *last_puzzle_ms_);
    add_hash(result, "Last transaction", last_tx_id_.value_or("none yet"));
    if (metadata_) describe(*metadata_, result);
    if (!metadata) add_fact(result, "Metadata", to_text(metadata.error().reason));
    return result;
  }

  json details(uint64_t took_ms) const {
    json metadata;
    if (metadata_) {
      metadata = {{"version", clean_text(metadata_->version, 128)},
                  {"id", clean_text(metadata_->id, 256)},
                  {"max_supply", metadata_->max_supply},
                  {"decimals", metadata_->decimals},
                  {"explorer_url", text_or_null(metadata_->explorer_url)},
                  {"pow_load_difficulty", metadata_->pow_load_difficulty},
                  {"base_amount", metadata_->base_amount},
                  {"note_transport_url", text_or_null(metadata_->note_transport_url)}};
    }
    return {{"FaucetTest",
             {{"url", options_.url.shown()},
              {"test_duration_ms", took_ms},
              {"success_count", successes_},
              {"failure_count", failures_},
              {"last_tx_id", text_or_null(last_tx_id_)},
              {"faucet_metadata", std::move(metadata)}}}};
  }

 private:
  static json text_or_null(const std::optional<std::string>& text) {
    return text ? json(clean_text(*text, 512)) : json(nullptr);
  }

  static void describe(const Metadata& metadata, CheckResult& result) {
    add_figure(result, "pow_difficulty", static_cast<double>(metadata.pow_load_difficulty));
    add_fact(result, "Version", metadata.version);
    add_hash(result, "Token", metadata.id);
    add_fact(result, "Maximum supply", grouped(metadata.max_supply));
    add_fact(result, "Decimals", std::to_string(metadata.decimals));
    add_fact(result, "Base amount", grouped(metadata.base_amount));
    add_fact(result, "Puzzle's difficulty", grouped(metadata.pow_load_difficulty));
    if (metadata.explorer_url) add_fact(result, "Explorer", *metadata.explorer_url);
    if (metadata.note_transport_url) {
      add_fact(result, "Note transport", *metadata.note_transport_url);
    }
  }

  template <class T>
  Expected<T> ask(std::string_view path, const HttpUrl::Query& query,
                  Expected<T> (*read)(const json&), const std::stop_token& stop) const {
    const Expected<HttpAnswer> answer =
        ask_http({.url = options_.url.join(path, query), .headers = {}, .body = std::nullopt},
                 options_.timeout, stop);
    if (!answer) return std::unexpected(answer.error());
    if (answer->status / 100 != 2) {
      return std::unexpected(
          Fault{.reason = Reason::kHttp,
                .code = answer->status,
                .text = fmt::format("{} answers HTTP {}: {}", path, answer->status,
                                    clean_text(answer->body, 256))});
    }
    const Expected<json> parsed = parse_json(answer->body);
    if (!parsed) return std::unexpected(parsed.error());
    return read(*parsed);
  }

  Expected<Grant> mint(const std::stop_token& stop) {
    const std::string amount = std::to_string(kFaucetAmount);
    const Expected<Puzzle> puzzle =
        ask<Puzzle>("/pow", {{"account_id", recipient_}, {"amount", amount}}, read_puzzle, stop);
    if (!puzzle) return std::unexpected(puzzle.error());
    const auto started = SteadyClock::now();
    const Expected<uint64_t> nonce =
        solve_puzzle(puzzle->challenge, puzzle->target, options_.timeout, stop);
    last_puzzle_ms_ =
        std::chrono::duration<double, std::milli>(SteadyClock::now() - started).count();
    if (!nonce) return std::unexpected(nonce.error());
    return ask<Grant>("/get_tokens",
                      {{"account_id", recipient_},
                       {"is_private_note", "false"},
                       {"asset_amount", amount},
                       {"challenge", puzzle->challenge_hex},
                       {"nonce", std::to_string(*nonce)}},
                      read_grant, stop);
  }

  const FaucetCheckOptions options_;
  const std::string recipient_;
  std::optional<Metadata> metadata_;  // the newest
  std::optional<std::string> last_tx_id_;
  std::optional<double> last_puzzle_ms_;
  uint64_t successes_ = 0, failures_ = 0;
};

}  // namespace

Check make_faucet_check(const FaucetCheckOptions& options) {
  const auto faucet = std::make_shared<FaucetLook>(options);
  Check check;
  CheckDescription& description = check.description;
  description.id = "faucet";
  description.name = "Faucet";
  description.reference_name = "Faucet";
  description.kind = CheckKind::kFaucet;
  description.group = CheckGroup::kUserServices;
  description.meaning = "Whoever does its proof of work gets tokens.";
  description.target = options.url.shown();
  description.request =
      fmt::format("GET /get_metadata, /pow and /get_tokens of {}", options.url.shown());
  description.interval = options.interval;
  // Metadata, puzzle, its solution, tokens.
  description.timeout = 4 * options.timeout;
  description.thresholds = {
      fmt::format("down: a request is not answered, or the puzzle not solved, within {}",
                  in_words(options.timeout)),
      "down: an answer of another form, or a refusal",
      "degraded: it says that it was asked too often"};
  description.parents = {"block-production"};
  check.seed.details = faucet->details(0);
  check.look = [faucet](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return faucet->look(s); }, stop);
  };
  return check;
}

}  // namespace miden
