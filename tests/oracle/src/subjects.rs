//! The types that are compared, and the words that each of them is asked for.

use miden_protocol::account::delta::AccountUpdateDetails;
use miden_protocol::account::{
    Account, AccountCode, AccountDelta, AccountHeader, AccountId, AccountStorage,
    AccountStorageDelta, AccountStorageHeader, AccountVaultDelta, PartialAccount, PartialStorage,
    PartialStorageMap, StorageMap, StorageMapDelta, StorageSlot, StorageSlotHeader, StorageSlotId,
    StorageSlotName,
};
use miden_protocol::asset::{
    Asset, AssetVault, AssetVaultKey, FungibleAsset, NonFungibleAsset, PartialVault,
};
use miden_protocol::batch::{BatchAccountUpdate, OrderedBatches, ProposedBatch, ProvenBatch};
use miden_protocol::block::account_tree::AccountWitness;
use miden_protocol::block::{
    AccountUpdateWitness, BlockAccountUpdate, BlockBody, BlockHeader, BlockInputs, FeeParameters,
    OutputNoteBatch, ProposedBlock, SignedBlock,
};
use miden_protocol::crypto::dsa::ecdsa_k256_keccak::{PublicKey, Signature};
use miden_protocol::crypto::merkle::SparseMerklePath;
use miden_protocol::crypto::merkle::mmr::PartialMmr;
use miden_protocol::crypto::merkle::smt::{PartialSmt, SmtLeaf, SmtProof};
use miden_protocol::crypto::merkle::store::MerkleStore;
use miden_protocol::note::{
    Note, NoteAssets, NoteAttachment, NoteAttachments, NoteDetails, NoteHeader, NoteInclusionProof,
    NoteMetadata, NoteRecipient, NoteScript, NoteStorage, PartialNote, PartialNoteMetadata,
};
use miden_protocol::transaction::{
    InputNote, InputNoteCommitment, InputNotes, OrderedTransactionHeaders, OutputNote, OutputNotes,
    PartialBlockchain, ProvenTransaction, TransactionArgs, TransactionHeader, TransactionInputs,
    TxAccountUpdate,
};
use miden_protocol::vm::{AdviceInputs, ExecutionProof};
use miden_protocol::{Felt, MastForest, Word, ZERO};

use crate::record::{Subject, survives};

macro_rules! subjects {
    ($($type:ty as $name:literal $(, unordered if |$it:ident| $unordered:expr)?
       => |$value:ident| $words:expr;)*) => {
        $(impl Subject for $type {
            const NAME: &'static str = $name;
            fn words(&self) -> Vec<Word> {
                let $value = self;
                Vec::<Word>::from($words)
            }
            $(fn is_unordered(&self) -> bool {
                let $it = self;
                $unordered
            })?
        })*
    };
}

const NONE: [Word; 0] = [];

fn limbs(first: Felt, second: Felt) -> Word {
    Word::from([first, second, ZERO, ZERO])
}

fn vault_is_unordered(vault: &AssetVault) -> bool {
    vault.num_assets() > 1
}

subjects! {
    Felt as "Felt" => |_it| NONE;
    Word as "Word" => |it| [*it];
    AccountId as "AccountId" => |it| [limbs(it.prefix().as_felt(), it.suffix())];
    AssetVaultKey as "AssetVaultKey" => |it| [it.to_word()];
    FungibleAsset as "FungibleAsset" => |it| [it.to_key_word(), it.to_value_word()];
    NonFungibleAsset as "NonFungibleAsset" => |it| [it.to_key_word(), it.to_value_word()];
    Asset as "Asset" => |it| [it.to_key_word(), it.to_value_word()];
    PublicKey as "PublicKey" => |it| [it.to_commitment()];
    Signature as "Signature" => |_it| NONE;

    PartialNoteMetadata as "PartialNoteMetadata" => |_it| NONE;
    NoteAttachment as "NoteAttachment" => |it| [it.to_commitment()];
    NoteAttachments as "NoteAttachments" => |it| [it.to_commitment()];
    NoteMetadata as "NoteMetadata" => |it| [it.to_metadata_word(), it.to_commitment()];
    NoteHeader as "NoteHeader" => |it| [it.id().as_word()];
    NoteAssets as "NoteAssets" => |it| [it.commitment()];
    NoteStorage as "NoteStorage" => |it| [it.commitment()];
    MastForest as "MastForest" => |it| it.procedure_digests().take(200).collect::<Vec<_>>();
    NoteScript as "NoteScript" => |it| [Word::from(it.root())];
    NoteRecipient as "NoteRecipient" => |it| [it.digest()];
    NoteDetails as "NoteDetails" => |it| [it.commitment().as_word()];
    Note as "Note" => |it| [
        it.id().as_word(), it.nullifier().as_word(), it.details_commitment().as_word(),
        it.metadata().to_commitment()];
    PartialNote as "PartialNote" => |it| [it.id().as_word()];
    NoteInclusionProof as "NoteInclusionProof" => |_it| NONE;

    StorageSlotId as "StorageSlotId" => |it| [limbs(it.prefix(), it.suffix())];
    StorageSlotName as "StorageSlotName" => |it| [limbs(it.id().prefix(), it.id().suffix())];
    StorageMap as "StorageMap" => |it| [it.root()];
    StorageSlot as "StorageSlot" => |it| [it.value()];
    StorageSlotHeader as "StorageSlotHeader" => |it| [it.value()];
    AccountStorageHeader as "AccountStorageHeader" => |it| [it.to_commitment()];
    AccountStorage as "AccountStorage" => |it| [it.to_commitment()];
    AccountCode as "AccountCode" => |it| [it.commitment()];
    AccountHeader as "AccountHeader" => |it| [it.to_commitment()];
    AssetVault as "AssetVault", unordered if |it| vault_is_unordered(it) => |it| [it.root()];
    Account as "Account", unordered if |it| vault_is_unordered(it.vault()) =>
        |it| [it.to_commitment(), it.initial_commitment()];
    StorageMapDelta as "StorageMapDelta" => |_it| NONE;
    AccountStorageDelta as "AccountStorageDelta" => |_it| NONE;
    AccountVaultDelta as "AccountVaultDelta" => |_it| NONE;
    AccountDelta as "AccountDelta" => |it| [it.to_commitment()];
    AccountUpdateDetails as "AccountUpdateDetails" => |_it| NONE;
    PartialVault as "PartialVault", unordered if |_it| true => |it| [it.root()];
    PartialStorageMap as "PartialStorageMap", unordered if |_it| true => |it| [it.root()];
    PartialStorage as "PartialStorage", unordered if |it| it.maps().next().is_some() =>
        |it| [it.commitment()];
    PartialAccount as "PartialAccount", unordered if |_it| true =>
        |it| [it.to_commitment()];

    SparseMerklePath as "SparseMerklePath" =>
        |it| [it.compute_root(0, Word::from([1u32, 2, 3, 4])).unwrap()];
    SmtLeaf as "SmtLeaf" => |it| [it.hash()];
    SmtProof as "SmtProof" => |it| [it.compute_root()];
    PartialSmt as "PartialSmt", unordered if |_it| true => |it| [it.root()];
    PartialMmr as "PartialMmr" => |it| [it.peaks().hash_peaks()];
    MerkleStore as "MerkleStore", unordered if |_it| true => |_it| NONE;

    InputNoteCommitment as "InputNoteCommitment" => |_it| NONE;
    InputNotes<InputNoteCommitment> as "InputNoteCommitments" => |it| [it.commitment()];
    OutputNote as "OutputNote" => |it| [it.id().as_word()];
    OutputNotes as "OutputNotes" => |it| [it.commitment()];
    TxAccountUpdate as "TxAccountUpdate" => |_it| NONE;
    ExecutionProof as "ExecutionProof" => |_it| NONE;
    ProvenTransaction as "ProvenTransaction" => |it| [it.id().as_word()];
    TransactionHeader as "TransactionHeader" => |it| [it.id().as_word()];
    OrderedTransactionHeaders as "OrderedTransactionHeaders" => |it| [it.commitment()];
    InputNote as "InputNote" => |it| [it.id().as_word()];
    InputNotes<InputNote> as "InputNotes" => |_it| NONE;
    AdviceInputs as "AdviceInputs", unordered if |_it| true => |_it| NONE;
    TransactionArgs as "TransactionArgs", unordered if |_it| true => |_it| NONE;
    TransactionInputs as "TransactionInputs", unordered if |_it| true =>
        |it| [it.account().to_commitment(), it.block_header().commitment()];
    PartialBlockchain as "PartialBlockchain" => |it| [it.peaks().hash_peaks()];

    BatchAccountUpdate as "BatchAccountUpdate" => |_it| NONE;
    ProposedBatch as "ProposedBatch" => |it| [it.id().as_word()];
    ProvenBatch as "ProvenBatch" => |it| [it.id().as_word(), it.transactions().commitment()];
    OrderedBatches as "OrderedBatches" => |it| [it.to_transactions().commitment()];

    BlockAccountUpdate as "BlockAccountUpdate" => |_it| NONE;
    OutputNoteBatch as "OutputNoteBatch" => |_it| NONE;
    // The second word is zero where the notes give no tree.
    BlockBody as "BlockBody" => |it| [
        it.transaction_commitment(),
        survives(|| it.compute_block_note_tree().root()).unwrap_or_default()];
    FeeParameters as "FeeParameters" => |_it| NONE;
    BlockHeader as "BlockHeader" => |it| [it.commitment(), it.sub_commitment()];
    SignedBlock as "SignedBlock" => |it| [it.header().commitment()];
    AccountWitness as "AccountWitness" => |it| [it.clone().into_proof().compute_root()];
    AccountUpdateWitness as "AccountUpdateWitness" => |_it| NONE;
    BlockInputs as "BlockInputs" => |_it| NONE;
    // Zero where the proposal gives no block.
    ProposedBlock as "ProposedBlock" => |it| [
        survives(|| it.clone().into_header_and_body().ok())
            .flatten()
            .map(|(header, _)| header.commitment())
            .unwrap_or_default()];
}
