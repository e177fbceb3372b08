// What does a block change?
#include <algorithm>
#include <set>

#include "ntx_builder/builder_memory.hpp"

namespace miden {
namespace {

std::unexpected<Error> mismatch(const AccountId& account, std::string_view what) {
  return fail("AccountUpdateMismatch",
              "the block's update of account " + account.to_hex() + " " + std::string(what));
}

// Only then is it worth building the account.
bool may_be_network_account(const AccountDelta& full_state) {
  return full_state.storage.slots.contains(network_account_slot_name());
}

Result<std::shared_ptr<const Account>> new_account(const AccountDelta& full_state) {
  Result<Account> account = full_state.to_account();
  if (!account) return mismatch(full_state.id, "is no account: " + account.error().message);
  return std::make_shared<const Account>(*std::move(account));
}

Result<std::shared_ptr<const Account>> account_after(const Account& before,
                                                     const AccountDelta& delta) {
  auto after = std::make_shared<Account>(before);
  if (const Result<void> applied = after->apply(delta); !applied) {
    return mismatch(before.id, "does not fit it: " + applied.error().message);
  }
  return after;
}

// Every account that transactions create or change, as far as it can be one of ours, must be
// updated: what a block's source leaves out would be missing for ever.
Result<void> check_nothing_is_missing(const SignedBlock& block, const std::set<AccountId>& updated,
                                      const AccountTransitions& transitions,
                                      AccountStore& accounts) {
  for (const TransactionHeader& transaction : block.body.transactions.transactions) {
    const AccountId& id = transaction.account_id;
    if (!id.is_public() || updated.contains(id)) continue;
    Word initial;
    if (accounts.contains(id)) {
      initial = accounts.get(id)->commitment();
    } else if (!transaction.initial_commitment.is_zero()) {
      continue;
    }
    if (transitions.final_commitment(id, initial) != initial) return mismatch(id, "is missing");
  }
  return {};
}

}  // namespace

Result<AccountChanges> BuilderState::State::find_account_changes(
    const SignedBlock& block, const AccountTransitions* transitions) {
  AccountChanges changes;
  std::set<AccountId> updated;
  for (const BlockAccountUpdate& update : block.body.updated_accounts) {
    const AccountId& id = update.account_id;
    if (!updated.insert(id).second) return mismatch(id, "is there twice");
    if (!id.is_public()) continue;
    const std::shared_ptr<const Account> before = accounts.get(id);
    if (update.details.is_private()) return mismatch(id, "hides what is public");
    const AccountDelta& delta = *update.details.delta;
    if (delta.id != id) return mismatch(id, "is about another account");
    if (before == nullptr && !delta.is_full_state()) continue;

    const Word initial = before == nullptr ? Word() : before->commitment();
    if (transitions != nullptr &&
        transitions->final_commitment(id, initial) != update.final_commitment) {
      return mismatch(id, "is not what its transactions lead to");
    }
    if (before == nullptr && !may_be_network_account(delta)) {
      changes.plain.push_back(id);
      continue;
    }
    const bool is_whole = delta.is_full_state();
    const std::shared_ptr<const Account> after =
        is_whole ? TRY(new_account(delta)) : TRY(account_after(*before, delta));
    if (after->commitment() != update.final_commitment) {
      return mismatch(id, "does not lead to the commitment it names");
    }
    if (before == nullptr && !miden::is_network_account(*after)) {
      changes.plain.push_back(id);
    } else {
      changes.network.push_back({after, is_whole ? nullptr : &delta});
    }
  }
  if (transitions != nullptr) {
    TRY(check_nothing_is_missing(block, updated, *transitions, accounts));
  }
  return changes;
}

BlockEffects BuilderState::State::stage_block(const SignedBlock& block, AccountChanges changes,
                                              WriteBatch& batch) {
  const BlockNum block_num = block.header.block_num;
  const std::shared_ptr<const Snapshot> before = store->snapshot();
  BlockEffects effects;
  std::set<AccountId> changed;

  for (AccountChanges::Change& change : changes.network) {
    const AccountId id = change.after->id;
    changed.insert(id);
    const bool is_known = accounts.contains(id);
    (is_known ? effects.updated_accounts : effects.created_accounts).push_back(id);
    if (change.delta != nullptr) {
      accounts.put_delta(batch, block_num, *change.delta, std::move(change.after));
    } else {
      accounts.put_whole(batch, std::move(change.after));
    }
    notes.waiting.add_account(id);
  }

  NoteChange note_change(*before, notes, options, block_num);
  uint32_t index = 0;
  for (const OutputNoteBatch& outputs : block.body.output_note_batches) {
    for (const auto& [place_in_batch, output] : outputs.notes) {
      const Note* note = output.public_note();
      if (note == nullptr) continue;
      const auto target = network_note_target(NoteType::kPublic, note->attachments());
      if (!target) continue;
      if (note_change.add({block_num.value, index++}, *note, *target)) ++effects.new_notes;
    }
  }

  // The transactions' inputs, not the block's list of nullifiers: they are what is signed, and they
  // say who did it. An erased note's nullifier is among them too, and is no note of ours.
  std::set<NoteId> consumed;
  std::set<std::pair<AccountId, TransactionId>> transactions;
  for (const TransactionHeader& transaction : block.body.transactions.transactions) {
    transactions.emplace(transaction.account_id, transaction.id);
    for (const InputNoteCommitment& input : transaction.input_notes.notes) {
      if (const auto id = note_change.consume(input.nullifier, transaction.id)) {
        consumed.insert(*id);
      }
    }
  }
  effects.consumed_notes = consumed.size();

  for (const AccountId& id : changes.plain) {
    for (const NotePlace place : notes.waiting.deferred_of(id)) note_change.give_up(place);
  }
  note_change.write(batch);

  for (const auto& [account, transaction] : inflight) {
    const bool landed = transactions.contains({account, transaction.id});
    const bool overtaken =
        changed.contains(account) || std::ranges::any_of(transaction.notes, [&](const NoteId& id) {
          return consumed.contains(id);
        });
    if (landed) {
      effects.ended.emplace_back(transaction, InflightEnd::kLanded);
    } else if (overtaken) {
      effects.ended.emplace_back(transaction, InflightEnd::kOvertaken);
    } else if (transaction.expiration_block <= block_num) {
      effects.ended.emplace_back(transaction, InflightEnd::kExpired);
    }
  }
  for (const auto& [transaction, end] : effects.ended) end_inflight(transaction.account, batch);
  return effects;
}

Result<BlockEffects> BuilderState::apply_block(const SignedBlock& block) {
  State& state = *state_;
  const std::shared_ptr<const ChainTip> before = tip();
  TRY(check_followed_block(block, *before));
  const AccountTransitions transitions(block);
  auto after = std::make_shared<ChainTip>(
      ChainTip{block.header, block.header.commitment(), before->blockchain});
  TRY(after->blockchain.add(before->header, false));

  const std::lock_guard lock(state.mutex);
  AccountChanges changes = TRY(state.find_account_changes(block, &transitions));
  state.begin_change();
  WriteBatch batch(*state.store);
  BlockEffects effects = state.stage_block(block, std::move(changes), batch);
  put_tip(*after, batch);
  state.commit(batch);
  state.tip = std::move(after);
  return effects;
}

}  // namespace miden
