//! Operation 8: a validator's second execution of a transaction, from what its sender executed it
//! with (spec/node-and-validator.md §8.2). Nothing outside the inputs is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use miden_protocol::account::{AccountId, PartialAccount, StorageMapKey, StorageMapWitness};
use miden_protocol::asset::{AssetVaultKey, AssetWitness};
use miden_protocol::block::{BlockHeader, BlockNumber};
use miden_protocol::note::{NoteScript, NoteScriptRoot};
use miden_protocol::transaction::{
    AccountInputs, ExecutedTransaction, PartialBlockchain, TransactionHeader, TransactionInputs,
};
use miden_protocol::utils::serde::{ByteWriter, Serializable};
use miden_protocol::{MAX_TX_EXECUTION_CYCLES, MastForest, Word};
use miden_tx::auth::UnreachableAuth;
use miden_tx::{
    DataStore, DataStoreError, ExecutionOptions, MastForestStore, TransactionExecutor,
    TransactionExecutorError, TransactionMastStore,
};

use crate::abi::{Reply, Slice, answer};
use crate::cycle_limit::limited_to;
use crate::failure::{Failure, decode};
use crate::stack::{block_on, on_deep_stack};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_tx_reexecute(tx_inputs: Slice, reply: *mut Reply) {
    unsafe {
        let bytes = tx_inputs.bytes();
        answer(reply, || on_deep_stack(|| reexecute(bytes)))
    }
}

fn reexecute(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let executed = execute(decode(bytes)?, limited_to(MAX_TX_EXECUTION_CYCLES)?)?;

    let mut answer = Vec::new();
    for part in [
        TransactionHeader::from(&executed).to_bytes(),
        executed.account_delta().to_bytes(),
        executed.input_notes().to_bytes(),
        executed.output_notes().to_bytes(),
    ] {
        answer.write_usize(part.len());
        answer.write_bytes(&part);
    }
    answer.write_u32(executed.block_header().block_num().as_u32());
    Ok(answer)
}

pub fn execute(
    inputs: TransactionInputs,
    options: ExecutionOptions,
) -> Result<ExecutedTransaction, TransactionExecutorError> {
    let account_id = inputs.account().id();
    let ref_block_num = inputs.block_header().block_num();
    let notes = inputs.input_notes().clone();
    let tx_args = inputs.tx_args().clone();

    let source = RecordedInputs::new(inputs);
    let executor = TransactionExecutor::<_, UnreachableAuth>::new(&source).with_options(options)?;
    block_on(executor.execute_transaction(account_id, ref_block_num, notes, tx_args))
}

/// Answers execution's questions from recorded inputs.
struct RecordedInputs {
    inputs: TransactionInputs,
    code: TransactionMastStore,
}

impl RecordedInputs {
    fn new(inputs: TransactionInputs) -> Self {
        let code = TransactionMastStore::new();
        code.load_account_code(inputs.account().code());
        inputs.foreign_account_code().iter().for_each(|foreign| code.load_account_code(foreign));
        Self { inputs, code }
    }
}

impl DataStore for RecordedInputs {
    async fn get_transaction_inputs(
        &self,
        account_id: AccountId,
        _ref_blocks: BTreeSet<BlockNumber>,
    ) -> Result<(PartialAccount, BlockHeader, PartialBlockchain), DataStoreError> {
        if account_id != self.inputs.account().id() {
            return Err(DataStoreError::AccountNotFound(account_id));
        }
        Ok((
            self.inputs.account().clone(),
            self.inputs.block_header().clone(),
            self.inputs.blockchain().clone(),
        ))
    }

    async fn get_foreign_account_inputs(
        &self,
        account_id: AccountId,
        _ref_block: BlockNumber,
    ) -> Result<AccountInputs, DataStoreError> {
        self.inputs.read_foreign_account_inputs(account_id).map_err(|error| {
            DataStoreError::other_with_source("failed to read foreign account inputs", error)
        })
    }

    async fn get_vault_asset_witnesses(
        &self,
        _account_id: AccountId,
        vault_root: Word,
        vault_keys: BTreeSet<AssetVaultKey>,
    ) -> Result<Vec<AssetWitness>, DataStoreError> {
        self.inputs.read_vault_asset_witnesses(vault_root, vault_keys).map_err(|error| {
            DataStoreError::other_with_source("failed to read vault asset witnesses", error)
        })
    }

    // A sender that executed the transaction holds these in its advice, so they are never asked for;
    // the reference panics here, we refuse.
    async fn get_storage_map_witness(
        &self,
        _account_id: AccountId,
        map_root: Word,
        _map_key: StorageMapKey,
    ) -> Result<StorageMapWitness, DataStoreError> {
        Err(DataStoreError::other(format!(
            "the inputs hold no witness for the storage map with root {map_root}"
        )))
    }

    async fn get_note_script(
        &self,
        script_root: NoteScriptRoot,
    ) -> Result<Option<NoteScript>, DataStoreError> {
        Err(DataStoreError::other(format!(
            "the inputs hold no note script with root {script_root}"
        )))
    }
}

impl MastForestStore for RecordedInputs {
    fn get(&self, procedure_root: &Word) -> Option<Arc<MastForest>> {
        self.code.get(procedure_root)
    }
}
