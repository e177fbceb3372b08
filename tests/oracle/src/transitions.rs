//! What the reference makes of one object out of others: accounts and deltas, batches, blocks.

use std::collections::BTreeMap;

use miden_protocol::Word;
use miden_protocol::account::delta::AccountUpdateDetails;
use miden_protocol::account::{
    Account, AccountDelta, AccountStorageDelta, AccountType, AccountVaultDelta, StorageMapDelta,
    StorageMapKey, StorageSlotContent, StorageSlotDelta, StorageSlotName,
};
use miden_protocol::asset::{Asset, FungibleAsset};
use miden_protocol::block::{ProposedBlock, SignedBlock};
use miden_protocol::transaction::{TransactionHeader, TransactionInputs};
use miden_protocol::utils::serde::{Deserializable, Serializable};
use rand::Rng;
use rand_chacha::ChaCha20Rng;

use crate::Outcome;
use crate::damage::damage;
use crate::record::Oracle;
use crate::values::{
    account, account_delta, account_id, any_account_id, asset, assets_of, map_delta, nonzero_nonce,
    pick, slot_name, word,
};
use crate::world::World;

type R = ChaCha20Rng;

pub fn emit(oracle: &mut Oracle, world: &World) -> Outcome {
    let mut own = oracle.rng.clone();
    own.set_stream(7);
    let rng = &mut own;
    for _ in 0..3 {
        apply(oracle, rng, world)?;
        merge(oracle, rng, world)?;
    }
    full_state(oracle, rng, world)?;
    batch(oracle, rng, world)?;
    block(oracle, rng, world)?;
    inputs(oracle, rng, world)
}

fn bytes_of(parts: &[&dyn ToBytes]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.bytes()).collect()
}

trait ToBytes {
    fn bytes(&self) -> Vec<u8>;
}

impl<T: Serializable> ToBytes for T {
    fn bytes(&self) -> Vec<u8> {
        self.to_bytes()
    }
}

/// A nonce that rarely overflows.
fn nonce(rng: &mut R) -> miden_protocol::Felt {
    if rng.random_ratio(1, 10) {
        nonzero_nonce(rng)
    } else {
        miden_protocol::Felt::from(rng.random_range(1..9u32))
    }
}

/// Mostly what the account can take.
fn delta_for(rng: &mut R, account: &Account) -> AccountDelta {
    let mut slots: BTreeMap<StorageSlotName, StorageSlotDelta> = BTreeMap::new();
    for slot in account.storage().slots() {
        if rng.random() {
            continue;
        }
        let is_map = slot.slot_type().is_map() != rng.random_ratio(1, 40);
        let delta = if is_map {
            let mut entries: BTreeMap<StorageMapKey, _> = map_delta(rng).into_map();
            if let StorageSlotContent::Map(map) = slot.content() {
                for (key, _) in map.entries() {
                    if rng.random_ratio(1, 3) {
                        entries.insert(
                            *key,
                            if rng.random() { word(rng) } else { Default::default() },
                        );
                    }
                }
            }
            StorageSlotDelta::Map(StorageMapDelta::new(entries))
        } else {
            StorageSlotDelta::Value(word(rng))
        };
        slots.insert(slot.name().clone(), delta);
    }
    if rng.random_ratio(1, 40) {
        slots.insert(slot_name(rng), StorageSlotDelta::Value(word(rng)));
    }
    let mut vault = AccountVaultDelta::default();
    for held in assets_of(account.vault()) {
        let change = match held {
            Asset::Fungible(it) => {
                let amount = it.amount().as_u64();
                let part = if rng.random() { amount } else { rng.random_range(0..=amount) };
                FungibleAsset::new(it.faucet_id(), part)
                    .expect("a smaller amount")
                    .with_callbacks(it.callbacks())
                    .into()
            }
            Asset::NonFungible(_) => held,
        };
        // Of a non-fungible asset the account has, one more cannot come.
        if rng.random_ratio(1, 3) {
            let changed = if rng.random_ratio(1, 10) {
                vault.add_asset(change)
            } else {
                vault.remove_asset(change)
            };
            changed.expect("each asset once");
        }
    }
    for _ in 0..rng.random_range(0..3) {
        let new = asset(rng);
        let lost = rng.random_ratio(1, 20);
        let _ = if lost { vault.remove_asset(new) } else { vault.add_asset(new) };
    }
    AccountDelta::new(account.id(), AccountStorageDelta::from_raw(slots), vault, nonce(rng))
        .expect("a nonce")
}

/// Question: account, delta. Words: the commitment afterwards.
fn apply(oracle: &mut Oracle, rng: &mut R, world: &World) -> Outcome {
    let before = account(rng, world);
    let delta = delta_for(rng, &before);
    oracle.question("Account apply", &bytes_of(&[&before, &delta]), || {
        let mut after = before.clone();
        after.apply_delta(&delta).map_err(|error| error.to_string())?;
        Ok((vec![], vec![after.to_commitment()]))
    })
}

/// A delta that may come after `first`: of the same slots, keys and assets, in part.
fn later_delta(rng: &mut R, world: &World, first: &AccountDelta) -> AccountDelta {
    let mut slots: BTreeMap<StorageSlotName, StorageSlotDelta> = BTreeMap::new();
    for (name, _) in first.storage().values() {
        if rng.random() {
            let other_type = rng.random_ratio(1, 40);
            slots.insert(
                name.clone(),
                if other_type {
                    StorageSlotDelta::Map(map_delta(rng))
                } else {
                    StorageSlotDelta::Value(word(rng))
                },
            );
        }
    }
    for (name, map) in first.storage().maps() {
        let mut entries = map_delta(rng).into_map();
        for key in map.entries().keys() {
            if rng.random() {
                entries.insert(*key, if rng.random() { word(rng) } else { Default::default() });
            }
        }
        if rng.random() {
            slots.insert(name.clone(), StorageSlotDelta::Map(StorageMapDelta::new(entries)));
        }
    }
    let fresh = account_delta(rng, world, first.id());
    for (name, value) in fresh.storage().values() {
        slots.insert(name.clone(), StorageSlotDelta::Value(*value));
    }
    let mut vault = AccountVaultDelta::default();
    for added in first.vault().added_assets() {
        // Twice added is one time too many for what is not fungible.
        if rng.random() {
            let again = rng.random_ratio(1, 10);
            let _ = if again { vault.add_asset(added) } else { vault.remove_asset(added) };
        }
    }
    for removed in first.vault().removed_assets() {
        if rng.random() {
            let again = rng.random_ratio(1, 10);
            let _ = if again { vault.remove_asset(removed) } else { vault.add_asset(removed) };
        }
    }
    let code = rng.random_ratio(1, 10).then(|| pick(rng, &world.codes).clone());
    AccountDelta::new(first.id(), AccountStorageDelta::from_raw(slots), vault, nonce(rng))
        .expect("a nonce")
        .with_code(code)
}

/// Question: two deltas. Answer: the merged one; its commitment.
fn merge(oracle: &mut Oracle, rng: &mut R, world: &World) -> Outcome {
    let id = account_id(rng, AccountType::Public);
    let first = account_delta(rng, world, id);
    let second = later_delta(rng, world, &first);
    oracle.question("AccountDelta merge", &bytes_of(&[&first, &second]), || {
        let mut merged = first.clone();
        merged.merge(second.clone()).map_err(|error| error.to_string())?;
        Ok((merged.to_bytes(), vec![merged.to_commitment()]))
    })?;

    let side = |rng: &mut R, delta: &AccountDelta| {
        if rng.random_ratio(1, 4) {
            AccountUpdateDetails::Private
        } else {
            AccountUpdateDetails::Delta(delta.clone())
        }
    };
    let (first, second) = (side(rng, &first), side(rng, &second));
    oracle.question("AccountUpdateDetails merge", &bytes_of(&[&first, &second]), || {
        let merged = first.clone().merge(second.clone()).map_err(|error| error.to_string())?;
        Ok((merged.to_bytes(), vec![]))
    })
}

/// Question: an account. Answer: its full-state delta; the commitment of the account made of that.
fn full_state(oracle: &mut Oracle, rng: &mut R, world: &World) -> Outcome {
    let random = account(rng, world);
    let known = pick(rng, &world.accounts).clone();
    for account in [random, known] {
        oracle.question("Account to delta", &account.to_bytes(), || {
            let delta =
                AccountDelta::try_from(account.clone()).map_err(|error| error.to_string())?;
            Ok((delta.to_bytes(), vec![delta.to_commitment()]))
        })?;
    }
    // Any full-state delta, also one that takes away what is not there.
    let id = any_account_id(rng);
    let delta = account_delta(rng, world, id);
    let code = rng.random_ratio(9, 10).then(|| pick(rng, &world.codes).clone());
    let delta = delta.with_code(code);
    oracle.question("Account from delta", &delta.to_bytes(), || {
        let account = Account::try_from(&delta).map_err(|error| error.to_string())?;
        Ok((vec![], vec![account.to_commitment()]))
    })
}

/// Questions: a proposed batch, answer: the proven one; a transaction, answer: its header.
fn batch(oracle: &mut Oracle, rng: &mut R, world: &World) -> Outcome {
    let i = rng.random_range(0..world.proven_batches.len());
    oracle.question("ProvenBatch of", &world.proposed_batches[i].to_bytes(), || {
        Ok((world.proven_batches[i].to_bytes(), vec![]))
    })?;
    let transaction = pick(rng, &world.transactions);
    oracle.question("TransactionHeader of", &transaction.to_bytes(), || {
        Ok((TransactionHeader::from(transaction).to_bytes(), vec![]))
    })
}

/// Questions: u32 timestamp, block inputs, batches, answer: the proposed block; a signed block, is it
/// valid?
fn block(oracle: &mut Oracle, rng: &mut R, world: &World) -> Outcome {
    let (inputs, batches, timestamp) = pick(rng, &world.proposals);
    let mut batches = batches.clone();
    let mut timestamp = *timestamp;
    if rng.random_ratio(1, 4) {
        // A wrong order, a batch twice, a batch that its inputs do not know, a time that is past.
        match rng.random_range(0..4) {
            0 => batches.reverse(),
            1 => batches.extend(batches.first().cloned()),
            2 => batches.push(pick(rng, &world.proven_batches).clone()),
            _ => timestamp = rng.random_range(0..2),
        }
    }
    oracle.question("ProposedBlock make", &bytes_of(&[&timestamp, inputs, &batches]), || {
        let block = ProposedBlock::new_at(inputs.clone(), batches.clone(), timestamp)
            .map_err(|error| error.to_string())?;
        Ok((block.to_bytes(), vec![]))
    })?;

    let block = pick(rng, &world.blocks).to_bytes();
    for bytes in [block.clone(), damage(rng, &block)] {
        let Some(Ok(block)) = crate::record::survives(|| SignedBlock::read_from_bytes(&bytes))
        else {
            continue;
        };
        oracle.question("SignedBlock valid", &bytes, || {
            let (header, body, signature) = block.into_parts();
            SignedBlock::new(header, body, signature).map_err(|error| error.to_string())?;
            Ok((vec![], vec![]))
        })?;
    }
    Ok(())
}

/// Question: transaction inputs; do their parts fit? Some have another transaction's notes, another
/// block's header or a younger chain.
fn inputs(oracle: &mut Oracle, rng: &mut R, world: &World) -> Outcome {
    let honest = pick(rng, &world.inputs);
    let mut notes = honest.input_notes().to_bytes();
    let mut header = honest.block_header().to_bytes();
    let mut chain = honest.blockchain().to_bytes();
    match rng.random_range(0..4) {
        0 => notes = pick(rng, &world.inputs).input_notes().to_bytes(),
        1 => header = pick(rng, &world.blocks).header().to_bytes(),
        2 => chain = pick(rng, &world.proposed_batches).clone().into_parts().2.to_bytes(),
        _ => {}
    }
    let none = Vec::<Word>::new().to_bytes();
    let bytes = [
        honest.account().to_bytes(),
        header,
        chain,
        notes,
        honest.tx_args().to_bytes(),
        honest.advice_inputs().to_bytes(),
        none.clone(),
        none,
    ]
    .concat();
    for bytes in [bytes.clone(), damage(rng, &bytes)] {
        let Some(Ok(inputs)) =
            crate::record::survives(|| TransactionInputs::read_from_bytes(&bytes))
        else {
            continue;
        };
        oracle.question("TransactionInputs check", &bytes, || {
            let (account, header, chain, notes, ..) = inputs.into_parts();
            TransactionInputs::new(account, header, chain, notes)
                .map_err(|error| error.to_string())?;
            Ok((vec![], vec![]))
        })?;
    }
    Ok(())
}
