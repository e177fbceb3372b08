//! A small chain of the reference, and what its transactions, batches and blocks are made of.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use miden_protocol::account::auth::AuthScheme;
use miden_protocol::account::delta::AccountUpdateDetails;
use miden_protocol::account::{
    Account, AccountCode, AccountDelta, AccountId, AccountType, PartialAccount,
};
use miden_protocol::asset::{Asset, FungibleAsset};
use miden_protocol::batch::{OrderedBatches, ProposedBatch, ProvenBatch};
use miden_protocol::block::{BlockInputs, ProposedBlock, SignedBlock};
use miden_protocol::crypto::rand::RandomCoin;
use miden_protocol::note::{Note, NoteAttachments, NoteType};
use miden_protocol::testing::account_id::ACCOUNT_ID_PUBLIC_FUNGIBLE_FAUCET;
use miden_protocol::transaction::{
    ExecutedTransaction, InputNote, ProvenTransaction, RawOutputNote, TransactionHeader,
    TransactionInputs, TransactionKernel,
};
use miden_protocol::{CoreLibrary, MastForest, ProtocolLib};
use miden_standards::account::interface::{AccountInterface, AccountInterfaceExt};
use miden_standards::account::wallets::BasicWallet;
use miden_standards::note::P2idNote;
use miden_testing::{AccountState, Auth, MockChain, TxContextInput};
use miden_tx::LocalTransactionProver;
use rand::Rng;
use rand_chacha::ChaCha20Rng;

use crate::Outcome;
use crate::record::Oracle;
use crate::values::{pick, word};

pub struct World {
    pub codes: Vec<AccountCode>,
    pub forests: Vec<Arc<MastForest>>,
    pub accounts: Vec<Account>,
    deltas: Vec<AccountDelta>,
    pub inputs: Vec<TransactionInputs>,
    input_notes: Vec<InputNote>,
    pub transactions: Vec<ProvenTransaction>,
    pub proposed_batches: Vec<ProposedBatch>,
    pub proven_batches: Vec<ProvenBatch>,
    block_inputs: Vec<BlockInputs>,
    proposed_blocks: Vec<ProposedBlock>,
    /// Inputs, batches and timestamp of each.
    pub proposals: Vec<(BlockInputs, Vec<ProvenBatch>, u32)>,
    pub blocks: Vec<SignedBlock>,
}

/// The crates' futures wait for nothing here.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the mock chain answers at once"),
    }
}

fn send(
    chain: &MockChain,
    sender: &Account,
    receiver: AccountId,
    asset: Asset,
    kind: NoteType,
    coin: &mut RandomCoin,
) -> Outcome<(ExecutedTransaction, Note)> {
    let attachments = NoteAttachments::default();
    let note = P2idNote::create(sender.id(), receiver, vec![asset], kind, attachments, coin)?;
    let script = AccountInterface::from_account(sender)
        .build_send_notes_script(&[note.clone().into()], None)?;
    let context = chain
        .build_tx_context(sender.clone(), &[], &[])?
        .tx_script(script)
        .extend_expected_output_notes(vec![RawOutputNote::Full(note.clone())])
        .build()?;
    Ok((ready(context.execute())?, note))
}

fn consume(
    chain: &MockChain,
    account: impl Into<TxContextInput>,
    proven: &[&Note],
    unproven: &[Note],
) -> Outcome<ExecutedTransaction> {
    let ids: Vec<_> = proven.iter().map(|note| note.id()).collect();
    Ok(ready(chain.build_tx_context(account, &ids, unproven)?.build()?.execute())?)
}

impl World {
    pub fn build(rng: &mut ChaCha20Rng) -> Outcome<Self> {
        let mut coin = RandomCoin::new(word(rng));
        let faucet = ACCOUNT_ID_PUBLIC_FUNGIBLE_FAUCET.try_into()?;
        let tokens = |amount| FungibleAsset::new(faucet, amount).map(Asset::from);
        let falcon = Auth::BasicAuth { auth_scheme: AuthScheme::Falcon512Poseidon2 };
        let ecdsa = Auth::BasicAuth { auth_scheme: AuthScheme::EcdsaK256Keccak };
        let network = Auth::NetworkAccount {
            allowed_script_roots: BTreeSet::from([P2idNote::script_root()]),
            allowed_tx_script_roots: BTreeSet::new(),
        };

        let mut builder = MockChain::builder();
        let receiver = builder.add_existing_wallet(falcon)?;
        let sender = builder.add_existing_wallet_with_assets(ecdsa, [tokens(1000)?])?;
        let second = builder.add_existing_wallet(Auth::IncrNonce)?;
        let network = builder.add_existing_wallet(network)?;
        let mock = builder.add_existing_mock_account(Auth::IncrNonce)?;
        let faucet_account =
            builder.add_existing_basic_faucet(Auth::IncrNonce, "ABC", 1 << 40, None)?;
        let private = builder.add_account_from_builder(
            Auth::IncrNonce,
            Account::builder(rng.random())
                .account_type(AccountType::Private)
                .with_component(BasicWallet),
            AccountState::Exists,
        )?;
        let created = builder.create_new_wallet(Auth::IncrNonce)?;
        let payment =
            builder.add_p2id_note(sender.id(), receiver.id(), &[tokens(100)?], NoteType::Public)?;
        let secret =
            builder.add_p2id_note(sender.id(), private.id(), &[tokens(7)?], NoteType::Private)?;
        let gift =
            builder.add_p2id_note(sender.id(), created.id(), &[tokens(8)?], NoteType::Public)?;
        let mut chain = builder.build()?;
        chain.prove_until_block(3u32)?;

        let received = consume(&chain, receiver.id(), &[&payment], &[])?;
        let (sent, on_the_way) =
            send(&chain, &sender, second.id(), tokens(11)?, NoteType::Public, &mut coin)?;
        let passed_on = consume(&chain, second.id(), &[], &[on_the_way])?;
        let hidden = consume(&chain, private.clone(), &[], &[secret])?;
        let born = consume(&chain, created.clone(), &[&gift], &[])?;
        let (sent_in_secret, _) =
            send(&chain, &sender, private.id(), tokens(12)?, NoteType::Private, &mut coin)?;
        let executed = [received, sent, passed_on, hidden, born, sent_in_secret];
        let transactions = executed
            .iter()
            .map(|transaction| LocalTransactionProver::default().prove_dummy(transaction.clone()))
            .collect::<Result<Vec<_>, _>>()?;

        // By the transactions' numbers; the note of 1 is consumed by 2, in its batch or a later one.
        let sets: [&[usize]; 9] =
            [&[0], &[1], &[0, 1], &[1, 2], &[3], &[4], &[0, 1, 2, 3, 4], &[5], &[2]];
        let mut proposed_batches = Vec::new();
        for set in sets {
            let chosen: Vec<_> = set.iter().map(|&i| transactions[i].clone()).collect();
            match chain.propose_transaction_batch(chosen) {
                Ok(batch) => proposed_batches.push(batch),
                // The note that 2 consumes is in no block yet; a batch may name it all the same.
                Err(error) => println!("batch {set:?} is not proposed: {error}"),
            }
        }
        let proven_batches = proposed_batches
            .iter()
            .map(|batch| chain.prove_transaction_batch(batch.clone()))
            .collect::<Result<Vec<_>, _>>()?;

        let sets: [&[usize]; 8] = [&[], &[0], &[2, 4], &[3, 5], &[6], &[0, 3, 4, 5], &[7], &[1, 8]];
        let (mut block_inputs, mut proposed_blocks, mut proposals) = (vec![], vec![], vec![]);
        for set in sets {
            let chosen: Vec<_> =
                set.iter().filter_map(|&i| proven_batches.get(i).cloned()).collect();
            let inputs = chain.get_block_inputs(&chosen)?;
            block_inputs.push(inputs.clone());
            let timestamp = chain.latest_block_header().timestamp() + 1 + rng.random_range(0..100);
            proposals.push((inputs.clone(), chosen.clone(), timestamp));
            match ProposedBlock::new_at(inputs, chosen, timestamp) {
                Ok(block) => proposed_blocks.push(block),
                Err(error) => println!("block {set:?} is not proposed: {error}"),
            }
        }

        chain.add_pending_batch(proven_batches[6].clone());
        chain.prove_next_block()?;
        chain.prove_next_block()?;
        let blocks = chain
            .proven_blocks()
            .iter()
            .map(|block| {
                let (header, body, signature, _) = block.clone().into_parts();
                SignedBlock::new_unchecked(header, body, signature)
            })
            .collect();

        let accounts =
            vec![receiver, sender, second, network, mock, faucet_account, private, created];
        let mut codes: Vec<_> = accounts.iter().map(|account| account.code().clone()).collect();
        codes.push(AccountCode::mock());
        let mut forests: Vec<_> = codes.iter().map(AccountCode::mast).collect();
        forests.push(CoreLibrary::default().mast_forest().clone());
        forests.push(ProtocolLib::default().mast_forest().clone());
        forests.push(TransactionKernel::kernel().mast_forest().clone());
        Ok(Self {
            codes,
            forests,
            deltas: executed.iter().map(|it| it.account_delta().clone()).collect(),
            inputs: executed.iter().map(|it| it.tx_inputs().clone()).collect(),
            input_notes: executed.iter().flat_map(|it| it.input_notes().iter().cloned()).collect(),
            accounts,
            transactions,
            proposed_batches,
            proven_batches,
            block_inputs,
            proposed_blocks,
            proposals,
            blocks,
        })
    }

    /// One of each kind.
    pub fn emit(&self, oracle: &mut Oracle) -> Outcome {
        let mut own = oracle.rng.clone();
        own.set_stream(2);
        let rng = &mut own;
        let account = pick(rng, &self.accounts);
        oracle.value(account)?;
        oracle.value(account.storage())?;
        oracle.value(account.vault())?;
        oracle.value(&PartialAccount::from(account))?;
        let delta = pick(rng, &self.deltas);
        oracle.value(delta)?;
        oracle.value(&AccountUpdateDetails::Delta(delta.clone()))?;
        let inputs = pick(rng, &self.inputs);
        oracle.value(inputs)?;
        oracle.value(inputs.input_notes())?;
        oracle.value(inputs.blockchain())?;
        oracle.value(inputs.tx_args())?;
        oracle.value(pick(rng, &self.input_notes))?;
        let transaction = pick(rng, &self.transactions);
        oracle.value(transaction)?;
        oracle.value(&TransactionHeader::from(transaction))?;
        oracle.value(transaction.account_update())?;
        oracle.value(transaction.output_notes())?;
        oracle.value(pick(rng, &self.proposed_batches))?;
        let batch = pick(rng, &self.proven_batches);
        oracle.value(batch)?;
        oracle.value(&OrderedBatches::new(vec![batch.clone()]))?;
        oracle.value(pick(rng, &self.block_inputs))?;
        let block = pick(rng, &self.proposed_blocks);
        oracle.value(block)?;
        oracle.value(block.partial_blockchain())?;
        if let Some((_, witness)) = block.updated_accounts().first() {
            oracle.value(witness)?;
        }
        let block = pick(rng, &self.blocks);
        oracle.value(block)?;
        oracle.value(block.header())?;
        oracle.value(block.body())
    }
}
