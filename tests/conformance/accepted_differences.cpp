#include "accepted_differences.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "compare.hpp"
#include "crypto/word.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

constexpr int kInvalidArgument = static_cast<int>(StatusCode::kInvalidArgument);
constexpr int kInternal = static_cast<int>(StatusCode::kInternal);
constexpr int kOutOfRange = static_cast<int>(StatusCode::kOutOfRange);
constexpr int kUnimplemented = static_cast<int>(StatusCode::kUnimplemented);

constexpr std::string_view kNotDecoded = "failed to decode Protobuf message";

// "account_detail_request" -> "AccountDetailRequest": messages inside messages are in modules
// there.
std::string type_of_module(std::string_view module) {
  std::string type;
  bool starts_word = true;
  for (const char c : module) {
    if (c == '_') {
      starts_word = true;
      continue;
    }
    type += starts_word && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    starts_word = false;
  }
  return type;
}

// "field `miden_node_proto::generated::rpc::account_request::X::y` is missing"
bool name_types_as_rust_does(const Question&, Reply& reference, const Reply&) {
  constexpr std::string_view kPrefix = "miden_node_proto::generated::";
  const size_t start = reference.message.find(kPrefix);
  const size_t end = reference.message.find('`', start);
  if (reference.code != kInvalidArgument || start == std::string::npos ||
      end == std::string::npos) {
    return false;
  }
  const std::string path =
      reference.message.substr(start + kPrefix.size(), end - start - kPrefix.size());
  std::vector<std::string> parts;
  for (size_t from = 0; from <= path.size();) {
    const size_t to = std::min(path.find("::", from), path.size());
    parts.push_back(path.substr(from, to - from));
    from = to + 2;
  }
  // Package, modules, type, field.
  std::string named;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_module = i > 0 && i + 2 < parts.size();
    named += (i == 0 ? "" : "::") + (is_module ? type_of_module(parts[i]) : parts[i]);
  }
  reference.message.replace(start, end - start, named);
  return true;
}

bool number_refusals_of_get_account(const Question& question, Reply& reference, const Reply& ours) {
  if (question.method() != "GetAccount" || reference.code != kInvalidArgument ||
      !reference.details.empty() || ours.details.empty()) {
    return false;
  }
  const auto says = [&](std::string_view text) { return reference.message.contains(text); };
  char number = 0;
  if (says(" not found at block ")) number = 2;
  if (says(" is not public")) number = 3;
  if (says(" is unknown")) number = 4;
  if (says(" has been pruned")) number = 5;
  if (number == 0) return false;
  reference.details = std::string(1, number);
  return true;
}

bool finish_note_pages(const Question& question, Reply& reference, const Reply& ours) {
  if (question.method() != "SyncNotes" || reference.messages.size() != 1 ||
      ours.messages.size() != 1) {
    return false;
  }
  ::rpc::SyncNotesRequest request;
  ::rpc::SyncNotesResponse theirs;
  ::rpc::SyncNotesResponse mine;
  if (!request.ParseFromString(question.body) || !theirs.ParseFromString(reference.messages[0]) ||
      !mine.ParseFromString(ours.messages[0])) {
    return false;
  }
  const uint32_t end = request.block_range().block_to();
  if (mine.pagination_info().block_num() != end || theirs.pagination_info().block_num() >= end) {
    return false;
  }
  theirs.mutable_pagination_info()->set_block_num(end);
  reference.messages[0] = theirs.SerializeAsString();
  return true;
}

bool say_less_of_bad_protobuf(const Question&, Reply& reference, const Reply& ours) {
  if (reference.code != kInternal || ours.code != kInternal ||
      !reference.message.starts_with(kNotDecoded)) {
    return false;
  }
  reference.message = kNotDecoded;
  return true;
}

// The reference negotiates first.
bool decode_before_negotiating(const Question&, Reply& reference, const Reply& ours) {
  constexpr std::array<std::string_view, 6> kNegotiation{
      "Accept header with ", "server does not support any of", "accept header's media type",
      "a Q value was",       "version value failed",           "genesis value failed"};
  if (reference.code != kInvalidArgument || ours.code != kInternal || ours.message != kNotDecoded ||
      std::ranges::none_of(kNegotiation, [&](std::string_view text) {
        return reference.message.starts_with(text);
      })) {
    return false;
  }
  reference.code = kInternal;
  reference.message = kNotDecoded;
  return true;
}

// Requests that are refused for their size or encoding are not counted by our rate limit.
bool count_only_what_is_read(const Question&, Reply& reference, const Reply& ours) {
  const bool is_unread =
      (ours.code == kInternal && ours.message == kNotDecoded) ||
      (ours.code == kOutOfRange && ours.message.contains("decoded message length too large"));
  if (!is_unread || !ours.metadata.empty() || reference.metadata.empty()) return false;
  reference.metadata.clear();
  return true;
}

// What is wrong with the bytes of a transaction or batch, and which of several things is told.
bool tell_decoding_errors_in_other_words(const Question& question, Reply& reference,
                                         const Reply& ours) {
  if (!question.method().starts_with("SubmitProvenTx") || reference.code != kInvalidArgument ||
      ours.code != kInvalidArgument) {
    return false;
  }
  constexpr std::string_view kCause = "\ncaused by: ";
  for (const std::string_view what :
       {"invalid transaction: ", "invalid proven_batch: ", "invalid proposed_batch: ",
        "proposed block proof failed: "}) {
    const std::string start = std::string(what).append(kCause);
    if (reference.message != ours.message && reference.message.starts_with(start) &&
        ours.message.starts_with(start)) {
      reference.message = ours.message;
      return true;
    }
  }
  return false;
}

bool is_submission(const Question& question) {
  return question.method() == "SubmitProvenTx" || question.method() == "SubmitProvenTxBatch";
}

constexpr std::string_view kSpent = "transaction conflicts with the chain\ncaused by: nullifiers";

bool name_spent_nullifiers(const Question& question, Reply& reference, const Reply& ours) {
  if (!is_submission(question) || reference.code != kInternal ||
      reference.message != "Internal error" || reference.details != std::string(1, '\0') ||
      !ours.message.starts_with(kSpent)) {
    return false;
  }
  reference.message = ours.message;
  return true;
}

// What the chain rules out for good is not handed to the validator, who may have other objections.
bool ask_the_chain_before_the_validator(const Question& question, Reply& reference,
                                        const Reply& ours) {
  constexpr std::array<std::string_view, 3> kValidators{
      "Missing transaction inputs", "Invalid transaction inputs: ", "Invalid transaction: "};
  const bool chain_objects =
      (ours.code == kInternal && ours.message.starts_with(kSpent)) ||
      (ours.code == kInvalidArgument &&
       ours.message.starts_with("transaction conflicts with current mempool state\n"));
  if (!is_submission(question) || reference.code != kInvalidArgument || !chain_objects ||
      std::ranges::none_of(kValidators, [&](std::string_view text) {
        return reference.message.starts_with(text);
      })) {
    return false;
  }
  reference.code = ours.code;
  reference.message = ours.message;
  reference.details = ours.details;
  return true;
}

// "Word([1, 2, 3, 4])" -> "0x0100..."
std::optional<std::string> word_of_debug_text(std::string_view text) {
  std::array<uint64_t, 4> elements{};
  for (size_t i = 0; i < elements.size(); ++i) {
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), elements[i]);
    if (problem != std::errc() || elements[i] >= Felt::kModulus) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const std::string_view separator = i < 3 ? ", " : "])";
    if (!text.starts_with(separator)) return std::nullopt;
    text.remove_prefix(separator.size());
  }
  return Word::of(elements[0], elements[1], elements[2], elements[3]).to_hex();
}

// "already exist: [Word([1, 2, 3, 4]), ...]" or "[0x..., ...]" -> "already exist: 0x..., ..."
bool list_ids_in_hex(const Question& question, Reply& reference, const Reply& ours) {
  if (!is_submission(question) || reference.code != kInvalidArgument ||
      reference.details != std::string(1, '\2') || reference.message == ours.message) {
    return false;
  }
  std::string& text = reference.message;
  const size_t open = text.find(": [");
  if (open == std::string::npos || !text.ends_with(']')) return false;
  text.pop_back();
  text.erase(open + 2, 1);
  constexpr std::string_view kWord = "Word([";
  for (size_t at = text.find(kWord); at != std::string::npos; at = text.find(kWord)) {
    const size_t end = text.find("])", at);
    const auto hex = word_of_debug_text(std::string_view(text).substr(at + kWord.size()));
    if (end == std::string::npos || !hex) return false;
    text.replace(at, end + 2 - at, *hex);
  }
  return true;
}

bool reflect_in_the_old_version_too(const Question& question, Reply& reference, const Reply& ours) {
  if (!question.path.starts_with("/grpc.reflection.v1alpha.") || reference.code != kUnimplemented) {
    return false;
  }
  reference = ours;
  return true;
}

// Genesis counts as proven and has no proof.
bool begin_proofs_after_genesis(const Question& question, Reply& reference, const Reply& ours) {
  ::rpc::ProofSubscriptionRequest request;
  ::rpc::ProofSubscriptionResponse first;
  if (question.method() != "ProofSubscription" || !request.ParseFromString(question.body) ||
      request.block_from() != 0 || reference.code != kInternal ||
      reference.message != "internal error" || ours.messages.empty() ||
      !first.ParseFromString(ours.messages.front()) || first.block_num() != 1) {
    return false;
  }
  reference = ours;
  return true;
}

template <class Message>
std::optional<Message> only_message(const Reply& reply) {
  Message message;
  if (reply.messages.size() != 1 || !message.ParseFromString(reply.messages[0]))
    return std::nullopt;
  return message;
}

// Another account's id whose prefix is that of the one asked for.
bool name_the_leafs_account(const Question& question, Reply& reference, const Reply& ours) {
  if (question.method() != "GetAccount") return false;
  ::rpc::AccountRequest request;
  auto theirs = only_message<::rpc::AccountResponse>(reference);
  const auto mine = only_message<::rpc::AccountResponse>(ours);
  if (!theirs || !mine || !request.ParseFromString(question.body)) return false;
  const std::string& asked = request.account_id().id();
  const std::string& given = mine->witness().witness_id().id();
  if (theirs->witness().witness_id().id() != asked || given == asked ||
      given.substr(0, 8) != asked.substr(0, 8)) {
    return false;
  }
  theirs->mutable_witness()->mutable_account_id()->set_id(given);
  theirs->mutable_witness()->mutable_witness_id()->set_id(given);
  reference.messages[0] = theirs->SerializeAsString();
  return true;
}

// Rows of ours that the reference has deleted already: older than the history it keeps, and
// replaced since.
template <class Response>
bool keep_replaced_rows(Reply& reference, const Reply& ours) {
  auto theirs = only_message<Response>(reference);
  const auto mine = only_message<Response>(ours);
  if (!theirs || !mine || theirs->updates_size() >= mine->updates_size()) return false;
  const uint32_t tip = mine->pagination_info().chain_tip();
  Response merged = *theirs;
  merged.clear_updates();
  int next = 0;
  for (const auto& update : mine->updates()) {
    if (next < theirs->updates_size() &&
        theirs->updates(next).SerializeAsString() == update.SerializeAsString()) {
      ++next;
    } else if (update.block_num() + 50 >= tip) {
      return false;
    }
    *merged.add_updates() = update;
  }
  if (next != theirs->updates_size()) return false;
  reference.messages[0] = merged.SerializeAsString();
  return true;
}

bool keep_history_that_is_asked_for(const Question& question, Reply& reference, const Reply& ours) {
  if (question.method() == "SyncAccountVault") {
    return keep_replaced_rows<::rpc::SyncAccountVaultResponse>(reference, ours);
  }
  return question.method() == "SyncAccountStorageMaps" &&
         keep_replaced_rows<::rpc::SyncAccountStorageMapsResponse>(reference, ours);
}

// While the validator refuses a block, ours keeps it and asks again; the reference rolls it back.
bool keep_a_refused_block(const Question& question, Reply& reference, const Reply& ours) {
  if (question.method() != "Status") return false;
  auto theirs = only_message<::rpc::RpcStatus>(reference);
  const auto mine = only_message<::rpc::RpcStatus>(ours);
  if (!theirs || !mine) return false;
  const uint32_t next = theirs->chain_tip() + 1;
  if (mine->block_producer().chain_tip() != next ||
      theirs->block_producer().chain_tip() + 1 != next) {
    return false;
  }
  theirs->mutable_block_producer()->set_chain_tip(next);
  reference.messages[0] = theirs->SerializeAsString();
  return true;
}

constexpr std::array kRows{
    AcceptedDifference{"missing-field", name_types_as_rust_does},
    AcceptedDifference{"account-details-byte", number_refusals_of_get_account},
    AcceptedDifference{"sync-notes-end", finish_note_pages},
    AcceptedDifference{"protobuf-text", say_less_of_bad_protobuf},
    AcceptedDifference{"protobuf-first", decode_before_negotiating},
    AcceptedDifference{"rate-limit-unread", count_only_what_is_read},
    AcceptedDifference{"decoding-text", tell_decoding_errors_in_other_words},
    AcceptedDifference{"spent-text", name_spent_nullifiers},
    AcceptedDifference{"chain-first", ask_the_chain_before_the_validator},
    AcceptedDifference{"conflict-text", list_ids_in_hex},
    AcceptedDifference{"reflection-v1alpha", reflect_in_the_old_version_too},
    AcceptedDifference{"proofs-from-genesis", begin_proofs_after_genesis},
    AcceptedDifference{"account-beside", name_the_leafs_account},
    AcceptedDifference{"history-kept", keep_history_that_is_asked_for},
    AcceptedDifference{"refused-block", keep_a_refused_block},
};

}  // namespace

std::span<const AcceptedDifference> accepted_differences() { return kRows; }

std::optional<Question> without_unknown_fields(const Question& question, const Reply& reference) {
  if (reference.code != kInternal || !reference.message.starts_with(kNotDecoded)) {
    return std::nullopt;
  }
  const std::optional<std::string> known = known_part(question);
  if (!known) return std::nullopt;
  Question rest = question;
  rest.body = *known;
  return rest;
}

std::vector<std::string_view> apply_accepted_differences(const Question& question, Reply& reference,
                                                         const Reply& ours) {
  std::vector<std::string_view> applied;
  for (const AcceptedDifference& row : kRows) {
    if (row.rewrite(question, reference, ours)) applied.push_back(row.row);
  }
  return applied;
}

}  // namespace miden
