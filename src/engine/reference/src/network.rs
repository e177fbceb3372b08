//! Operations 7 and 9 as a network transaction builder needs them: of these notes, which can the
//! account consume, and what comes of consuming those (spec/ntx-builder.md §11–§14, §20).

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ffi::c_void;
use std::sync::{Arc, Mutex};

use miden_protocol::account::{AccountId, PartialAccount, StorageMapKey, StorageMapWitness};
use miden_protocol::asset::{AssetVaultKey, AssetWitness};
use miden_protocol::block::{BlockHeader, BlockNumber};
use miden_protocol::crypto::merkle::smt::SmtProof;
use miden_protocol::note::{Note, NoteScript, NoteScriptRoot};
use miden_protocol::transaction::{
    AccountInputs, ExecutedTransaction, InputNotes, PartialBlockchain, TransactionArgs,
    TransactionInputs,
};
use miden_protocol::utils::serde::{
    ByteReader, ByteWriter, Deserializable, DeserializationError, Serializable,
};
use miden_protocol::{MastForest, Word};
use miden_tx::auth::UnreachableAuth;
use miden_tx::{
    DataStore, DataStoreError, MastForestStore, NoteCheckerError, NoteConsumptionChecker,
    NoteConsumptionInfo, TransactionExecutor, TransactionExecutorError, TransactionMastStore,
};

use crate::abi::{Reply, Slice, answer};
use crate::cycle_limit::limited_to;
use crate::failure::{Failure, decode, report};
use crate::stack::{block_on, on_deep_stack};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_network_execute(
    request: Slice,
    source: *const Source,
    reply: *mut Reply,
) {
    unsafe {
        let bytes = request.bytes();
        let source = &*source;
        answer(reply, || on_deep_stack(|| execute(decode(bytes)?, source)))
    }
}

fn execute(request: Request, source: &Source) -> Result<Vec<u8>, Failure> {
    let account_id = request.account.id();
    let ref_block_num = request.header.block_num();
    let max_cycles = request.max_cycles;
    let notes = request.notes.clone();
    let tx_args = request.tx_args.clone();
    let data = PinnedData::new(request, source);
    let executor = TransactionExecutor::<_, UnreachableAuth>::new(&data)
        .with_options(limited_to(max_cycles)?)?;

    let checked = block_on(NoteConsumptionChecker::new(&executor).check_notes_consumability(
        account_id,
        ref_block_num,
        notes.clone(),
        tx_args.clone(),
    ))?;

    let mut out = Vec::new();
    write_verdicts(&mut out, &notes, &checked);
    let (successful, _) = checked.into_parts();
    out.write_bool(!successful.is_empty());
    if !successful.is_empty() {
        let consumed = successful.iter().map(|note| note.note().clone()).collect();
        let input_notes = InputNotes::from_unauthenticated_notes(consumed)
            .map_err(|error| Failure::of(36, "InvalidTransactionInputs", &error))?;
        let executed = block_on(executor.execute_transaction(
            account_id,
            ref_block_num,
            input_notes,
            tx_args,
        ))?;
        write_executed(&mut out, executed);
    }
    Ok(out)
}

// REQUEST AND ANSWER
// ================================================================================================

/// PartialAccount ‖ BlockHeader ‖ PartialBlockchain ‖ vec of Note ‖ option of TransactionArgs ‖
/// u32 cycle limit.
struct Request {
    account: PartialAccount,
    header: BlockHeader,
    blockchain: PartialBlockchain,
    notes: Vec<Note>,
    tx_args: TransactionArgs,
    max_cycles: u32,
}

impl Deserializable for Request {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        Ok(Self {
            account: source.read()?,
            header: source.read()?,
            blockchain: source.read()?,
            notes: source.read()?,
            tx_args: source.read::<Option<TransactionArgs>>()?.unwrap_or_default(),
            max_cycles: source.read_u32()?,
        })
    }
}

/// vec of (u32 index ‖ string name ‖ string report ‖ bool whether the source failed ‖ u64 cycles, 0
/// for unknown) of failed notes ‖ vec of (u32 index ‖ u64 cycles) of successful ones, in the order of
/// their execution. Indices count the request's notes.
fn write_verdicts(out: &mut Vec<u8>, notes: &[Note], checked: &NoteConsumptionInfo) {
    let index_of = |note: &Note| {
        notes.iter().position(|known| known.id() == note.id()).unwrap_or(notes.len()) as u32
    };
    out.write_usize(checked.failed().len());
    for failed in checked.failed() {
        out.write_u32(index_of(failed.note()));
        crate::failure::executor_case(failed.error()).1.write_into(out);
        report(failed.error()).write_into(out);
        out.write_bool(is_source_failure(failed.error()));
        out.write_u64(failed.num_cycles().unwrap_or_default() as u64);
    }
    out.write_usize(checked.successful().len());
    for successful in checked.successful() {
        out.write_u32(index_of(successful.note()));
        out.write_u64(successful.num_cycles() as u64);
    }
}

/// id ‖ final account commitment ‖ nonce ‖ u32 expiration block ‖ u64 cycles in all, then each
/// length-prefixed: TransactionInputs, AccountDelta, TransactionHeader.
pub fn write_executed(out: &mut Vec<u8>, executed: ExecutedTransaction) {
    executed.id().write_into(out);
    executed.final_account().to_commitment().write_into(out);
    executed.final_account().nonce().write_into(out);
    out.write_u32(executed.expiration_block_num().as_u32());
    out.write_u64(executed.measurements().total_cycles() as u64);
    let header = miden_protocol::transaction::TransactionHeader::from(&executed).to_bytes();
    let delta = executed.account_delta().to_bytes();
    let inputs = TransactionInputs::from(executed).to_bytes();
    for part in [inputs, delta, header] {
        out.write_usize(part.len());
        out.write_bytes(&part);
    }
}

impl From<NoteCheckerError> for Failure {
    fn from(error: NoteCheckerError) -> Self {
        let (status, name) = match &error {
            NoteCheckerError::InputNoteCountOutOfRange(_) => (60, "InputNoteCountOutOfRange"),
            NoteCheckerError::TransactionPreparation(_) => (61, "TransactionPreparation"),
            NoteCheckerError::PrologueExecution(_) => (62, "PrologueExecution"),
        };
        Self::of(status, name, &error)
    }
}

/// Did one of the source's callbacks fail, rather than the note?
fn is_source_failure(error: &TransactionExecutorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = match error {
        // Shown by its text, not as a source.
        TransactionExecutorError::TransactionProgramExecutionFailed(error) => Some(error),
        error => error.source(),
    };
    while let Some(error) = cause {
        if error.is::<SourceFailure>() {
            return true;
        }
        cause = error.source();
    }
    false
}

// THE DATA
// ================================================================================================

/// Collects what a callback answers.
#[derive(Default)]
pub struct Sink(Vec<Vec<u8>>);

/// # Safety
/// `sink` is the one a running callback was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_sink_put(sink: *mut Sink, bytes: Slice) {
    unsafe { (*sink).0.push(bytes.bytes().to_vec()) };
}

type Callback2 = unsafe extern "C" fn(*mut c_void, Slice, u32, *mut Sink) -> i32;
type Callback3 = unsafe extern "C" fn(*mut c_void, Slice, Slice, Slice, *mut Sink) -> i32;
type Callback1 = unsafe extern "C" fn(*mut c_void, Slice, *mut Sink) -> i32;

/// `me_source` of miden_engine.h.
#[repr(C)]
pub struct Source {
    context: *mut c_void,
    foreign_account: Callback2,
    vault_witnesses: Callback3,
    map_witness: Callback3,
    note_script: Callback1,
}

// SAFETY: the engine calls from one thread at a time, which is not the caller's.
unsafe impl Send for Source {}
unsafe impl Sync for Source {}

/// Marks errors that came from the source.
#[derive(Debug)]
struct SourceFailure(String);

impl std::fmt::Display for SourceFailure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for SourceFailure {}

/// What a run executes on: the request's own state, and answers of the source. All of it is pinned to
/// one block, so an answer once given holds for the rest of the call and is kept.
struct PinnedData<'call> {
    request: Request,
    source: &'call Source,
    code: TransactionMastStore,
    answers: Mutex<BTreeMap<Vec<u8>, Arc<Vec<Vec<u8>>>>>,
}

impl<'call> PinnedData<'call> {
    fn new(request: Request, source: &'call Source) -> Self {
        let code = TransactionMastStore::new();
        code.load_account_code(request.account.code());
        Self { request, source, code, answers: Mutex::default() }
    }

    /// `question` tells the questions of one call apart. None: the source says there is no such thing.
    fn ask(
        &self,
        question: Vec<u8>,
        callback: impl FnOnce(*mut c_void, *mut Sink) -> i32,
    ) -> Result<Option<Arc<Vec<Vec<u8>>>>, DataStoreError> {
        let mut answers = self.answers.lock().expect("no panic happens under this lock");
        if let Some(known) = answers.get(&question) {
            return Ok(Some(known.clone()));
        }
        let mut sink = Sink::default();
        match callback(self.source.context, &mut sink) {
            0 => {
                let answer = Arc::new(sink.0);
                answers.insert(question, answer.clone());
                Ok(Some(answer))
            }
            1 => Ok(None),
            _ => {
                let text = sink.0.into_iter().next().unwrap_or_default();
                Err(source_failure(String::from_utf8_lossy(&text).into_owned()))
            }
        }
    }
}

fn source_failure(text: String) -> DataStoreError {
    DataStoreError::other_with_source("the data source failed", SourceFailure(text))
}

fn decode_answer<T: Deserializable>(bytes: &[u8]) -> Result<T, DataStoreError> {
    T::read_from_bytes(bytes)
        .map_err(|error| source_failure(format!("undecodable answer: {error}")))
}

fn one_answer<T: Deserializable>(answer: &[Vec<u8>]) -> Result<T, DataStoreError> {
    match answer {
        [bytes] => decode_answer(bytes),
        _ => Err(source_failure(format!("{} answers where one is due", answer.len()))),
    }
}

fn question(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    std::iter::once(kind).chain(parts.concat()).collect()
}

fn no_answer() -> DataStoreError {
    source_failure("the data source does not have it".to_owned())
}

impl DataStore for PinnedData<'_> {
    async fn get_transaction_inputs(
        &self,
        account_id: AccountId,
        ref_blocks: BTreeSet<BlockNumber>,
    ) -> Result<(PartialAccount, BlockHeader, PartialBlockchain), DataStoreError> {
        let Request { account, header, blockchain, .. } = &self.request;
        if account_id != account.id() {
            return Err(DataStoreError::AccountNotFound(account_id));
        }
        match ref_blocks.last() {
            Some(number) if *number == header.block_num() => {
                Ok((account.clone(), header.clone(), blockchain.clone()))
            }
            Some(number) => Err(DataStoreError::BlockNotFound(*number)),
            None => Err(DataStoreError::other("no reference block was asked for")),
        }
    }

    async fn get_foreign_account_inputs(
        &self,
        account_id: AccountId,
        ref_block: BlockNumber,
    ) -> Result<AccountInputs, DataStoreError> {
        let id = account_id.to_bytes();
        let number = ref_block.as_u32();
        let answer = self
            .ask(question(0, &[&id, &number.to_le_bytes()]), |context, sink| unsafe {
                (self.source.foreign_account)(context, Slice::borrow(&id), number, sink)
            })?
            .ok_or(DataStoreError::AccountNotFound(account_id))?;
        let inputs: AccountInputs = one_answer(&answer)?;
        self.code.load_account_code(inputs.code());
        Ok(inputs)
    }

    async fn get_vault_asset_witnesses(
        &self,
        account_id: AccountId,
        vault_root: Word,
        vault_keys: BTreeSet<AssetVaultKey>,
    ) -> Result<Vec<AssetWitness>, DataStoreError> {
        if vault_keys.is_empty() {
            return Ok(Vec::new());
        }
        let (id, root) = (account_id.to_bytes(), vault_root.to_bytes());
        let keys: Vec<u8> = vault_keys.iter().flat_map(|key| key.to_word().to_bytes()).collect();
        let answer = self
            .ask(question(1, &[&id, &root, &keys]), |context, sink| unsafe {
                (self.source.vault_witnesses)(
                    context,
                    Slice::borrow(&id),
                    Slice::borrow(&root),
                    Slice::borrow(&keys),
                    sink,
                )
            })?
            .ok_or_else(no_answer)?;
        answer.iter().map(|witness| decode_answer(witness)).collect()
    }

    async fn get_storage_map_witness(
        &self,
        account_id: AccountId,
        map_root: Word,
        map_key: StorageMapKey,
    ) -> Result<StorageMapWitness, DataStoreError> {
        let (id, root) = (account_id.to_bytes(), map_root.to_bytes());
        let key = map_key.to_bytes();
        let answer = self
            .ask(question(2, &[&id, &root, &key]), |context, sink| unsafe {
                (self.source.map_witness)(
                    context,
                    Slice::borrow(&id),
                    Slice::borrow(&root),
                    Slice::borrow(&key),
                    sink,
                )
            })?
            .ok_or_else(no_answer)?;
        let proof: SmtProof = one_answer(&answer)?;
        StorageMapWitness::new(proof, [map_key])
            .map_err(|error| source_failure(format!("a proof of another key: {error}")))
    }

    async fn get_note_script(
        &self,
        script_root: NoteScriptRoot,
    ) -> Result<Option<NoteScript>, DataStoreError> {
        let root = Word::from(script_root).to_bytes();
        let answer = self.ask(question(3, &[&root]), |context, sink| unsafe {
            (self.source.note_script)(context, Slice::borrow(&root), sink)
        })?;
        answer.map(|script| one_answer(&script)).transpose()
    }
}

impl MastForestStore for PinnedData<'_> {
    fn get(&self, procedure_root: &Word) -> Option<Arc<MastForest>> {
        self.code.get(procedure_root)
    }
}
