// Questions over ranges of blocks.
#include "net/convert_account.hpp"
#include "questions.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

constexpr size_t kMostItems = 1000;  // in one request
constexpr size_t kRandomRequests = 120;

struct Range {
  uint32_t from;
  uint32_t to;
};

// All pairs of the numbers at which something changes, both ways round.
std::vector<Range> edge_ranges(const ChainContent& chain) {
  const uint32_t tip = chain.tip();
  std::vector<uint32_t> edges{0, 1, tip / 2, tip - 1, tip, tip + 1, 0xffffffff};
  for (const uint32_t back : {49U, 50U, 51U}) {
    if (back < tip) edges.push_back(tip - back);
  }
  std::vector<Range> ranges;
  for (const uint32_t from : edges) {
    for (const uint32_t to : edges) ranges.push_back({from, to});
  }
  return ranges;
}

Range random_range(const ChainContent& chain, Dice& dice) {
  const auto from = static_cast<uint32_t>(dice.below(chain.tip() + 1));
  return {from, from + static_cast<uint32_t>(dice.below(chain.tip() + 1 - from))};
}

template <class Request>
void set_range(Request& request, const Range& range) {
  request.mutable_block_range()->set_block_from(range.from);
  request.mutable_block_range()->set_block_to(range.to);
}

// `fill(request, i)` puts in what is looked for.
template <class Request>
void ask_with_ranges(std::string_view method, const ChainContent& chain, Dice& dice,
                     QuestionList& questions, const auto& fill) {
  size_t i = 0;
  for (const Range& range : edge_ranges(chain)) {
    Request request;
    set_range(request, range);
    fill(request, i++);
    questions.add(method, request);
  }
  for (size_t k = 0; k < kRandomRequests; ++k) {
    Request request;
    set_range(request, random_range(chain, dice));
    fill(request, i++);
    questions.add(method, request);
  }
  // Parts of a range, and none.
  Request request;
  fill(request, i++);
  questions.add(method, request);
  request.mutable_block_range();
  questions.add(method, request);
  request.mutable_block_range()->set_block_from(1);
  questions.add(method, request);
  request.mutable_block_range()->Clear();
  request.mutable_block_range()->set_block_to(chain.tip());
  questions.add(method, request);
}

void ask_for_notes(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  std::vector<uint32_t> tags{0, 1, 0xffffffff};
  for (const ChainContent::SeenNote& seen : chain.notes) {
    tags.push_back(seen.note.metadata().partial.tag);
  }
  ask_with_ranges<::rpc::SyncNotesRequest>(
      "SyncNotes", chain, dice, questions, [&](::rpc::SyncNotesRequest& request, size_t i) {
        const size_t count = i % 7 == 0 ? 0 : 1 + dice.below(5);
        for (size_t k = 0; k < count; ++k) request.add_note_tags(dice.pick(tags));
      });
  for (const uint32_t tag : tags) {
    ::rpc::SyncNotesRequest request;
    set_range(request, {0, chain.tip()});
    request.add_note_tags(tag);
    questions.add("SyncNotes", request);
  }
  for (const size_t count : {kMostItems, kMostItems + 1}) {
    for (const Range& range : {Range{0, chain.tip()}, Range{1, 0}, Range{0, chain.tip() + 1}}) {
      ::rpc::SyncNotesRequest request;
      set_range(request, range);
      for (size_t k = 0; k < count; ++k) {
        request.add_note_tags(k < 20 ? dice.pick(tags) : static_cast<uint32_t>(dice.next()));
      }
      questions.add("SyncNotes", request);
    }
  }
}

void ask_for_nullifiers(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  std::vector<uint32_t> prefixes{0, 0xffff};
  for (const auto& [block_num, nullifier] : chain.nullifiers) {
    prefixes.push_back(nullifier_prefix(nullifier));
  }
  using Request = ::rpc::SyncNullifiersRequest;
  ask_with_ranges<Request>(
      "SyncNullifiers", chain, dice, questions, [&](Request& request, size_t i) {
        request.set_prefix_len(16);
        const size_t count = i % 9 == 0 ? 0 : 1 + dice.below(8);
        for (size_t k = 0; k < count; ++k) {
          // Only the low bits count.
          const uint32_t high = dice.below(5) == 0 ? static_cast<uint32_t>(dice.next()) << 16 : 0;
          request.add_nullifiers(dice.pick(prefixes) | high);
        }
      });
  for (const uint32_t length : {0U, 1U, 8U, 15U, 17U, 32U, 0xffffffffU}) {
    Request request;
    set_range(request, {0, chain.tip()});
    request.set_prefix_len(length);
    request.add_nullifiers(dice.pick(prefixes));
    questions.add("SyncNullifiers", request);
    set_range(request, {1, 0});
    questions.add("SyncNullifiers", request);
  }
  for (const size_t count : {kMostItems, kMostItems + 1}) {
    for (const uint32_t length : {16U, 15U}) {
      Request request;
      set_range(request, {0, chain.tip()});
      request.set_prefix_len(length);
      for (size_t k = 0; k < count; ++k) {
        request.add_nullifiers(k < 100 ? dice.pick(prefixes)
                                       : static_cast<uint32_t>(dice.below(0x10000)));
      }
      questions.add("SyncNullifiers", request);
    }
  }
}

std::vector<AccountId> account_ids(const ChainContent& chain) {
  std::vector<AccountId> ids;
  for (const auto& [id, seen] : chain.accounts) ids.push_back(id);
  return ids;
}

::account::AccountId broken_id(size_t kind) {
  ::account::AccountId id;
  if (kind % 3 == 1) id.set_id(std::string(15, '\xff'));
  if (kind % 3 == 2) id.set_id(std::string(14, '\0'));
  return id;
}

void ask_for_transactions(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  const std::vector<AccountId> ids = account_ids(chain);
  using Request = ::rpc::SyncTransactionsRequest;
  ask_with_ranges<Request>("SyncTransactions", chain, dice, questions,
                           [&](Request& request, size_t i) {
                             const size_t count = i % 9 == 0 ? 0 : 1 + dice.below(6);
                             for (size_t k = 0; k < count; ++k)
                               *request.add_account_ids() = to_message(dice.pick(ids));
                           });
  for (const AccountId& id : ids) {
    if (ids.size() > 100 && dice.below(ids.size()) >= 100) continue;
    Request request;
    set_range(request, {0, chain.tip()});
    *request.add_account_ids() = to_message(id);
    questions.add("SyncTransactions", request);
  }
  for (const size_t count : {kMostItems, kMostItems + 1}) {
    Request request;
    set_range(request, {0, chain.tip()});
    for (size_t k = 0; k < count; ++k) *request.add_account_ids() = to_message(dice.pick(ids));
    questions.add("SyncTransactions", request);
    // The first ten are looked at before the count, the others after the range.
    for (const int broken : {0, 9, 10, 11, 999}) {
      for (size_t kind = 0; kind < 3; ++kind) {
        Request damaged = request;
        *damaged.mutable_account_ids(broken) = broken_id(kind);
        questions.add("SyncTransactions", damaged);
        set_range(damaged, {2, 1});
        questions.add("SyncTransactions", damaged);
      }
    }
  }
}

// Vault and storage maps: one account each.
template <class Request>
void ask_for_account_updates(std::string_view method, const ChainContent& chain, Dice& dice,
                             QuestionList& questions) {
  std::vector<AccountId> ids;
  std::vector<AccountId> private_ids;
  for (const auto& [id, seen] : chain.accounts) (id.is_public() ? ids : private_ids).push_back(id);
  ask_with_ranges<Request>(method, chain, dice, questions, [&](Request& request, size_t) {
    *request.mutable_account_id() = to_message(dice.pick(ids));
  });
  for (const AccountId& id : ids) {
    if (ids.size() > 100 && dice.below(ids.size()) >= 100) continue;
    for (const Range& range : {Range{0, chain.tip()}, Range{0, 0}, Range{1, chain.tip()}}) {
      Request request;
      set_range(request, range);
      *request.mutable_account_id() = to_message(id);
      questions.add(method, request);
    }
  }
  const auto ask = [&](const ::account::AccountId* id, const Range& range) {
    Request request;
    set_range(request, range);
    if (id != nullptr) *request.mutable_account_id() = *id;
    questions.add(method, request);
  };
  for (const Range& range : {Range{0, chain.tip()}, Range{2, 1}, Range{0, chain.tip() + 1}}) {
    ask(nullptr, range);
    for (size_t kind = 0; kind < 3; ++kind) {
      const ::account::AccountId broken = broken_id(kind);
      ask(&broken, range);
    }
    if (!private_ids.empty()) {
      const ::account::AccountId secret = to_message(dice.pick(private_ids));
      ask(&secret, range);
    }
    const ::account::AccountId unknown = to_message(
        *AccountId::from_limbs(Felt::from_canonical(0x123411), Felt::from_canonical(0x100)));
    ask(&unknown, range);
  }
  Request without_range;
  questions.add(method, without_range);
  *without_range.mutable_account_id() = broken_id(1);
  questions.add(method, without_range);
}

}  // namespace

void ask_for_pages(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  ask_for_notes(chain, dice, questions);
  ask_for_nullifiers(chain, dice, questions);
  ask_for_transactions(chain, dice, questions);
  ask_for_account_updates<::rpc::SyncAccountVaultRequest>("SyncAccountVault", chain, dice,
                                                          questions);
  ask_for_account_updates<::rpc::SyncAccountStorageMapsRequest>("SyncAccountStorageMaps", chain,
                                                                dice, questions);
}

}  // namespace miden
