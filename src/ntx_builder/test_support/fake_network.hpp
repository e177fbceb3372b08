// A network in memory for a builder under test: a chain, a node with a mempool that can be told to
// misbehave, and an engine whose notes say by themselves what becomes of them.
#pragma once

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "chain/test_support/simulated_chain.hpp"
#include "engine/test_support/fake_engine.hpp"
#include "net/convert_primitives.hpp"
#include "net/grpc_status.hpp"
#include "ntx_builder/builder_state.hpp"
#include "producer/test_support/served.hpp"
#include "protocol/transaction.hpp"
#include "rpc.grpc.pb.h"

namespace miden {

// What a note does when it is executed.
enum class Deed : uint64_t {
  kCount,          // adds one to its account's counter
  kFail,           // fails by itself
  kLookElsewhere,  // asks for the state of public_account(4242) before it counts
  kAskEndlessly,   // asks for other accounts until it is told to stop
  kPoison,         // makes every transaction with it fail as a whole
  kThrow,          // a bug in what executes it
  kDispleases,     // counts, but the node refuses whatever contains it
};

inline const Word kScriptRoot = word(601);
inline const StorageSlotName& counter_slot() {
  static const StorageSlotName name = *StorageSlotName::parse("test::network::counter");
  return name;
}
inline AccountId network_account(uint64_t n) { return public_account(1000 + n); }

inline Note network_note(const AccountId& target, Deed deed, uint64_t serial) {
  const NoteScript script = *NoteScript::make(forest_of({kScriptRoot}), 0);
  const NoteStorage storage{
      {Felt::from_canonical(static_cast<uint64_t>(deed)), Felt::from_canonical(serial)}};
  const uint64_t always = 1;
  const Word attachment{target.suffix(), target.prefix(), Felt::from_canonical(always), Felt()};
  return Note({NoteType::kPublic, private_account(77), 0},
              {NoteAssets{}, {script, storage, word(serial)}},
              NoteAttachments{{{.scheme = 2, .words = {attachment}}}});
}
inline Deed deed_of(const Note& note) {
  return static_cast<Deed>(note.details().recipient.storage.items.at(0).value());
}

inline Account new_network_account(const AccountId& id,
                                   std::optional<Word> allowed_tx_script = std::nullopt) {
  std::vector<StorageSlot> slots;
  slots.push_back({counter_slot(), Word()});
  slots.push_back({network_account_slot_name(),
                   *StorageMap::from_entries({{StorageMapKey(kScriptRoot), word(1)}})});
  if (allowed_tx_script) {
    slots.push_back(
        {*StorageSlotName::parse("miden::standards::auth::network_account::allowed_tx_scripts"),
         *StorageMap::from_entries({{StorageMapKey(*allowed_tx_script), word(1)}})});
  }
  return {id,
          AssetVault(),
          *AccountStorage::make(std::move(slots)),
          account_code(),
          Felt::from_canonical(1),
          std::nullopt};
}
inline uint64_t counter_of(const Account& account) {
  return std::get<Word>(account.storage.find(counter_slot())->content)[0].value();
}

// Executes by what notes say, "proves" by handing out what it executed. Safe from any thread.
class DeedEngine final : public FakeEngine {
 public:
  Result<NetworkExecution> execute_network_notes(const NetworkExecutionRequest& request,
                                                 ExecutionSource& source) const override;
  Result<Bytes> prove_transaction(ByteView inputs) const override {
    ++proofs;
    while (holds_proofs) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (fails_to_prove) return fail("TransactionProverError", "no memory");
    Bytes proven(inputs.begin(), inputs.end());
    if (!lies) return proven;
    ProvenTransaction other = *from_bytes<ProvenTransaction>(proven);
    lies(other);
    return to_bytes(other);
  }
  Result<void> verify_transaction(ByteView bytes) const override {
    const auto proven = from_bytes<ProvenTransaction>(bytes);
    if (proven && proven->proof.stark == Bytes{1, 2, 3}) return {};
    return fail("TransactionVerificationFailed", "failed to verify transaction");
  }
  Result<AssembledScript> assemble_transaction_script(std::string_view,
                                                      const AssemblyContext&) const override {
    return AssembledScript{to_bytes(*NoteScript::make(forest_of({word(777)}), 0)), word(777)};
  }

  std::atomic<bool> fails_to_prove = false;
  std::atomic<bool> holds_proofs = false;
  // Set it while nothing is proven.
  std::function<void(ProvenTransaction&)> lies;
  mutable std::atomic<int> proofs = 0;
  mutable std::atomic<int> executions = 0;
};

// The chain, its one node, and whoever makes its blocks.
class FakeNetwork final : public ::rpc::Api::Service {
 public:
  explicit FakeNetwork(uint64_t seed = 1)
      : chain_(seed, {.new_private = 0, .new_public = 0}), served_(start()) {}
  ~FakeNetwork() override {
    is_stopping_ = true;
    served_->Shutdown(std::chrono::system_clock::now());
  }

  ServiceUrl url() const { return *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port_)); }
  SignedBlock genesis() const {
    const std::scoped_lock lock(mutex_);
    return chain_.blocks.front();
  }

  // Of the next submissions.
  enum class Mood {
    kGood,
    kLosesAnswer,   // takes the transaction, and says UNAVAILABLE
    kLosesRequest,  // does not take it, and says UNAVAILABLE
    kIsFull,
    kValidatorAway,
    kForgets,  // takes it and forgets it at once, as a node that is restarted
    kNeedsAnotherSecret,
  };
  void set_mood(Mood mood) { mood_ = mood; }
  // Of GetAccount and GetNoteScriptByRoot.
  std::atomic<bool> is_deaf = false;
  std::atomic<bool> shows_other_genesis = false;

  // One more block, with the accounts and notes given and what is in the mempool.
  struct Block {
    std::vector<Account> created = {};
    std::vector<Note> notes = {};
    bool commits_mempool = true;
  };
  void commit(const Block& block);
  void commit() { commit(Block{}); }

  size_t mempool_size() const {
    const std::scoped_lock lock(mutex_);
    return mempool_.size();
  }
  int submissions() const { return submissions_; }
  // As often as each note was consumed on chain.
  std::map<NoteId, int> consumed() const {
    const std::scoped_lock lock(mutex_);
    return consumed_;
  }
  uint64_t counter(const AccountId& account) const {
    const std::scoped_lock lock(mutex_);
    return counter_of(accounts_.at(account));
  }
  // Accounts of committed transactions, in order.
  std::vector<AccountId> committed_accounts() const {
    const std::scoped_lock lock(mutex_);
    return committed_accounts_;
  }
  std::vector<ProvenTransaction> submitted() const {
    const std::scoped_lock lock(mutex_);
    return submitted_;
  }
  uint32_t tip() const {
    const std::scoped_lock lock(mutex_);
    return chain_.tip().block_num.value;
  }

  grpc::Status Status(grpc::ServerContext*, const google::protobuf::Empty*,
                      ::rpc::RpcStatus* response) override;
  grpc::Status BlockSubscription(
      grpc::ServerContext* context, const ::rpc::BlockSubscriptionRequest* request,
      grpc::ServerWriter<::rpc::BlockSubscriptionResponse>* writer) override;
  grpc::Status GetAccount(grpc::ServerContext*, const ::rpc::AccountRequest* request,
                          ::rpc::AccountResponse* response) override;
  grpc::Status SubmitProvenTx(grpc::ServerContext* context,
                              const ::transaction::ProvenTransaction* request,
                              ::blockchain::BlockNumber* response) override;

 private:
  std::unique_ptr<grpc::Server> start();
  grpc::Status admit(const ProvenTransaction& transaction);
  void apply(const ProvenTransaction& transaction, BlockBody& body);

  mutable std::mutex mutex_;  // guards what follows
  SimulatedChain chain_;
  std::map<AccountId, Account> accounts_;
  std::vector<ProvenTransaction> mempool_;
  std::vector<ProvenTransaction> submitted_;
  std::set<Nullifier> spent_;
  std::set<Nullifier> displeasing_;
  std::map<Nullifier, NoteId> notes_;
  std::map<NoteId, int> consumed_;
  std::vector<AccountId> committed_accounts_;
  uint64_t creations_ = 0;

  std::atomic<Mood> mood_ = Mood::kGood;
  std::atomic<int> submissions_ = 0;
  std::atomic<bool> is_stopping_ = false;
  int port_ = 0;
  std::unique_ptr<grpc::Server> served_;
};

// Implementation
// ------------------------------------------------------------------------------------------------

inline Result<NetworkExecution> DeedEngine::execute_network_notes(
    const NetworkExecutionRequest& request, ExecutionSource& source) const {
  ++executions;
  const PartialAccount account = *from_bytes<PartialAccount>(request.partial_account);
  const BlockHeader header = *from_bytes<BlockHeader>(request.block_header);
  NetworkExecution execution;
  std::vector<InputNoteCommitment> inputs;
  for (size_t i = 0; i < request.notes.size(); ++i) {
    const Note note = *from_bytes<Note>(request.notes[i]);
    const auto fails = [&](std::string message, bool source_failed) {
      execution.failed.push_back(
          {i, {"TransactionProgramExecutionFailed", std::move(message)}, source_failed, 0});
    };
    switch (deed_of(note)) {
      case Deed::kFail:
        fails("\x1b[31mx\x1b[0m assertion failed", false);
        continue;
      case Deed::kPoison:
        return fail("PrologueExecution", "a poisonous note");
      case Deed::kThrow:
        throw std::logic_error("a bug in the engine");
      case Deed::kLookElsewhere: {
        const auto answer =
            source.foreign_account(public_account(4242).to_wire(), header.block_num.value);
        if (!answer) {
          fails(answer.error().message, true);
          continue;
        }
        break;
      }
      case Deed::kAskEndlessly: {
        Result<std::optional<Bytes>> answer = std::nullopt;
        for (uint64_t n = 0; answer && n < 100'000; ++n) {
          answer =
              source.foreign_account(public_account(5000 + n).to_wire(), header.block_num.value);
        }
        fails(answer ? "it has asked enough" : answer.error().message, !answer);
        continue;
      }
      default:
        break;
    }
    execution.consumed.push_back({i, 100});
    inputs.push_back({note.nullifier(), note.header()});
  }
  if (inputs.empty()) return execution;

  // The account with its counter advanced, as far as a partial account shows it.
  std::vector<StorageSlotHeader> slots = account.storage.header.slots();
  Word counter;
  for (StorageSlotHeader& slot : slots) {
    if (slot.name != counter_slot()) continue;
    counter = word(slot.value[0].value() + inputs.size());
    slot.value = counter;
  }
  const AccountHeader before = account.header();
  AccountHeader after = before;
  after.nonce = Felt::from_canonical(before.nonce.value() + 1);
  after.storage_commitment = AccountStorageHeader::make(slots)->commitment();
  AccountDelta delta{account.id, {}, {}, std::nullopt, Felt::from_canonical(1)};
  delta.storage.slots.emplace(counter_slot(), counter);
  const uint32_t expiration = request.args.empty() ? UINT32_MAX : header.block_num.value + 10;
  const ProvenTransaction proven =
      ProvenTransaction::make(
          *TxAccountUpdate::make(account.id, before.commitment(), after.commitment(),
                                 delta.commitment(), {delta}),
          *InputNoteCommitments::make(inputs), *OutputNotes::make({}), header.block_num,
          header.commitment(), coins(0), {expiration}, ExecutionProof{{1, 2, 3}, 1, {}})
          .value();
  execution.transaction = NetworkTransaction{.id = proven.id.word,
                                             .final_account_commitment = after.commitment(),
                                             .final_nonce = after.nonce.value(),
                                             .expiration_block_num = expiration,
                                             .cycles = 1000,
                                             .inputs = to_bytes(proven),
                                             .account_delta = to_bytes(delta),
                                             .header = to_bytes(TransactionHeader::of(proven))};
  return execution;
}

inline std::unique_ptr<grpc::Server> FakeNetwork::start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  return builder.BuildAndStart();
}

inline void FakeNetwork::commit(const Block& block) {
  const std::scoped_lock lock(mutex_);
  BlockBody body;
  const auto add_transaction = [&](const AccountId& account, const Word& initial, const Word& final,
                                   std::vector<NoteHeader> outputs) {
    TransactionHeader header{.id = {},
                             .account_id = account,
                             .initial_commitment = initial,
                             .final_commitment = final,
                             .input_notes = {},
                             .output_notes = std::move(outputs),
                             .fee = coins(0)};
    header.id = transaction_id(initial, final, header.input_notes.commitment(),
                               output_notes_commitment(header.output_notes), header.fee);
    body.transactions.transactions.push_back(std::move(header));
  };
  for (const Account& account : block.created) {
    accounts_.insert_or_assign(account.id, account);
    body.updated_accounts.push_back(
        {account.id, account.commitment(), {*AccountDelta::from_account(account)}});
    add_transaction(account.id, Word(), account.commitment(), {});
  }
  // At most 1024 notes of a batch.
  for (size_t first = 0; first < block.notes.size(); first += 1000) {
    OutputNoteBatch& batch = body.output_note_batches.emplace_back();
    std::vector<NoteHeader> headers;
    for (size_t i = first; i < std::min(first + 1000, block.notes.size()); ++i) {
      const OutputNote note = *OutputNote::from_public(block.notes[i]);
      notes_.emplace(block.notes[i].nullifier(), note.id());
      if (deed_of(block.notes[i]) == Deed::kDispleases) {
        displeasing_.insert(block.notes[i].nullifier());
      }
      headers.push_back(note.header());
      batch.notes.emplace_back(i - first, note);
    }
    const AccountId sender = private_account(50'000 + ++creations_);
    body.updated_accounts.push_back({sender, word(creations_), {}});
    add_transaction(sender, Word(), word(creations_), std::move(headers));
  }
  if (block.commits_mempool) {
    for (const ProvenTransaction& transaction : mempool_) {
      if (transaction.expiration_block_num > chain_.tip().block_num) apply(transaction, body);
    }
    mempool_.clear();
  }
  chain_.append(std::move(body));
}

inline void FakeNetwork::apply(const ProvenTransaction& transaction, BlockBody& body) {
  Account& account = accounts_.at(transaction.account_id());
  account.apply(*transaction.account_update.details.delta).value();
  body.updated_accounts.push_back(
      {account.id, account.commitment(), transaction.account_update.details});
  body.transactions.transactions.push_back(TransactionHeader::of(transaction));
  for (const InputNoteCommitment& note : transaction.input_notes.notes) {
    body.created_nullifiers.push_back(note.nullifier);
    spent_.insert(note.nullifier);
    ++consumed_[notes_.at(note.nullifier)];
  }
  committed_accounts_.push_back(account.id);
}

inline grpc::Status FakeNetwork::Status(grpc::ServerContext*, const google::protobuf::Empty*,
                                        ::rpc::RpcStatus* response) {
  const std::scoped_lock lock(mutex_);
  *response->mutable_genesis_commitment() =
      to_message(shows_other_genesis ? word(13) : chain_.blocks.front().header.commitment());
  response->set_chain_tip(chain_.tip().block_num.value);
  return grpc::Status::OK;
}

inline grpc::Status FakeNetwork::BlockSubscription(
    grpc::ServerContext* context, const ::rpc::BlockSubscriptionRequest* request,
    grpc::ServerWriter<::rpc::BlockSubscriptionResponse>* writer) {
  for (uint32_t next = request->block_from(); !is_stopping_ && !context->IsCancelled();) {
    ::rpc::BlockSubscriptionResponse response;
    {
      const std::scoped_lock lock(mutex_);
      if (next < chain_.blocks.size()) {
        const Bytes bytes = to_bytes(chain_.blocks[next]);
        response.set_block(bytes.data(), bytes.size());
        response.set_committed_chain_tip(chain_.tip().block_num.value);
      }
    }
    if (response.block().empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    } else if (writer->Write(response)) {
      ++next;
    } else {
      break;
    }
  }
  return {grpc::StatusCode::UNAVAILABLE, "server is shutting down"};
}

// Knows that there is nothing but network accounts, and their commitments.
inline grpc::Status FakeNetwork::GetAccount(grpc::ServerContext*,
                                            const ::rpc::AccountRequest* request,
                                            ::rpc::AccountResponse* response) {
  if (is_deaf) return {grpc::StatusCode::UNAVAILABLE, "the store is away"};
  if (request->has_details()) return {grpc::StatusCode::INVALID_ARGUMENT, "account not found"};
  response->mutable_block_num()->set_block_num(request->block_num().block_num());
  return grpc::Status::OK;
}

inline grpc::Status FakeNetwork::SubmitProvenTx(grpc::ServerContext* context,
                                                const ::transaction::ProvenTransaction* request,
                                                ::blockchain::BlockNumber* response) {
  const Mood mood = mood_;  // before a test hears of this call and changes it
  ++submissions_;
  const grpc::Status kAway(grpc::StatusCode::UNAVAILABLE, "connection reset");
  const auto secret = context->client_metadata().find("x-miden-network-tx-auth");
  const bool is_authorized = secret != context->client_metadata().end() &&
                             std::string_view(secret->second.data(), secret->second.size()) ==
                                 (mood == Mood::kNeedsAnotherSecret ? "other" : "secret");
  if (!is_authorized) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            "Network transactions may not be submitted by users yet"};
  }
  const auto transaction = from_bytes<ProvenTransaction>(as_bytes(request->transaction()));
  if (!transaction) return {grpc::StatusCode::INVALID_ARGUMENT, transaction.error().message};
  const std::scoped_lock lock(mutex_);
  response->set_block_num(chain_.tip().block_num.value);
  switch (mood) {
    case Mood::kLosesRequest:
      return kAway;
    case Mood::kIsFull:
      return {grpc::StatusCode::INVALID_ARGUMENT, "the mempool is at capacity",
              std::string(1, '\x03')};
    case Mood::kValidatorAway:
      return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the validator is busy"};
    default:
      break;
  }
  const grpc::Status status = admit(*transaction);
  if (status.ok() && mood == Mood::kForgets) mempool_.pop_back();
  return mood == Mood::kLosesAnswer ? kAway : status;
}

inline grpc::Status FakeNetwork::admit(const ProvenTransaction& transaction) {
  submitted_.push_back(transaction);
  const auto conflict = [](const std::string& what) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        "transaction conflicts with current mempool state\ncaused by: " + what,
                        std::string(1, '\x02'));
  };
  for (const ProvenTransaction& waiting : mempool_) {
    if (waiting.account_id() == transaction.account_id()) return conflict("account");
  }
  const Account& account = accounts_.at(transaction.account_id());
  if (account.commitment() != transaction.account_update.initial_commitment) {
    return conflict("account");
  }
  for (const InputNoteCommitment& note : transaction.input_notes.notes) {
    if (spent_.contains(note.nullifier)) {
      return {grpc::StatusCode::INTERNAL, "Internal error", std::string(1, '\0')};
    }
    if (displeasing_.contains(note.nullifier)) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "Invalid transaction"};
    }
  }
  if (transaction.proof.stark != Bytes{1, 2, 3}) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "Invalid proof for transaction"};
  }
  mempool_.push_back(transaction);
  return grpc::Status::OK;
}

}  // namespace miden
