//! Random and boundary values of every type that needs no chain.

use std::collections::BTreeMap;

use miden_protocol::account::delta::AccountUpdateDetails;
use miden_protocol::account::{
    Account, AccountCode, AccountDelta, AccountHeader, AccountId, AccountIdVersion, AccountStorage,
    AccountStorageDelta, AccountStorageHeader, AccountType, AccountVaultDelta, PartialAccount,
    PartialStorage, PartialStorageMap, StorageMap, StorageMapDelta, StorageMapKey, StorageSlot,
    StorageSlotDelta, StorageSlotHeader, StorageSlotName, StorageSlotType,
};
use miden_protocol::asset::{
    Asset, AssetCallbackFlag, AssetVault, FungibleAsset, NonFungibleAsset, PartialVault,
};
use miden_protocol::batch::{BatchAccountUpdate, BatchId, ProvenBatch};
use miden_protocol::block::account_tree::AccountWitness;
use miden_protocol::block::{
    AccountUpdateWitness, BlockAccountUpdate, BlockBody, BlockHeader, BlockNumber, FeeParameters,
    OutputNoteBatch, SignedBlock,
};
use miden_protocol::crypto::dsa::ecdsa_k256_keccak::SigningKey;
use miden_protocol::crypto::merkle::SparseMerklePath;
use miden_protocol::crypto::merkle::smt::{Smt, SmtLeaf};
use miden_protocol::crypto::merkle::store::MerkleStore;
use miden_protocol::note::{
    Note, NoteAssets, NoteAttachment, NoteAttachmentScheme, NoteAttachments, NoteDetails,
    NoteHeader, NoteInclusionProof, NoteMetadata, NoteRecipient, NoteScript, NoteStorage, NoteTag,
    NoteType, PartialNote, PartialNoteMetadata,
};
use miden_protocol::transaction::{
    InputNoteCommitment, InputNotes, OrderedTransactionHeaders, OutputNote, OutputNotes,
    PrivateOutputNote, ProvenTransaction, PublicOutputNote, TransactionArgs, TransactionHeader,
    TransactionScript, TxAccountUpdate,
};
use miden_protocol::utils::serde::{ByteWriter, Deserializable, Serializable};
use miden_protocol::vm::{AdviceInputs, AdviceMap, ExecutionProof};
use miden_protocol::{Felt, Word};
use miden_standards::note::{BurnNote, MintNote, P2idNote, P2ideNote, PswapNote, SwapNote};
use rand::Rng;
use rand_chacha::ChaCha20Rng;

use crate::Outcome;
use crate::record::Oracle;
use crate::world::World;

type R = ChaCha20Rng;

const P: u64 = 0xffff_ffff_0000_0001;

pub fn felt(rng: &mut R) -> Felt {
    let value = match rng.random_range(0..8) {
        0 => [0, 1, P - 1, P - 2, 0xffff_ffff, 1 << 32, 1 << 63][rng.random_range(0..7)],
        1 => rng.random_range(0..1000),
        _ => rng.random_range(0..P),
    };
    Felt::new(value).expect("below p")
}

pub fn word(rng: &mut R) -> Word {
    match rng.random_range(0..20) {
        0 => Word::default(),
        1 => Word::from([rng.random::<u32>(), 0, 0, 0]),
        _ => Word::from([felt(rng), felt(rng), felt(rng), felt(rng)]),
    }
}

/// Any type whose encoding is one word.
pub fn named<T: Deserializable>(rng: &mut R) -> T {
    T::read_from_bytes(&word(rng).to_bytes()).expect("a word")
}

pub fn pick<'a, T>(rng: &mut R, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

/// Mostly few, now and then none or the most.
fn count(rng: &mut R, most: usize) -> usize {
    match rng.random_range(0..24) {
        0 => 0,
        1 => most,
        _ => rng.random_range(0..=most.min(6)),
    }
}

pub fn account_id(rng: &mut R, kind: AccountType) -> AccountId {
    let bytes = match rng.random_range(0..16) {
        0 => [0; 15],
        1 => [0xff; 15],
        _ => rng.random(),
    };
    AccountId::dummy(bytes, AccountIdVersion::Version1, kind)
}

pub fn any_account_id(rng: &mut R) -> AccountId {
    let kind = if rng.random() { AccountType::Public } else { AccountType::Private };
    account_id(rng, kind)
}

fn callbacks(rng: &mut R) -> AssetCallbackFlag {
    if rng.random() { AssetCallbackFlag::Enabled } else { AssetCallbackFlag::Disabled }
}

pub fn fungible(rng: &mut R) -> FungibleAsset {
    let most = (1u64 << 63) - (1 << 31);
    let amount = match rng.random_range(0..6) {
        0 => [0, 1, most - 1, most][rng.random_range(0..4)],
        1 => rng.random_range(0..1000),
        _ => rng.random_range(0..=most),
    };
    let flag = callbacks(rng);
    FungibleAsset::new(any_account_id(rng), amount).expect("within bounds").with_callbacks(flag)
}

fn non_fungible(rng: &mut R) -> NonFungibleAsset {
    let flag = callbacks(rng);
    NonFungibleAsset::from_parts(any_account_id(rng), word(rng)).with_callbacks(flag)
}

pub fn asset(rng: &mut R) -> Asset {
    if rng.random() { fungible(rng).into() } else { non_fungible(rng).into() }
}

pub fn assets(rng: &mut R, most: usize) -> Vec<Asset> {
    let mut by_key = BTreeMap::new();
    for _ in 0..count(rng, most) {
        let asset = asset(rng);
        by_key.insert(asset.vault_key(), asset);
    }
    by_key.into_values().collect()
}

fn partial_metadata(rng: &mut R, kind: NoteType) -> PartialNoteMetadata {
    let tag = if rng.random_ratio(1, 8) { u32::MAX } else { rng.random() };
    PartialNoteMetadata::new(any_account_id(rng), kind).with_tag(NoteTag::from(tag))
}

fn note_type(rng: &mut R) -> NoteType {
    if rng.random() { NoteType::Public } else { NoteType::Private }
}

pub fn attachment(rng: &mut R) -> NoteAttachment {
    let scheme = [1, 2, 3, 65_534, rng.random_range(1..65_535)][rng.random_range(0..5)];
    let words = (0..count(rng, 128).max(1)).map(|_| word(rng)).collect();
    NoteAttachment::with_words(NoteAttachmentScheme::new(scheme).expect("in range"), words)
        .expect("few words")
}

fn attachments(rng: &mut R) -> NoteAttachments {
    let count = if rng.random() { 0 } else { rng.random_range(0..=4) };
    NoteAttachments::new((0..count).map(|_| attachment(rng)).collect()).expect("few words")
}

fn note_metadata(rng: &mut R, kind: NoteType) -> NoteMetadata {
    NoteMetadata::new(partial_metadata(rng, kind), &attachments(rng))
}

pub fn note_header(rng: &mut R, kind: NoteType) -> NoteHeader {
    NoteHeader::new(named(rng), note_metadata(rng, kind))
}

fn note_assets(rng: &mut R) -> NoteAssets {
    NoteAssets::new(assets(rng, 64)).expect("distinct assets")
}

fn note_storage(rng: &mut R) -> NoteStorage {
    NoteStorage::new((0..count(rng, 1024)).map(|_| felt(rng)).collect()).expect("few items")
}

pub fn note_script(rng: &mut R) -> NoteScript {
    let mut script = match rng.random_range(0..7) {
        0 => P2idNote::script(),
        1 => P2ideNote::script(),
        2 => SwapNote::script(),
        3 => MintNote::script(),
        4 => BurnNote::script(),
        5 => PswapNote::script(),
        _ => NoteScript::mock(),
    };
    if rng.random_ratio(1, 4) {
        script = script.with_advice_map(advice_map(rng));
    }
    if rng.random() {
        script.clear_debug_info();
    }
    script
}

fn recipient(rng: &mut R) -> NoteRecipient {
    NoteRecipient::new(word(rng), note_script(rng), note_storage(rng))
}

pub fn note(rng: &mut R, kind: NoteType) -> Note {
    let metadata = partial_metadata(rng, kind);
    Note::with_attachments(note_assets(rng), metadata, recipient(rng), attachments(rng))
}

pub fn sparse_path(rng: &mut R, depth: u8) -> SparseMerklePath {
    let within = if depth == 64 { u64::MAX } else { (1 << depth) - 1 };
    let mask = match rng.random_range(0..4) {
        0 => within,
        1 => 0,
        _ => rng.random::<u64>() & within,
    };
    let nodes = (0..u32::from(depth) - mask.count_ones()).map(|_| word(rng)).collect();
    SparseMerklePath::from_parts(mask, nodes).expect("as many nodes as the mask leaves")
}

pub fn inclusion_proof(rng: &mut R) -> NoteInclusionProof {
    NoteInclusionProof::new(
        BlockNumber::from(rng.random::<u32>()),
        rng.random(),
        sparse_path(rng, 16),
    )
    .expect("any index")
}

pub fn slot_name(rng: &mut R) -> StorageSlotName {
    let letters = b"abcxyzABCXYZ0189_";
    let component = |rng: &mut R| {
        let mut text = String::from(*pick(rng, &["a", "Z", "m"]));
        for _ in 0..rng.random_range(0..12) {
            text.push(char::from(*pick(rng, letters)));
        }
        text
    };
    let components: Vec<_> = (0..rng.random_range(2..5)).map(|_| component(rng)).collect();
    StorageSlotName::new(components.join("::")).expect("a valid name")
}

pub fn storage_map(rng: &mut R) -> StorageMap {
    let entries: BTreeMap<StorageMapKey, Word> =
        (0..count(rng, 40)).map(|_| (StorageMapKey::new(word(rng)), word(rng))).collect();
    StorageMap::with_entries(entries.into_iter()).expect("distinct keys")
}

pub fn slot(rng: &mut R) -> StorageSlot {
    let name = slot_name(rng);
    if rng.random() {
        StorageSlot::with_value(name, word(rng))
    } else {
        StorageSlot::with_map(name, storage_map(rng))
    }
}

fn account_storage(rng: &mut R) -> AccountStorage {
    let slots: BTreeMap<StorageSlotName, StorageSlot> =
        (0..count(rng, 30)).map(|_| slot(rng)).map(|slot| (slot.name().clone(), slot)).collect();
    AccountStorage::new(slots.into_values().collect()).expect("distinct names")
}

fn storage_header(rng: &mut R) -> AccountStorageHeader {
    let most = if rng.random_ratio(1, 20) { 255 } else { count(rng, 30) };
    let slots: BTreeMap<StorageSlotName, StorageSlotHeader> = (0..most)
        .map(|_| {
            let kind = if rng.random() { StorageSlotType::Map } else { StorageSlotType::Value };
            let name = slot_name(rng);
            (name.clone(), StorageSlotHeader::new(name, kind, word(rng)))
        })
        .collect();
    AccountStorageHeader::new(slots.into_values().collect()).expect("sorted and distinct")
}

pub fn vault(rng: &mut R) -> AssetVault {
    // An amount of nothing only alone: in a leaf with other assets the reference's root depends on how
    // the tree is built (spec/crypto.md §14, 6).
    let mut assets = assets(rng, 40);
    if assets.len() > 1 {
        assets.retain(|asset| asset.to_value_word() != Word::default());
    }
    AssetVault::new(&assets).expect("distinct assets")
}

pub fn nonzero_nonce(rng: &mut R) -> Felt {
    Felt::new(rng.random_range(1..P)).expect("below p")
}

pub fn map_delta(rng: &mut R) -> StorageMapDelta {
    let entries = (0..count(rng, 40)).map(|_| (StorageMapKey::new(word(rng)), word(rng))).collect();
    StorageMapDelta::new(entries)
}

fn storage_delta(rng: &mut R) -> AccountStorageDelta {
    let deltas = (0..count(rng, 30))
        .map(|_| {
            let delta = if rng.random() {
                StorageSlotDelta::Value(word(rng))
            } else {
                StorageSlotDelta::Map(map_delta(rng))
            };
            (slot_name(rng), delta)
        })
        .collect();
    AccountStorageDelta::from_raw(deltas)
}

fn vault_delta(rng: &mut R) -> AccountVaultDelta {
    let mut delta = AccountVaultDelta::default();
    for asset in assets(rng, 30) {
        let changed = if rng.random() { delta.add_asset(asset) } else { delta.remove_asset(asset) };
        changed.expect("each asset once");
    }
    delta
}

pub fn account_delta(rng: &mut R, world: &World, id: AccountId) -> AccountDelta {
    let (storage, vault) = (storage_delta(rng), vault_delta(rng));
    let code = rng.random_ratio(1, 4).then(|| pick(rng, &world.codes).clone());
    AccountDelta::new(id, storage, vault, nonzero_nonce(rng)).expect("a nonce").with_code(code)
}

pub fn update_details(rng: &mut R, world: &World, id: AccountId) -> AccountUpdateDetails {
    if id.is_private() {
        AccountUpdateDetails::Private
    } else {
        AccountUpdateDetails::Delta(account_delta(rng, world, id))
    }
}

pub fn account(rng: &mut R, world: &World) -> Account {
    let code: &AccountCode = pick(rng, &world.codes);
    Account::new_unchecked(
        any_account_id(rng),
        vault(rng),
        account_storage(rng),
        code.clone(),
        nonzero_nonce(rng),
        None,
    )
}

fn partial_vault(rng: &mut R, vault: &AssetVault) -> PartialVault {
    if rng.random_ratio(1, 3) {
        return PartialVault::new_full(vault.clone());
    }
    let mut partial = PartialVault::new_minimal(vault);
    for asset in assets_of(vault) {
        if rng.random() {
            partial.add(vault.open(asset.vault_key())).expect("of the same vault");
        }
    }
    if rng.random() {
        partial.add(vault.open(asset(rng).vault_key())).expect("of the same vault");
    }
    partial
}

fn partial_map(rng: &mut R, map: &StorageMap) -> PartialStorageMap {
    if rng.random_ratio(1, 3) {
        return PartialStorageMap::new_full(map.clone());
    }
    let mut partial = PartialStorageMap::new_minimal(map);
    for (key, _) in map.entries() {
        if rng.random() {
            partial.add(map.open(key)).expect("of the same map");
        }
    }
    partial
}

fn partial_account(rng: &mut R, account: &Account) -> PartialAccount {
    let storage = if rng.random() {
        PartialStorage::new_full(account.storage().clone())
    } else {
        PartialStorage::new_minimal(account.storage())
    };
    let vault = partial_vault(rng, account.vault());
    PartialAccount::new(
        account.id(),
        account.nonce(),
        account.code().clone(),
        storage,
        vault,
        account.seed(),
    )
    .expect("an existing account")
}

pub fn input_commitments(rng: &mut R, most: usize) -> InputNotes<InputNoteCommitment> {
    let notes: BTreeMap<_, _> = (0..count(rng, most))
        .map(|_| {
            let nullifier = named(rng);
            let kind = note_type(rng);
            let header = rng.random::<bool>().then(|| note_header(rng, kind));
            (nullifier, InputNoteCommitment::from_parts_unchecked(nullifier, header))
        })
        .collect();
    InputNotes::new(notes.into_values().collect()).expect("distinct nullifiers")
}

pub fn output_note(rng: &mut R) -> OutputNote {
    if rng.random_ratio(1, 3) {
        OutputNote::Public(PublicOutputNote::new(note(rng, NoteType::Public)).expect("small"))
    } else {
        let header = note_header(rng, NoteType::Private);
        OutputNote::Private(PrivateOutputNote::new(header, attachments(rng)).expect("private"))
    }
}

fn output_notes(rng: &mut R) -> Vec<OutputNote> {
    let notes: BTreeMap<_, _> = (0..rng.random_range(0..4))
        .map(|_| output_note(rng))
        .map(|note| (note.id(), note))
        .collect();
    notes.into_values().collect()
}

fn tx_account_update(rng: &mut R) -> TxAccountUpdate {
    let id = account_id(rng, AccountType::Private);
    TxAccountUpdate::new(id, word(rng), word(rng), word(rng), AccountUpdateDetails::Private)
        .expect("a private account")
}

/// Put together from its parts: proof, hash function, precompile requests (event, data).
fn execution_proof(rng: &mut R) -> ExecutionProof {
    let mut bytes = Vec::new();
    let stark: Vec<u8> = (0..count(rng, 300)).map(|_| rng.random()).collect();
    stark.write_into(&mut bytes);
    bytes.push(rng.random_range(1..=5));
    let requests = rng.random_range(0..3usize);
    bytes.write_usize(requests);
    for _ in 0..requests {
        felt(rng).write_into(&mut bytes);
        vec![rng.random::<u8>(); count(rng, 200)].write_into(&mut bytes);
    }
    ExecutionProof::read_from_bytes(&bytes).unwrap_or_else(|_| ExecutionProof::new_dummy())
}

fn proven_transaction(rng: &mut R) -> Option<ProvenTransaction> {
    let update = tx_account_update(rng);
    ProvenTransaction::new(
        update,
        input_commitments(rng, 6).into_vec(),
        output_notes(rng),
        BlockNumber::from(rng.random::<u32>()),
        word(rng),
        fungible(rng),
        BlockNumber::from(rng.random::<u32>()),
        ExecutionProof::new_dummy(),
    )
    .ok()
}

pub fn transaction_header(rng: &mut R) -> TransactionHeader {
    let outputs = (0..count(rng, 10))
        .map(|_| {
            let kind = note_type(rng);
            note_header(rng, kind)
        })
        .collect();
    TransactionHeader::new(
        any_account_id(rng),
        word(rng),
        word(rng),
        input_commitments(rng, 10),
        outputs,
        fungible(rng),
    )
}

fn ordered_headers(rng: &mut R) -> OrderedTransactionHeaders {
    OrderedTransactionHeaders::new_unchecked(
        (0..rng.random_range(0..4)).map(|_| transaction_header(rng)).collect(),
    )
}

fn advice_map(rng: &mut R) -> AdviceMap {
    let mut entries = BTreeMap::new();
    for _ in 0..rng.random_range(0..4) {
        let felts: Vec<Felt> = (0..rng.random_range(0..9)).map(|_| felt(rng)).collect();
        entries.insert(word(rng), felts);
    }
    AdviceMap::from_iter(entries)
}

fn advice_inputs(rng: &mut R) -> AdviceInputs {
    let map = advice_map(rng);
    let entries = map.iter().map(|(key, felts)| (*key, felts.to_vec()));
    let mut inputs = AdviceInputs::default().with_map(entries);
    inputs.store = MerkleStore::from(&smt(rng, 5));
    inputs
}

fn transaction_args(rng: &mut R) -> TransactionArgs {
    let mut args = TransactionArgs::new(advice_map(rng));
    if rng.random() {
        let script = note_script(rng);
        let script = TransactionScript::from_parts(script.mast(), script.entrypoint());
        args = args.with_tx_script_and_args(script, word(rng));
    }
    let notes = (0..rng.random_range(0..4)).map(|_| (named(rng), word(rng))).collect();
    args.with_note_args(notes).with_auth_args(word(rng))
}

/// Some keys share their leaf.
pub fn entries(rng: &mut R, most: usize) -> Vec<(Word, Word)> {
    let leaves: Vec<Felt> = (0..4).map(|_| felt(rng)).collect();
    let mut by_key = BTreeMap::new();
    for _ in 0..rng.random_range(0..=most) {
        let mut key = word(rng);
        if rng.random_ratio(1, 3) {
            key = Word::from([key[0], key[1], key[2], *pick(rng, &leaves)]);
        }
        by_key.insert(key, word(rng));
    }
    by_key.into_iter().collect()
}

pub fn smt(rng: &mut R, most: usize) -> Smt {
    let mut smt = Smt::new();
    for (key, value) in entries(rng, most) {
        smt.insert(key, value).expect("few entries in a leaf");
    }
    smt
}

/// In an order that does not change from run to run.
pub fn keys_of(smt: &Smt) -> Vec<Word> {
    let mut keys: Vec<Word> = smt.entries().map(|(key, _)| *key).collect();
    keys.sort();
    keys
}

pub fn assets_of(vault: &AssetVault) -> Vec<Asset> {
    let mut assets: Vec<Asset> = vault.assets().collect();
    assets.sort_by_key(Asset::vault_key);
    assets
}

pub fn some_key(rng: &mut R, smt: &Smt) -> Word {
    let keys = keys_of(smt);
    if keys.is_empty() || rng.random_ratio(1, 4) { word(rng) } else { *pick(rng, &keys) }
}

fn leaf(rng: &mut R) -> SmtLeaf {
    let smt = smt(rng, 12);
    let key = some_key(rng, &smt);
    smt.get_leaf(&key)
}

pub fn header(rng: &mut R) -> BlockHeader {
    let key = SigningKey::with_rng(rng).public_key();
    BlockHeader::new(
        rng.random_range(0..3),
        word(rng),
        BlockNumber::from(rng.random::<u32>()),
        word(rng),
        word(rng),
        word(rng),
        word(rng),
        word(rng),
        word(rng),
        key,
        fee_parameters(rng),
        rng.random(),
    )
}

fn fee_parameters(rng: &mut R) -> FeeParameters {
    FeeParameters::new(any_account_id(rng), rng.random())
}

fn note_batch(rng: &mut R) -> OutputNoteBatch {
    let most = if rng.random_ratio(1, 8) { 2000 } else { 1024 };
    (0..rng.random_range(0..3)).map(|_| (rng.random_range(0..most), output_note(rng))).collect()
}

fn block_update(rng: &mut R, world: &World) -> BlockAccountUpdate {
    let id = any_account_id(rng);
    BlockAccountUpdate::new(id, word(rng), update_details(rng, world, id))
}

fn block_body(rng: &mut R, world: &World) -> BlockBody {
    BlockBody::new_unchecked(
        (0..rng.random_range(0..3)).map(|_| block_update(rng, world)).collect(),
        (0..rng.random_range(0..3)).map(|_| note_batch(rng)).collect(),
        (0..count(rng, 20)).map(|_| named(rng)).collect(),
        ordered_headers(rng),
    )
}

fn batch_update(rng: &mut R, world: &World) -> BatchAccountUpdate {
    let id = any_account_id(rng);
    BatchAccountUpdate::new_unchecked(id, word(rng), word(rng), update_details(rng, world, id))
}

fn proven_batch(rng: &mut R, world: &World) -> ProvenBatch {
    let reference = rng.random_range(0..u32::MAX);
    let transactions = ordered_headers(rng);
    let id = BatchId::from_ids(transactions.as_slice().iter().map(|tx| (tx.id(), tx.account_id())));
    let updates = (0..rng.random_range(0..3))
        .map(|_| batch_update(rng, world))
        .map(|update| (update.account_id(), update))
        .collect();
    ProvenBatch::new_unchecked(
        id,
        word(rng),
        BlockNumber::from(reference),
        updates,
        input_commitments(rng, 10),
        output_notes(rng),
        BlockNumber::from(rng.random_range(reference..u32::MAX) + 1),
        transactions,
    )
    .expect("expires later")
}

fn account_witness(rng: &mut R) -> AccountWitness {
    AccountWitness::new(any_account_id(rng), word(rng), sparse_path(rng, 64)).expect("depth 64")
}

/// One of each.
pub fn emit(oracle: &mut Oracle, world: &World) -> Outcome {
    // Values are drawn from a stream of their own: what `oracle` draws for damage leaves them alone.
    let mut own = oracle.rng.clone();
    own.set_stream(1);
    let rng = &mut own;

    oracle.value(&felt(rng))?;
    oracle.value(&word(rng))?;
    oracle.value(&any_account_id(rng))?;
    oracle.value(&asset(rng).vault_key())?;
    oracle.value(&fungible(rng))?;
    oracle.value(&non_fungible(rng))?;
    oracle.value(&asset(rng))?;
    let key = SigningKey::with_rng(rng);
    oracle.value(&key.public_key())?;
    oracle.value(&key.sign(word(rng)))?;

    let kind = note_type(rng);
    oracle.value(&partial_metadata(rng, kind))?;
    oracle.value(&attachment(rng))?;
    oracle.value(&attachments(rng))?;
    oracle.value(&note_metadata(rng, kind))?;
    oracle.value(&note_header(rng, kind))?;
    oracle.value(&note_assets(rng))?;
    oracle.value(&note_storage(rng))?;
    oracle.value(&note_script(rng))?;
    oracle.value(&recipient(rng))?;
    let note = note(rng, kind);
    oracle.value(&NoteDetails::from(&note))?;
    oracle.value(&note)?;
    oracle.value(&PartialNote::from(note))?;
    oracle.value(&inclusion_proof(rng))?;

    let name = slot_name(rng);
    oracle.value(&name.id())?;
    oracle.value(&name)?;
    let map = storage_map(rng);
    oracle.value(&map)?;
    oracle.value(&partial_map(rng, &map))?;
    oracle.value(&slot(rng))?;
    oracle.value(&StorageSlotHeader::new(name, StorageSlotType::Map, word(rng)))?;
    oracle.value(&storage_header(rng))?;
    oracle.value(&account_storage(rng))?;
    oracle.value(pick(rng, &world.codes))?;
    oracle.value(pick(rng, &world.forests).as_ref())?;
    let header_of =
        AccountHeader::new(any_account_id(rng), felt(rng), word(rng), word(rng), word(rng));
    oracle.value(&header_of)?;
    let vault = vault(rng);
    oracle.value(&vault)?;
    oracle.value(&partial_vault(rng, &vault))?;
    let account = account(rng, world);
    oracle.value(&account)?;
    oracle.value(&partial_account(rng, &account))?;
    oracle.value(&PartialStorage::new_full(account.storage().clone()))?;
    oracle.value(&PartialStorage::new_minimal(account.storage()))?;
    oracle.value(&map_delta(rng))?;
    oracle.value(&storage_delta(rng))?;
    oracle.value(&vault_delta(rng))?;
    let id = any_account_id(rng);
    oracle.value(&account_delta(rng, world, id))?;
    oracle.value(&update_details(rng, world, id))?;

    let depth = [0, 1, 10, 16, 63, 64, rng.random_range(0..=64)][rng.random_range(0..7)];
    oracle.value(&sparse_path(rng, depth))?;
    oracle.value(&leaf(rng))?;
    let smt = smt(rng, 12);
    oracle.value(&smt.open(&some_key(rng, &smt)))?;
    oracle.value(&MerkleStore::from(&smt))?;

    let commitments = input_commitments(rng, 40);
    if let Some(commitment) = commitments.iter().next() {
        oracle.value(commitment)?;
    }
    oracle.value(&commitments)?;
    oracle.value(&output_note(rng))?;
    oracle.value(&OutputNotes::new(output_notes(rng))?)?;
    oracle.value(&tx_account_update(rng))?;
    oracle.value(&ExecutionProof::new_dummy())?;
    oracle.value(&execution_proof(rng))?;
    if let Some(transaction) = proven_transaction(rng) {
        oracle.value(&transaction)?;
    }
    oracle.value(&transaction_header(rng))?;
    oracle.value(&ordered_headers(rng))?;
    oracle.value(&advice_inputs(rng))?;
    oracle.value(&transaction_args(rng))?;

    oracle.value(&batch_update(rng, world))?;
    oracle.value(&proven_batch(rng, world))?;
    oracle.value(&block_update(rng, world))?;
    oracle.value(&note_batch(rng))?;
    let body = block_body(rng, world);
    oracle.value(&body)?;
    oracle.value(&fee_parameters(rng))?;
    let header = header(rng);
    oracle.value(&header)?;
    oracle.value(&SignedBlock::new_unchecked(header, body, key.sign(word(rng))))?;
    let witness = account_witness(rng);
    oracle.value(&witness)?;
    let id = any_account_id(rng);
    let details = update_details(rng, world, id);
    oracle.value(&AccountUpdateWitness::new(word(rng), word(rng), witness, details))
}
