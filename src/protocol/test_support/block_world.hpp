// A chain of four blocks with an account tree and a nullifier tree, and batches for its next block.
#pragma once

#include "merkle/smt.hpp"
#include "protocol/proposed_block.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {

struct BatchSpec {
  uint64_t id = 1;
  std::vector<BatchAccountUpdate> accounts = {};
  std::vector<InputNoteCommitment> inputs = {};
  std::vector<OutputNote> outputs = {};
  uint32_t reference_block = 3;
  uint32_t expiration = 1000;
};

inline ProvenBatch batch(const BatchSpec& spec) {
  ProvenBatch batch{BatchId(word(spec.id)), word(1),      {spec.reference_block}, {},
                    {spec.inputs},          spec.outputs, {spec.expiration},      {}};
  for (const BatchAccountUpdate& update : spec.accounts) {
    batch.account_updates.emplace(update.account_id, update);
  }
  batch.transactions.transactions.push_back(TransactionHeader::of(
      transaction({.account = private_account(spec.id), .final = 1000 + spec.id})));
  return batch;
}

inline BatchAccountUpdate account_step(AccountId account, uint64_t initial, uint64_t final) {
  return {account, word(initial), word(final), {}};
}

// An input whose nullifier is the small number n.
inline InputNoteCommitment numbered_input(uint64_t n) { return {Nullifier(word(n)), std::nullopt}; }

// Tip is block 3. Accounts 1 to 5 (private) exist, account n in state n; account 7 does not.
// Nullifier 1 is spent. Block 1 holds note 1.
class BlockWorld {
 public:
  BlockWorld() {
    std::vector<SmtEntry> entries;
    for (uint64_t n = 1; n <= 5; ++n) {
      entries.push_back({account_tree_key(private_account(n)), word(n)});
    }
    accounts = *Smt::from_entries(entries);
    nullifiers = *Smt::from_entries(std::vector<SmtEntry>{{word(1), nullifier_tree_value({2})}});
    chain = TestChain(3, [this](BlockHeader& header) {
      if (header.block_num.value == 1) header.note_root = notes.root();
      if (header.block_num.value == 3) {
        header.account_root = accounts.root();
        header.nullifier_root = nullifiers.root();
      }
    });
  }

  AccountWitness account_witness(const AccountId& id) const {
    const SmtProof proof = accounts.open(account_tree_key(id));
    if (proof.leaf.entries.empty()) return {id, Word(), proof.path};
    const auto& [key, value] = proof.leaf.entries.front();
    return {*AccountId::from_limbs(key[3], key[2]), value, proof.path};
  }

  // Openings of all that the batches touch, and the proof of note 1.
  BlockInputs inputs(const std::vector<ProvenBatch>& batches) const {
    BlockInputs inputs{chain.tip(), chain.before_tip(), {}, {}, {}};
    for (const ProvenBatch& batch : batches) {
      for (const auto& [id, update] : batch.account_updates) {
        inputs.account_witnesses.emplace(id, account_witness(id));
      }
      for (const InputNoteCommitment& input : batch.input_notes.notes) {
        inputs.nullifier_witnesses.emplace(input.nullifier, nullifiers.open(input.nullifier.word));
      }
    }
    inputs.note_proofs.emplace(private_note(1).id(), inclusion_proof(1, notes, 1));
    return inputs;
  }

  uint32_t next_timestamp() const { return chain.tip().timestamp + 1; }

  SimpleSmt notes = note_tree_of({1});
  Smt accounts;
  Smt nullifiers;
  TestChain chain{0};
};

}  // namespace miden
