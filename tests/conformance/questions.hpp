// What a chain's public API is asked: thousands of requests made from the chain's own content,
// valid ones, those at every limit, and broken ones.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <random>
#include <vector>

#include "exchange.hpp"
#include "protocol/account.hpp"
#include "protocol/block.hpp"

namespace miden {

// The same numbers on every machine.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  uint64_t below(uint64_t bound) { return random_() % bound; }
  uint64_t next() { return random_(); }
  Word word() { return Word::of(next() >> 1, next() >> 1, next() >> 1, next() >> 1); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from.at(below(from.size()));
  }

 private:
  std::mt19937_64 random_;
};

// What stands in the blocks of a chain.
struct ChainContent {
  struct SeenNote {
    BlockNum block_num;
    OutputNote note;
  };
  struct SeenAccount {
    std::vector<BlockNum> changed_at;     // ascending
    std::optional<Account> public_state;  // at the tip
  };

  // Errors: those of applying deltas.
  static Result<ChainContent> of(std::vector<SignedBlock> blocks, BlockNum proven_tip);

  uint32_t tip() const { return blocks.back().header.block_num.value; }
  std::string genesis_hex() const { return blocks.front().header.commitment().to_hex(); }

  std::vector<SignedBlock> blocks;
  BlockNum proven_tip;
  std::map<AccountId, SeenAccount> accounts;
  std::vector<SeenNote> notes;
  std::vector<std::pair<BlockNum, Nullifier>> nullifiers;
};

// A transaction as a client submitted it.
struct Submission {
  std::string transaction;
  std::string inputs;
};

class QuestionList {
 public:
  // A method of rpc.Api.
  void add(std::string_view method, const google::protobuf::Message& request);
  void add(Question question) { questions_.push_back(std::move(question)); }
  const std::vector<Question>& all() const { return questions_; }
  std::vector<Question> take() { return std::move(questions_); }

 private:
  std::vector<Question> questions_;
};

// Status, GetLimits, headers, blocks, SyncChainMmr, health.
void ask_about_blocks(const ChainContent& chain, Dice& dice, QuestionList& questions);
void ask_about_accounts(const ChainContent& chain, Dice& dice, QuestionList& questions);
// GetNotesById, GetNoteScriptByRoot, GetNetworkNoteStatus.
void ask_about_notes(const ChainContent& chain, Dice& dice, QuestionList& questions);
// The methods over a range of blocks.
void ask_for_pages(const ChainContent& chain, Dice& dice, QuestionList& questions);
// The table of spec/store-rpc.md §29.3 on a reading and a writing method.
void ask_with_accept_headers(const ChainContent& chain, QuestionList& questions);
// Calls of methods that are not there.
void ask_for_unknown_methods(QuestionList& questions);
// Damaged copies of some of `valid`, and bytes that never were a request.
void ask_with_damaged_bytes(const std::vector<Question>& valid, size_t count, Dice& dice,
                            QuestionList& questions);
void ask_for_streams(const ChainContent& chain, QuestionList& questions);
// One address until it is refused.
void ask_too_often(QuestionList& questions);
// Submissions that no node may admit: garbage, damaged and old ones. `submitted` are transactions
// of the chain.
void ask_to_refuse(const ChainContent& chain, const std::vector<Submission>& submitted, Dice& dice,
                   QuestionList& questions);
// `fresh` are transactions that fit the tip: first admitted, then in conflict with themselves.
void ask_to_admit(const ChainContent& chain, const std::vector<Submission>& fresh,
                  QuestionList& questions);

}  // namespace miden
