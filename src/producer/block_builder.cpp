#include "producer/block_builder.hpp"

#include <algorithm>
#include <set>

#include "net/retry.hpp"
#include "producer/judge_status.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

const Failure kNobodysFault{.cause = Failure::Cause::kInfrastructure, .culprits = {}};
const Failure kContentsFault{.cause = Failure::Cause::kContent, .culprits = {}};

// A validator that answers so often that something is wrong inside it has looked at the block: that
// may have to do with the block.
constexpr int kMaxFaultsInARow = 12;

bool is_fault(StatusCode code) {
  return code == StatusCode::kInternal || code == StatusCode::kUnknown ||
         code == StatusCode::kAborted || code == StatusCode::kDataLoss;
}

// How often one tick tries another selection when a proposal breaks a rule.
constexpr int kMaxSelectionsPerTick = 16;

}  // namespace

BlockBuilder::BlockBuilder(ChainState& chain, MempoolOwner& owner, BlockSigner& signer,
                           Options options)
    : chain_(chain), owner_(owner), signer_(signer), options_(std::move(options)) {}

void BlockBuilder::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void BlockBuilder::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void BlockBuilder::work(const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  try {
    auto tick = Clock::now();
    while (!stop.stop_requested()) {
      if (is_in_step_ || catch_up(stop)) produce(stop);
      tick = std::max(tick + options_.interval, Clock::now());
      sleep_for(std::chrono::ceil<std::chrono::milliseconds>(tick - Clock::now()), stop);
    }
  } catch (const std::exception& error) {
    if (options_.on_fatal) options_.on_fatal(std::string("block builder: ") + error.what());
  }
}

void BlockBuilder::produce(const std::stop_token& stop) {
  for (int selection = 0; selection < kMaxSelectionsPerTick; ++selection) {
    Result<SelectedBlock> selected = SelectedBlock{};
    const bool is_running = owner_.run([&](Mempool& mempool) {
      selected = only_empty_ ? mempool.select_empty_block() : mempool.select_block();
    });
    if (!is_running) return;
    if (!selected) throw std::runtime_error(selected.error().message);
    if (selected->block_num != chain_.tip().next()) {
      throw std::runtime_error("the mempool is at block " +
                               std::to_string(selected->block_num.value) + ", the chain at block " +
                               std::to_string(chain_.tip().value));
    }

    Result<Draft> drafted = draft(*selected);
    if (!drafted) {
      log_warn("block cannot be proposed", {{"block", selected->block_num},
                                            {"batches", selected->batches.size()},
                                            {"cause", drafted.error().code},
                                            {"message", drafted.error().message}});
      give_up(selected->block_num, kContentsFault);
      if (selected->batches.empty()) return;
      continue;
    }

    const Answer<BlockSignature> signature = sign(*drafted, stop);
    if (!signature) {
      // Stopped while nobody knows whether it is signed: the next start finds out.
      if (stop.stop_requested()) return;
      return judge_refusal(*selected, signature.error(), stop);
    }
    if (signature->block_commitment != drafted->header.commitment() ||
        !drafted->header.validator_key.verify(drafted->header.commitment(), signature->signature)) {
      log_error("validator signed something else, blocks stop until it agrees",
                {{"block", selected->block_num},
                 {"block.commitment", drafted->header.commitment()},
                 {"signed.commitment", signature->block_commitment}});
      is_in_step_ = false;
      return give_up(selected->block_num, kNobodysFault);
    }
    has_signed_since_refusal_ = true;
    only_empty_ = false;
    if (!commit(std::move(*drafted), signature->signature)) {
      is_in_step_ = false;
      give_up(selected->block_num, kNobodysFault);
    }
    return;
  }
}

Result<BlockBuilder::Draft> BlockBuilder::draft(const SelectedBlock& selected) const {
  std::set<AccountId> accounts;
  std::set<Nullifier> nullifiers;
  std::set<NoteId> notes;
  std::set<BlockNum> reference_blocks;
  std::vector<ProvenBatch> batches;
  for (const auto& batch : selected.batches) {
    for (const auto& [account, update] : batch->account_updates) accounts.insert(account);
    for (const InputNoteCommitment& note : batch->input_notes.notes) {
      nullifiers.insert(note.nullifier);
      if (note.header) notes.insert(note.header->id());
    }
    reference_blocks.insert(batch->reference_block_num);
    batches.push_back(*batch);
  }
  const std::shared_ptr<const StateView> view = chain_.view();
  BlockInputs inputs = TRY(view->block_inputs(accounts, nullifiers, notes, reference_blocks));
  const uint32_t timestamp = std::max(options_.now(), inputs.prev_block_header.timestamp + 1);

  const ProposedBlock proposed = TRY(ProposedBlock::make_at(inputs, std::move(batches), timestamp));
  auto [header, body] = TRY(proposed.build(options_.tx_kernel_commitment));
  Bytes proposal = to_bytes(proposed);
  Bytes proving_inputs = to_bytes(BlockProofRequest{
      .batches = proposed.batches, .header = header, .inputs = std::move(inputs)});
  return Draft{.header = std::move(header),
               .body = std::move(body),
               .proposal = std::move(proposal),
               .proving_inputs = std::move(proving_inputs)};
}

// A signature, a refusal, too many faults, or a stop. While there is neither, the block stays
// pending: it may have been signed with the answer lost, and then no other may be proposed.
Answer<BlockSignature> BlockBuilder::sign(const Draft& draft, const std::stop_token& stop) const {
  Backoff backoff(options_.first_retry, options_.longest_retry);
  int faults = 0;
  while (true) {
    Answer<BlockSignature> signature = signer_.sign(draft.proposal, stop);
    if (signature || stop.stop_requested()) return signature;
    if (judge_status(signature.error()).cause == Failure::Cause::kContent) return signature;
    faults = is_fault(signature.error().code) ? faults + 1 : 0;
    if (faults == kMaxFaultsInARow) return signature;
    log_warn("block not signed, will be tried again",
             {{"block", draft.header.block_num},
              {"status", to_string(signature.error().code)},
              {"message", signature.error().message}});
    if (!backoff.wait(stop)) return signature;
  }
}

void BlockBuilder::judge_refusal(const SelectedBlock& selected, const Status& status,
                                 const std::stop_token& stop) {
  log_warn("block refused by the validator", {{"block", selected.block_num},
                                              {"batches", selected.batches.size()},
                                              {"status", to_string(status.code)},
                                              {"message", status.message}});
  const Answer<BlockNum> signed_tip = signer_.signed_tip(stop);
  if (!signed_tip || signed_tip->next() != selected.block_num) {
    is_in_step_ = false;
    return give_up(selected.block_num, kNobodysFault);
  }

  Failure failure = kContentsFault;
  for (const TransactionId& id : ids_in(status.message)) {
    const bool is_member = std::ranges::any_of(selected.batches, [&](const auto& batch) {
      return std::ranges::any_of(batch->transactions.transactions,
                                 [&](const TransactionHeader& header) { return header.id == id; });
    });
    if (is_member) failure.culprits.push_back(id);
  }
  if (!failure.culprits.empty() || (has_signed_since_refusal_ && !selected.batches.empty())) {
    has_signed_since_refusal_ = false;
    return give_up(selected.block_num, failure);
  }
  if (selected.batches.empty()) {
    log_error("validator refuses even an empty block, no block can be produced",
              {{"block", selected.block_num}, {"message", status.message}});
  }
  only_empty_ = true;
  give_up(selected.block_num, kNobodysFault);
}

bool BlockBuilder::commit(Draft draft, const Signature& signature) {
  const SignedBlock block{
      .header = std::move(draft.header), .body = std::move(draft.body), .signature = signature};
  if (const auto applied = chain_.apply_block(block, draft.proving_inputs); !applied) {
    log_error("signed block not applied", {{"block", block.header.block_num},
                                           {"cause", applied.error().code},
                                           {"message", applied.error().message}});
    return false;
  }
  const std::vector<TransactionHeader>& included = block.body.transactions.transactions;
  owner_.run([&](Mempool& mempool) {
    const auto expired = mempool.block_committed(block.header.block_num);
    if (!expired) throw std::runtime_error(expired.error().message);
    owner_.committed(included);
    owner_.note_evictions(*expired);
  });
  log_info("block committed", {{"block", block.header.block_num},
                               {"block.commitment", block.header.commitment()},
                               {"transactions", included.size()},
                               {"notes",
                                [&] {
                                  size_t notes = 0;
                                  for (const auto& batch : block.body.output_note_batches) {
                                    notes += batch.notes.size();
                                  }
                                  return notes;
                                }()},
                               {"nullifiers", block.body.created_nullifiers.size()}});
  return true;
}

// True when the validator's last signed block is this chain's last.
bool BlockBuilder::catch_up(const std::stop_token& stop) {
  const Answer<BlockNum> signed_tip = signer_.signed_tip(stop);
  if (!signed_tip) {
    if (stop.stop_requested()) return false;
    log_warn(
        "validator not reachable, no block is proposed",
        {{"status", to_string(signed_tip.error().code)}, {"message", signed_tip.error().message}});
    return false;
  }
  const BlockNum tip = chain_.tip();
  if (*signed_tip < tip) {
    log_error("validator lacks blocks of this chain: restore it, it cannot sign until then",
              {{"tip", tip}, {"validator.tip", *signed_tip}});
    return false;
  }
  if (*signed_tip > tip) {
    log_warn("this node is behind the validator: its blocks are adopted before any is produced",
             {{"tip", tip}, {"validator.tip", *signed_tip}});
    bool is_sound = true;
    const Answer<> received = signer_.signed_blocks(
        tip.next(),
        [&](Bytes bytes) {
          const Result<SignedBlock> block = from_bytes<SignedBlock>(bytes);
          if (!block) {
            log_error("validator's block is unreadable", {{"cause", block.error()}});
            is_sound = false;
          } else {
            is_sound = adopt(*block);
          }
          return is_sound && !stop.stop_requested();
        },
        stop);
    if (!received && !stop.stop_requested()) {
      log_warn("validator's blocks not received", {{"status", to_string(received.error().code)},
                                                   {"message", received.error().message}});
    }
    if (chain_.tip() < *signed_tip) return false;
  } else if (!has_signed_our_tip(stop)) {
    return false;
  }
  is_in_step_ = true;
  return true;
}

// A validator of another network refuses every block, which would be blamed on the transactions.
bool BlockBuilder::has_signed_our_tip(const std::stop_token& stop) {
  const Word ours = chain_.view()->tip_header().commitment;
  std::optional<Word> theirs;
  const Answer<> received = signer_.signed_blocks(
      chain_.tip(),
      [&](Bytes bytes) {
        const Result<SignedBlock> block = from_bytes<SignedBlock>(bytes);
        theirs = block ? block->header.commitment() : Word();
        return false;
      },
      stop);
  if (theirs == ours) return true;
  if (stop.stop_requested()) return false;
  if (theirs) {
    log_error(
        "validator's chain is not this chain's: call the right validator, blocks stop until then",
        {{"tip", chain_.tip()}, {"commitment", ours}, {"validator.commitment", *theirs}});
  } else {
    log_warn("validator's tip not received, no block is proposed",
             {{"status", to_string(received ? StatusCode::kOk : received.error().code)},
              {"message", received ? "" : received.error().message}});
  }
  return false;
}

// On the owner's thread as a whole: nobody submits to a mempool that has not heard of the block.
bool BlockBuilder::adopt(const SignedBlock& block) {
  const BlockNum block_num = block.header.block_num;
  const std::vector<TransactionHeader>& included = block.body.transactions.transactions;
  Result<void> applied;
  const bool is_running = owner_.run([&](Mempool&) {
    applied = chain_.apply_block(block);
    if (applied) owner_.adopt(block_num, included);
  });
  if (!is_running) return false;
  if (!applied) {
    log_error("block that the validator signed does not fit this chain",
              {{"block", block_num},
               {"cause", applied.error().code},
               {"message", applied.error().message}});
    return false;
  }
  log_info("block adopted from the validator",
           {{"block", block_num}, {"transactions", included.size()}});
  return true;
}

void BlockBuilder::give_up(BlockNum block_num, const Failure& failure) {
  owner_.run([&](Mempool& mempool) {
    const auto evictions = mempool.block_failed(block_num, failure);
    if (!evictions) throw std::runtime_error(evictions.error().message);
    owner_.note_evictions(*evictions);
  });
}

}  // namespace miden
