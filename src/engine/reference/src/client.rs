//! Operation 7 as a client needs it: a transaction of an account that the caller holds whole, signed
//! with its key.

use std::collections::BTreeSet;
use std::sync::Arc;

use miden_protocol::account::auth::AuthSecretKey;
use miden_protocol::account::{
    Account, AccountId, PartialAccount, StorageMapKey, StorageMapWitness, StorageSlotContent,
};
use miden_protocol::asset::{AssetVaultKey, AssetWitness};
use miden_protocol::block::{BlockHeader, BlockNumber};
use miden_protocol::note::{Note, NoteRecipient, NoteScript, NoteScriptRoot};
use miden_protocol::transaction::{AccountInputs, InputNotes, PartialBlockchain, TransactionArgs};
use miden_protocol::utils::serde::{ByteReader, Deserializable, DeserializationError, SliceReader};
use miden_protocol::{MAX_TX_EXECUTION_CYCLES, MastForest, Word};
use miden_tx::auth::BasicAuthenticator;
use miden_tx::{
    DataStore, DataStoreError, MastForestStore, TransactionExecutor, TransactionMastStore,
};

use crate::abi::{Reply, Slice, answer};
use crate::cycle_limit::limited_to;
use crate::failure::Failure;
use crate::network::write_executed;
use crate::stack::{block_on, on_deep_stack};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_client_execute(request: Slice, reply: *mut Reply) {
    unsafe {
        let bytes = request.bytes();
        answer(reply, || {
            on_deep_stack(|| execute(Request::read_from(&mut SliceReader::new(bytes))?))
        })
    }
}

/// Account ‖ BlockHeader ‖ PartialBlockchain ‖ vec of Note, consumed as unauthenticated ‖ option of
/// TransactionArgs ‖ vec of NoteRecipient of output notes ‖ option of AuthSecretKey.
struct Request {
    account: Account,
    header: BlockHeader,
    blockchain: PartialBlockchain,
    notes: Vec<Note>,
    tx_args: TransactionArgs,
    key: Option<AuthSecretKey>,
}

impl Deserializable for Request {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        let account = source.read()?;
        let header = source.read()?;
        let blockchain = source.read()?;
        let notes = source.read()?;
        let mut tx_args = source.read::<Option<TransactionArgs>>()?.unwrap_or_default();
        let recipients: Vec<NoteRecipient> = source.read()?;
        tx_args.extend_output_note_recipients(recipients.into_iter().map(Box::new));
        let key = source.read()?;
        Ok(Self { account, header, blockchain, notes, tx_args, key })
    }
}

fn execute(request: Request) -> Result<Vec<u8>, Failure> {
    let Request { account, header, blockchain, notes, tx_args, key } = request;
    let account_id = account.id();
    let ref_block_num = header.block_num();
    let input_notes = InputNotes::from_unauthenticated_notes(notes)
        .map_err(|error| Failure::of(36, "InvalidTransactionInputs", &error))?;

    let code = TransactionMastStore::new();
    code.load_account_code(account.code());
    let data = OwnAccount { account, header, blockchain, code };
    let authenticator = key.map(|key| BasicAuthenticator::new(&[key]));
    let mut executor = TransactionExecutor::<_, BasicAuthenticator>::new(&data)
        .with_options(limited_to(MAX_TX_EXECUTION_CYCLES)?)?;
    if let Some(authenticator) = &authenticator {
        executor = executor.with_authenticator(authenticator);
    }

    let executed =
        block_on(executor.execute_transaction(account_id, ref_block_num, input_notes, tx_args))?;
    let mut out = Vec::new();
    write_executed(&mut out, executed);
    Ok(out)
}

struct OwnAccount {
    account: Account,
    header: BlockHeader,
    blockchain: PartialBlockchain,
    code: TransactionMastStore,
}

impl DataStore for OwnAccount {
    async fn get_transaction_inputs(
        &self,
        _account_id: AccountId,
        _ref_blocks: BTreeSet<BlockNumber>,
    ) -> Result<(PartialAccount, BlockHeader, PartialBlockchain), DataStoreError> {
        let account = PartialAccount::from(&self.account);
        Ok((account, self.header.clone(), self.blockchain.clone()))
    }

    async fn get_foreign_account_inputs(
        &self,
        account_id: AccountId,
        _ref_block: BlockNumber,
    ) -> Result<AccountInputs, DataStoreError> {
        Err(DataStoreError::AccountNotFound(account_id))
    }

    async fn get_vault_asset_witnesses(
        &self,
        _account_id: AccountId,
        _vault_root: Word,
        vault_keys: BTreeSet<AssetVaultKey>,
    ) -> Result<Vec<AssetWitness>, DataStoreError> {
        Ok(vault_keys.into_iter().map(|key| self.account.vault().open(key)).collect())
    }

    async fn get_storage_map_witness(
        &self,
        _account_id: AccountId,
        map_root: Word,
        map_key: StorageMapKey,
    ) -> Result<StorageMapWitness, DataStoreError> {
        for slot in self.account.storage().slots() {
            if let StorageSlotContent::Map(map) = slot.content()
                && map.root() == map_root
            {
                return Ok(map.open(&map_key));
            }
        }
        Err(DataStoreError::other(format!("the account has no storage map with root {map_root}")))
    }

    async fn get_note_script(
        &self,
        _script_root: NoteScriptRoot,
    ) -> Result<Option<NoteScript>, DataStoreError> {
        Ok(None)
    }
}

impl MastForestStore for OwnAccount {
    fn get(&self, procedure_root: &Word) -> Option<Arc<MastForest>> {
        self.code.get(procedure_root)
    }
}
