// Submissions of transactions and batches.
#include <algorithm>
#include <set>

#include "protocol/batch.hpp"
#include "questions.hpp"
#include "types/transaction.pb.h"

namespace miden {
namespace {

constexpr const char* kNoInputs = "none";

using Metadata = std::vector<std::pair<std::string, std::string>>;

Metadata accepting(const ChainContent& chain) {
  return {{"accept", "application/vnd.miden; version=0.15.5; genesis=" + chain.genesis_hex()}};
}

class Submissions {
 public:
  Submissions(const ChainContent& chain, QuestionList& questions)
      : metadata_(accepting(chain)), questions_(questions) {}

  // What follows is about the transaction with this number.
  void set_about(size_t number) { about_ = static_cast<uint32_t>(number); }
  void transaction(const std::string& bytes, const std::optional<std::string>& inputs) {
    ::transaction::ProvenTransaction request;
    request.set_transaction(bytes);
    if (inputs) request.set_transaction_inputs(*inputs);
    add("SubmitProvenTx", request);
  }
  void batch(const std::string& proven, const std::optional<std::string>& proposed,
             const std::vector<std::string>& inputs) {
    ::transaction::TransactionBatch request;
    request.set_batch_proof(proven);
    if (proposed) request.set_proposed_batch(*proposed);
    for (const std::string& one : inputs) request.add_transaction_inputs(one);
    add("SubmitProvenTxBatch", request);
  }

 private:
  void add(const std::string& method, const google::protobuf::Message& request) {
    questions_.add(Question{.group = method,
                            .path = "/rpc.Api/" + method,
                            .body = request.SerializeAsString(),
                            .metadata = metadata_,
                            .about = about_});
  }

  Metadata metadata_;
  uint32_t about_ = 0;
  QuestionList& questions_;
};

template <class T>
std::string bytes_of(const T& value) {
  return std::string(as_string_view(to_bytes(value)));
}

std::string garbage(size_t count, Dice& dice) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(dice.below(256));
  return bytes;
}

// Most of a transaction is its proof; what precedes it deserves as many changes.
std::string flip_one_bit(std::string bytes, Dice& dice) {
  const size_t head = std::min<size_t>(bytes.size(), 2000);
  const size_t place = dice.below(2) == 0 ? dice.below(head) : dice.below(bytes.size());
  bytes[place] = static_cast<char>(bytes[place] ^ 1 << dice.below(8));
  return bytes;
}

void refuse_damaged_transactions(const Submission& good, Dice& dice, Submissions& ask) {
  for (size_t i = 0; i < 40; ++i)
    ask.transaction(flip_one_bit(good.transaction, dice), good.inputs);
  for (size_t i = 0; i < 15; ++i) {
    ask.transaction(good.transaction.substr(0, dice.below(good.transaction.size())), kNoInputs);
  }
  ask.transaction(good.transaction + "x", good.inputs);
  ask.transaction(good.transaction, std::nullopt);
  ask.transaction(good.transaction, "");
  ask.transaction(good.transaction, garbage(100, dice));
  ask.transaction(good.transaction, good.inputs.substr(0, good.inputs.size() / 2));
  ask.transaction(good.transaction, good.inputs + "x");
}

// Whole transactions that say something else than what was proven.
void refuse_altered_transactions(const ChainContent& chain, const Submission& good,
                                 Submissions& ask) {
  const auto decoded = from_bytes<ProvenTransaction>(as_bytes(good.transaction));
  if (!decoded) return;
  const auto altered = [&](const auto& change) {
    ProvenTransaction other = *decoded;
    change(other);
    ask.transaction(bytes_of(other), kNoInputs);
  };
  const uint32_t tip = chain.tip();
  altered([&](ProvenTransaction& t) { t.ref_block_num = {tip + 1}; });
  altered([&](ProvenTransaction& t) { t.ref_block_num = {0xffffffff}; });
  altered([&](ProvenTransaction& t) { t.ref_block_num = {t.ref_block_num.value == 0 ? 1U : 0U}; });
  altered([&](ProvenTransaction& t) {
    t.ref_block_num = {tip};
    t.ref_block_commitment = chain.blocks.back().header.commitment();
  });
  altered([](ProvenTransaction& t) { t.ref_block_commitment = Word(); });
  altered([](ProvenTransaction& t) { t.expiration_block_num = {0}; });
  altered([](ProvenTransaction& t) { t.expiration_block_num = t.expiration_block_num.next(); });
  altered([](ProvenTransaction& t) { t.proof.stark.clear(); });
  altered([](ProvenTransaction& t) { t.proof.stark.resize(t.proof.stark.size() / 2); });
  altered([](ProvenTransaction& t) { t.proof.stark.push_back(0); });
  altered([](ProvenTransaction& t) { t.proof.hash_function = 2; });
  altered([](ProvenTransaction& t) { t.proof.hash_function = 9; });
  altered([](ProvenTransaction& t) { t.account_update.final_commitment = Word::of(1, 2, 3, 4); });
  altered([](ProvenTransaction& t) {
    t.account_update.final_commitment = t.account_update.initial_commitment;
  });
  altered([](ProvenTransaction& t) { t.input_notes.notes.clear(); });
  altered([](ProvenTransaction& t) { t.output_notes.notes.clear(); });
  altered([](ProvenTransaction& t) {
    if (!t.input_notes.notes.empty()) t.input_notes.notes.push_back(t.input_notes.notes.front());
  });
}

std::shared_ptr<const ProvenTransaction> shared_transaction(const Submission& submission) {
  auto decoded = from_bytes<ProvenTransaction>(as_bytes(submission.transaction));
  return decoded ? std::make_shared<const ProvenTransaction>(*std::move(decoded)) : nullptr;
}

// A batch over the chain as it is at `reference_block`; nothing where the transactions do not fit
// together.
std::optional<ProposedBatch> propose(const ChainContent& chain,
                                     const std::vector<Submission>& submissions) {
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions;
  std::set<uint32_t> wanted;
  for (const Submission& submission : submissions) {
    transactions.push_back(shared_transaction(submission));
    if (transactions.back() == nullptr) return std::nullopt;
    wanted.insert(transactions.back()->ref_block_num.value);
  }
  PartialBlockchain blockchain;
  for (uint32_t i = 0; i < chain.tip(); ++i) {
    if (!blockchain.add(chain.blocks[i].header, wanted.contains(i))) return std::nullopt;
  }
  auto made = ProposedBatch::make(std::move(transactions), chain.blocks.back().header,
                                  std::move(blockchain), {});
  if (!made) return std::nullopt;
  return *std::move(made);
}

std::vector<std::string> inputs_of(const std::vector<Submission>& submissions) {
  std::vector<std::string> inputs;
  for (const Submission& submission : submissions) inputs.push_back(submission.inputs);
  return inputs;
}

void refuse_damaged_batches(const ChainContent& chain, const std::vector<Submission>& submissions,
                            Dice& dice, Submissions& ask) {
  const std::optional<ProposedBatch> batch = propose(chain, submissions);
  if (!batch) return;
  const std::string proposed = bytes_of(*batch);
  const std::string proven = bytes_of(ProvenBatch::of(*batch));
  const std::vector<std::string> inputs = inputs_of(submissions);
  const std::vector<std::string> no_inputs(inputs.size(), kNoInputs);
  ask.batch(proven, std::nullopt, no_inputs);
  ask.batch(proven, "", no_inputs);
  ask.batch("", proposed, no_inputs);
  ask.batch(proposed, proven, no_inputs);
  ask.batch(proven, proposed, {});
  std::vector<std::string> more = no_inputs;
  more.emplace_back();
  ask.batch(proven, proposed, more);
  ask.batch(proven, proposed, std::vector<std::string>(inputs.size()));
  ask.batch(proven + "x", proposed + "x", std::vector<std::string>(inputs.size(), "x"));
  for (size_t i = 0; i < 12; ++i) {
    ask.batch(flip_one_bit(proven, dice), proposed, no_inputs);
    ask.batch(proven, flip_one_bit(proposed, dice), no_inputs);
    ask.batch(proven.substr(0, dice.below(proven.size())), proposed, no_inputs);
    ask.batch(proven, proposed.substr(0, dice.below(proposed.size())), no_inputs);
  }
  ProvenBatch other = ProvenBatch::of(*batch);
  other.expiration_block_num = other.expiration_block_num.next();
  ask.batch(bytes_of(other), proposed, no_inputs);
  other = ProvenBatch::of(*batch);
  other.reference_block_num = {chain.tip() + 1};
  ask.batch(bytes_of(other), proposed, no_inputs);
  other = ProvenBatch::of(*batch);
  other.reference_block_commitment = Word();
  ask.batch(bytes_of(other), proposed, no_inputs);
  // All of it right, and the transactions long committed.
  ask.batch(proven, proposed, inputs);
}

}  // namespace

void ask_to_refuse(const ChainContent& chain, const std::vector<Submission>& submitted, Dice& dice,
                   QuestionList& questions) {
  Submissions ask(chain, questions);
  ask.transaction("", std::nullopt);
  ask.batch("", std::nullopt, {});
  ask.batch("", "", {""});
  for (size_t i = 0; i < 15; ++i) {
    ask.transaction(garbage(dice.below(300), dice), garbage(20, dice));
    ask.batch(garbage(dice.below(300), dice), garbage(dice.below(300), dice), {});
  }
  for (size_t i = 0; i < submitted.size(); ++i) {
    ask.set_about(i);
    ask.transaction(submitted[i].transaction, submitted[i].inputs);
    // Of a public account and of a private one, of a faucet and a wallet: the first few are.
    if (i % 4 != 0 && i > 4) continue;
    refuse_damaged_transactions(submitted[i], dice, ask);
    refuse_altered_transactions(chain, submitted[i], ask);
    refuse_damaged_batches(chain, {submitted[i]}, dice, ask);
  }
  ask.set_about(submitted.size());
  for (size_t i = 0; i + 1 < submitted.size(); i += 5) {
    refuse_damaged_batches(chain, {submitted[i], submitted[i + 1]}, dice, ask);
  }
}

void ask_to_admit(const ChainContent& chain, const std::vector<Submission>& fresh,
                  QuestionList& questions) {
  Submissions ask(chain, questions);
  for (size_t i = 0; i < fresh.size(); ++i) {
    const std::optional<ProposedBatch> batch = propose(chain, {fresh[i]});
    const auto submit_batch = [&] {
      if (batch) ask.batch(bytes_of(ProvenBatch::of(*batch)), bytes_of(*batch), {fresh[i].inputs});
    };
    // Alone or as a batch, then again both ways.
    if (i % 2 == 0) {
      ask.transaction(fresh[i].transaction, fresh[i].inputs);
    } else {
      submit_batch();
    }
    ask.transaction(fresh[i].transaction, fresh[i].inputs);
    submit_batch();
  }
}

}  // namespace miden
