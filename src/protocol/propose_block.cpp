// Which batches may form the next block, and what they add up to. spec/types.md §12.4.
#include <algorithm>
#include <optional>

#include "protocol/constants.hpp"
#include "protocol/first_repeated.hpp"
#include "protocol/note_tracker.hpp"
#include "protocol/proposed_block.hpp"

namespace miden {

namespace {

std::string block_name(BlockNum block_num) { return "block " + std::to_string(block_num.value); }

// Rules 1 to 7.
Result<void> check_batches(const std::vector<ProvenBatch>& batches, uint32_t timestamp,
                           const PartialBlockchain& blockchain, const BlockHeader& previous) {
  if (batches.size() > kMaxBatchesPerBlock) {
    return fail("TooManyBatches", std::to_string(batches.size()) + " batches, at most " +
                                      std::to_string(kMaxBatchesPerBlock) + " fit into a block");
  }
  std::vector<BatchId> ids;
  ids.reserve(batches.size());
  for (const ProvenBatch& batch : batches) ids.push_back(batch.id);
  if (const auto repeated = first_repeated(ids)) {
    return fail("DuplicateBatch", "batch " + repeated->to_hex() + " is in the block twice");
  }
  if (timestamp <= previous.timestamp) {
    return fail("TimestampDoesNotIncreaseMonotonically", "timestamp " + std::to_string(timestamp) +
                                                             " is not after the previous block's " +
                                                             std::to_string(previous.timestamp));
  }
  const uint64_t block_num = uint64_t{previous.block_num.value} + 1;
  for (const ProvenBatch& batch : batches) {
    if (batch.expiration_block_num.value < block_num) {
      return fail("ExpiredBatch", "batch " + batch.id.to_hex() + " expired at " +
                                      block_name(batch.expiration_block_num) + ", the block is " +
                                      std::to_string(block_num));
    }
  }
  if (blockchain.chain_length() != previous.block_num.value) {
    return fail("ChainLengthNotEqualToPreviousBlockNumber",
                "the chain's length is " + std::to_string(blockchain.chain_length()) +
                    ", the previous block is " + block_name(previous.block_num));
  }
  if (const Word peaks = blockchain.chain_commitment(); peaks != previous.chain_commitment) {
    return fail("ChainRootNotEqualToPreviousBlockChainCommitment",
                "the chain's commitment is " + peaks.to_hex() + ", that of the previous " +
                    block_name(previous.block_num) + " is " + previous.chain_commitment.to_hex());
  }
  for (const ProvenBatch& batch : batches) {
    if (batch.reference_block_num != previous.block_num &&
        blockchain.find(batch.reference_block_num) == nullptr) {
      return fail("BatchReferenceBlockMissingFromChain",
                  block_name(batch.reference_block_num) + ", which batch " + batch.id.to_hex() +
                      " refers to, is not in the partial chain");
    }
  }
  return {};
}

std::vector<NoteContainer> containers_of(const std::vector<ProvenBatch>& batches) {
  std::vector<NoteContainer> containers;
  containers.reserve(batches.size());
  for (const ProvenBatch& batch : batches) {
    containers.push_back({batch.input_notes.notes, batch.output_notes});
  }
  return containers;
}

// Rule 10 for one consumed nullifier: its witness, when it shows that the note is unspent. A
// witness of an erased note is none: the note was consumed already, inside the block.
Result<const SmtProof*> unspent_witness(const std::map<Nullifier, SmtProof>& witnesses,
                                        const std::set<Nullifier>& erased,
                                        const Nullifier& nullifier) {
  const auto witness = witnesses.find(nullifier);
  std::optional<Word> value;
  if (witness != witnesses.end() && !erased.contains(nullifier)) {
    value = witness->second.value_of(nullifier.word);
  }
  if (!value) {
    return fail("NullifierProofMissing", "no proof is given for nullifier " + nullifier.to_hex());
  }
  if (!value->is_zero()) {
    return fail("NullifierSpent",
                "the note with nullifier " + nullifier.to_hex() + " is already spent");
  }
  return &witness->second;
}

// Per account what the batches do to it, by the state each update starts from.
using UpdatesByInitial = std::map<Word, const BatchAccountUpdate*>;

// Rule 11.
Result<std::map<AccountId, UpdatesByInitial>> collect_updates(
    const std::vector<ProvenBatch>& batches) {
  std::map<AccountId, UpdatesByInitial> accounts;
  for (const ProvenBatch& batch : batches) {
    for (const auto& [account_id, update] : batch.account_updates) {
      if (update.initial_commitment == update.final_commitment) continue;
      if (!accounts[account_id].emplace(update.initial_commitment, &update).second) {
        return fail("ConflictingBatchesUpdateSameAccount",
                    "two batches, one of them " + batch.id.to_hex() + ", update account " +
                        account_id.to_hex() + " from state " + update.initial_commitment.to_hex());
      }
    }
  }
  return accounts;
}

// Rules 12 and 13: the updates form one chain from the witnessed state, whatever the batches'
// order.
Result<AccountUpdateWitness> chain_updates(const AccountId& account_id,
                                           const AccountWitness& witness,
                                           UpdatesByInitial updates) {
  const Word initial = witness.id == account_id ? witness.commitment : Word();
  Word current = initial;
  AccountUpdateDetails details;
  for (bool is_first = true; !updates.empty(); is_first = false) {
    const auto next = updates.find(current);
    if (next == updates.end()) {
      return fail("InconsistentAccountStateTransition",
                  "none of the " + std::to_string(updates.size()) +
                      " remaining updates of account " + account_id.to_hex() +
                      " starts from state " + current.to_hex());
    }
    const BatchAccountUpdate& update = *next->second;
    if (is_first) {
      details = update.details;
    } else if (const auto merged = details.merge(update.details); !merged) {
      return fail("AccountUpdateError", "the updates of account " + account_id.to_hex() +
                                            " do not fit together: " + merged.error().message);
    }
    current = update.final_commitment;
    updates.erase(next);
  }
  return AccountUpdateWitness{initial, current, witness, std::move(details)};
}

// Per batch the outputs that were not erased, at their index among all its outputs. When a note was
// created, erased and created again by a later batch, it stands where it was created first: the
// reference looks notes up by id alone, and block bodies must be equal.
using SurvivingNotes = std::vector<std::vector<std::pair<uint64_t, const OutputNote*>>>;

SurvivingNotes surviving_notes(const std::vector<ProvenBatch>& batches, TrackedNotes& tracked) {
  SurvivingNotes surviving(batches.size());
  for (size_t i = 0; i < batches.size(); ++i) {
    const std::vector<OutputNote>& outputs = batches[i].output_notes;
    for (size_t index = 0; index < outputs.size(); ++index) {
      const auto found = tracked.outputs.find(outputs[index].id());
      if (found == tracked.outputs.end()) continue;
      surviving[i].emplace_back(index, found->second.second);
      tracked.outputs.erase(found);
    }
  }
  return surviving;
}

}  // namespace

Result<ProposedBlock> ProposedBlock::make_at(const BlockInputs& inputs,
                                             std::vector<ProvenBatch> batches, uint32_t timestamp) {
  TRY(check_batches(batches, timestamp, inputs.blockchain, inputs.prev_block_header));
  TrackedNotes tracked = TRY(track_notes(containers_of(batches), inputs.note_proofs,
                                         inputs.blockchain, inputs.prev_block_header));
  for (const auto& [nullifier, note] : tracked.inputs) {
    if (note.header) {
      return fail("UnauthenticatedNoteConsumed",
                  "the note with nullifier " + nullifier.to_hex() +
                      " is neither created in the block nor proven to be in an earlier one");
    }
  }
  std::map<Nullifier, SmtProof> created_nullifiers;
  for (const auto& [nullifier, note] : tracked.inputs) {
    const SmtProof* witness =
        TRY(unspent_witness(inputs.nullifier_witnesses, tracked.erased, nullifier));
    created_nullifiers.emplace_hint(created_nullifiers.end(), nullifier, *witness);
  }

  const std::map<AccountId, UpdatesByInitial> updates = TRY(collect_updates(batches));
  std::vector<std::pair<AccountId, AccountUpdateWitness>> updated_accounts;
  updated_accounts.reserve(updates.size());
  for (const auto& [account_id, account_updates] : updates) {
    const auto witness = inputs.account_witnesses.find(account_id);
    if (witness == inputs.account_witnesses.end()) {
      return fail("MissingAccountWitness",
                  "no witness is given for account " + account_id.to_hex());
    }
    updated_accounts.emplace_back(account_id,
                                  TRY(chain_updates(account_id, witness->second, account_updates)));
  }

  std::vector<OutputNoteBatch> output_note_batches(batches.size());
  const SurvivingNotes surviving = surviving_notes(batches, tracked);
  for (size_t i = 0; i < surviving.size(); ++i) {
    output_note_batches[i].notes.reserve(surviving[i].size());
    for (const auto& [index, note] : surviving[i]) {
      output_note_batches[i].notes.emplace_back(index, *note);
    }
  }
  return ProposedBlock{OrderedBatches{std::move(batches)},
                       timestamp,
                       std::move(updated_accounts),
                       std::move(output_note_batches),
                       std::move(created_nullifiers),
                       inputs.blockchain,
                       inputs.prev_block_header};
}

namespace {

Result<void> compare_nullifiers(const ProposedBlock& block, const TrackedNotes& tracked) {
  for (const auto& [nullifier, note] : tracked.inputs) {
    TRY(unspent_witness(block.created_nullifiers, tracked.erased, nullifier));
  }
  if (block.created_nullifiers.size() != tracked.inputs.size()) {
    return fail("NullifiersMismatch", std::to_string(block.created_nullifiers.size()) +
                                          " nullifiers are created, the batches consume " +
                                          std::to_string(tracked.inputs.size()));
  }
  return {};
}

Result<void> compare_accounts(const ProposedBlock& block) {
  const auto updates = TRY(collect_updates(block.batches.batches));
  auto proposed = block.updated_accounts.begin();
  for (const auto& [account_id, account_updates] : updates) {
    // Both ascend by id: the first difference is an account too many or one missing.
    if (proposed == block.updated_accounts.end() || account_id < proposed->first) {
      return fail("MissingAccountWitness", "the update of account " + account_id.to_hex() +
                                               " by the batches is not in the proposal");
    }
    if (proposed->first != account_id) break;
    const AccountUpdateWitness& given = proposed->second;
    const AccountUpdateWitness derived =
        TRY(chain_updates(account_id, given.witness, account_updates));
    if (given.initial_commitment != derived.initial_commitment ||
        given.final_commitment != derived.final_commitment || given.details != derived.details) {
      return fail("AccountUpdatesMismatch", "the proposed update of account " +
                                                account_id.to_hex() +
                                                " is not what the batches add up to");
    }
    ++proposed;
  }
  if (proposed != block.updated_accounts.end()) {
    return fail("AccountUpdatesMismatch", "the batches do not update account " +
                                              proposed->first.to_hex() + ", the proposal does");
  }
  return {};
}

Result<void> compare_output_notes(const ProposedBlock& block, TrackedNotes& tracked) {
  const SurvivingNotes surviving = surviving_notes(block.batches.batches, tracked);
  const auto equal = [](const auto& given, const auto& derived) {
    return given.first == derived.first && given.second == *derived.second;
  };
  const auto equal_batches = [&](const OutputNoteBatch& given, const auto& derived) {
    return std::ranges::equal(given.notes, derived, equal);
  };
  if (!std::ranges::equal(block.output_note_batches, surviving, equal_batches)) {
    return fail("OutputNotesMismatch", "the proposed output notes are not those of the batches");
  }
  return {};
}

}  // namespace

Result<void> ProposedBlock::verify() const {
  TRY(check_batches(batches.batches, timestamp, blockchain, prev_block_header));
  TrackedNotes tracked = TRY(track_notes_without_proofs(containers_of(batches.batches)));
  TRY(compare_nullifiers(*this, tracked));
  TRY(compare_accounts(*this));
  return compare_output_notes(*this, tracked);
}

}  // namespace miden
