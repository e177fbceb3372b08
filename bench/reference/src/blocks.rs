//! What the reference's store does in memory when it applies a block. Its SQL transaction, the block
//! file and the trees of public accounts' vaults and maps are left out, so this is less than the
//! whole.

use std::collections::VecDeque;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use miden_protocol::block::account_tree::AccountTree;
use miden_protocol::block::nullifier_tree::NullifierTree;
use miden_protocol::block::{Blockchain, SignedBlock};
use miden_protocol::crypto::merkle::smt::{LargeSmt, MemoryStorage};
use miden_protocol::transaction::OutputNote;
use miden_protocol::utils::serde::{Deserializable, Serializable};

use crate::Outcome;

/// Blocks applied before the first that is measured: genesis and some full ones.
const WARM_UP: usize = 5;
/// Blocks of one measurement.
const MEASURED: usize = 2;

/// The file's blocks: a length in four little-endian bytes before each.
pub fn read(path: &Path) -> Outcome<Vec<Vec<u8>>> {
    let bytes = std::fs::read(path)?;
    let mut rest = &bytes[..];
    let mut blocks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let (block, after) = after.split_at_checked(length).ok_or("the blocks are cut off")?;
        blocks.push(block.to_vec());
        rest = after;
    }
    Ok(blocks)
}

pub struct Chain {
    accounts: AccountTree<LargeSmt<MemoryStorage>>,
    nullifiers: NullifierTree<LargeSmt<MemoryStorage>>,
    blockchain: Blockchain,
    blocks: VecDeque<SignedBlock>,
}

impl Chain {
    pub fn open(path: &Path) -> Outcome<Self> {
        eprintln!("  reference: applying the first blocks");
        let blocks = read(path)?
            .iter()
            .map(|bytes| SignedBlock::read_from_bytes(bytes))
            .collect::<Result<VecDeque<_>, _>>()?;
        let mut chain = Self {
            accounts: AccountTree::new_unchecked(LargeSmt::new(MemoryStorage::new())?),
            nullifiers: NullifierTree::new_unchecked(LargeSmt::new(MemoryStorage::new())?),
            blockchain: Blockchain::new(),
            blocks,
        };
        for _ in 0..WARM_UP {
            let block = chain.blocks.pop_front().ok_or("too few blocks")?;
            chain.apply(&block)?;
        }
        Ok(chain)
    }

    /// The shorter time of the next two blocks, and the last's commitment.
    pub fn apply_next(&mut self) -> Outcome<(Duration, String)> {
        let mut shortest = Duration::MAX;
        let mut commitment = String::new();
        for _ in 0..MEASURED {
            let block = self.blocks.pop_front().ok_or("no block is left")?;
            let start = Instant::now();
            self.apply(&block)?;
            shortest = shortest.min(start.elapsed());
            commitment = block.header().commitment().to_hex();
        }
        Ok((shortest, commitment))
    }

    fn apply(&mut self, block: &SignedBlock) -> Outcome {
        let (header, body) = (block.header(), block.body());
        let number = header.block_num();
        let bytes = block.to_bytes();

        must(body.transactions().commitment() == header.tx_commitment(), "transactions")?;
        let mut spent = body.created_nullifiers().iter();
        must(spent.all(|n| self.nullifiers.get_block_num(n).is_none()), "nullifiers")?;
        must(self.blockchain.commitment() == header.chain_commitment(), "chain")?;

        let created = body.created_nullifiers().iter().map(|nullifier| (*nullifier, number));
        let nullifiers = self.nullifiers.compute_mutations(created)?;
        must(nullifiers.as_mutation_set().root() == header.nullifier_root(), "nullifier root")?;
        let updated = body.updated_accounts().iter();
        let updated = updated.map(|update| (update.account_id(), update.final_state_commitment()));
        let accounts = self.accounts.compute_mutations(updated)?;
        must(accounts.as_mutation_set().root() == header.account_root(), "account root")?;

        let notes = body.compute_block_note_tree();
        must(notes.root() == header.note_root(), "note root")?;
        for (index, note) in body.output_notes() {
            black_box(notes.open(index));
            if let OutputNote::Public(note) = note {
                black_box(note.as_note().nullifier());
            }
        }

        self.nullifiers.apply_mutations(nullifiers)?;
        // The store keeps what takes its account tree back, for reading at older blocks.
        black_box(self.accounts.apply_mutations_with_reversion(accounts)?);
        self.blockchain.push(header.commitment());
        black_box(bytes);
        Ok(())
    }
}

fn must(holds: bool, what: &str) -> Outcome {
    if holds { Ok(()) } else { Err(format!("a block does not fit the chain: {what}").into()) }
}
