//! The reference crates' half of the benchmark; bench/ours/ is the other one. Reads names of
//! measurements, a line each, and answers each with `name<TAB>seconds<TAB>result`: the least time of
//! one operation, and what the operation gave, which must be the same on both sides.
//!
//! usage: miden-bench-reference TRANSACTION BLOCKS
//!
//! TRANSACTION: a ProvenTransaction. BLOCKS: made by the other side.

mod blocks;
mod trees;

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use blocks::Chain;
use miden_protocol::block::SignedBlock;
use miden_protocol::transaction::ProvenTransaction;
use miden_protocol::utils::serde::Deserializable;
use miden_protocol::{Hasher, MIN_PROOF_SECURITY_LEVEL, Word};
use miden_tx::TransactionVerifier;
use trees::{Tree, Words};

type Failure = Box<dyn Error + Send + Sync>;
type Outcome<T = ()> = Result<T, Failure>;

const MERGES: u32 = 1_000;
const PAIRS: usize = 1024;

fn main() -> Outcome {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(transaction), Some(blocks)) = (args.next(), args.next()) else {
        return Err("usage: miden-bench-reference TRANSACTION BLOCKS".into());
    };
    let transaction = std::fs::read(transaction)?;
    let mut bench = Bench { transaction, blocks, tree: None, chain: None };
    for name in std::io::stdin().lock().lines() {
        let name = name?;
        let (time, result) = bench.measure(&name)?;
        println!("{name}\t{:e}\t{result}", time.as_secs_f64());
        std::io::stdout().flush()?;
    }
    Ok(())
}

struct Bench {
    transaction: Vec<u8>,
    blocks: PathBuf,
    // The last ones asked for.
    tree: Option<Tree>,
    chain: Option<Chain>,
}

impl Bench {
    fn measure(&mut self, name: &str) -> Outcome<(Duration, String)> {
        Ok(match name {
            "merge_chain" => merge_chain(),
            "merge_batch" => merge_batch(),
            "decode_transaction" => {
                let (time, transaction) =
                    least(200, || ProvenTransaction::read_from_bytes(&self.transaction))?;
                (time, transaction.id().to_hex())
            }
            "verify_transaction" => {
                let (time, transaction) = least(20, || -> Outcome<ProvenTransaction> {
                    let transaction = ProvenTransaction::read_from_bytes(&self.transaction)?;
                    TransactionVerifier::new(MIN_PROOF_SECURITY_LEVEL).verify(&transaction)?;
                    Ok(transaction)
                })?;
                (time, transaction.id().to_hex())
            }
            "decode_block" => {
                let bytes = blocks::read(&self.blocks)?.pop().ok_or("no blocks")?;
                let (time, block) = least(20, || SignedBlock::read_from_bytes(&bytes))?;
                (time, block.header().commitment().to_hex())
            }
            "block_trees" => {
                if self.chain.is_none() {
                    self.chain = Some(Chain::open(&self.blocks)?);
                }
                self.chain.as_mut().ok_or("no chain")?.apply_next()?
            }
            _ => {
                let [tree, leaves, threads] = name.split('/').collect::<Vec<_>>()[..] else {
                    return Err(format!("unknown measurement {name}").into());
                };
                let leaves: usize = leaves.parse()?;
                if self.tree.as_ref().is_none_or(|t| !t.is(tree, leaves)) {
                    self.tree = None; // the old one's memory first
                    self.tree = Some(Tree::build(tree, leaves)?);
                }
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
                let tree = self.tree.as_mut().ok_or("no tree")?;
                let (time, root) = pool.install(|| tree.insert_batch())?;
                (time, root.to_hex())
            }
        })
    }
}

/// The shortest of `repetitions` runs and what the last gave.
fn least<T, E: Into<Failure>>(
    repetitions: u32,
    mut operation: impl FnMut() -> Result<T, E>,
) -> Outcome<(Duration, T)> {
    let mut shortest = Duration::MAX;
    let mut last = None;
    for _ in 0..repetitions {
        drop(last.take());
        let start = Instant::now();
        let value = operation().map_err(Into::into)?;
        shortest = shortest.min(start.elapsed());
        last = Some(value);
    }
    Ok((shortest, last.ok_or("nothing was measured")?))
}

/// One hash after the other, each needing the one before.
fn merge_chain() -> (Duration, String) {
    let mut word = Words::seeded(1).next();
    let mut shortest = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..MERGES {
            word = Hasher::merge(&[word, word]);
        }
        shortest = shortest.min(start.elapsed());
    }
    (shortest / MERGES, word.to_hex())
}

/// Hashes that do not need each other.
fn merge_batch() -> (Duration, String) {
    let mut words = Words::seeded(1);
    let pairs: Vec<[Word; 2]> = (0..PAIRS).map(|_| [words.next(), words.next()]).collect();
    let mut digests = vec![Word::empty(); PAIRS];
    let mut shortest = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        for (digest, pair) in digests.iter_mut().zip(&pairs) {
            *digest = Hasher::merge(pair);
        }
        shortest = shortest.min(start.elapsed());
    }
    let all = digests.into_iter().fold(Word::empty(), |all, one| Hasher::merge(&[all, one]));
    (shortest / PAIRS as u32, all.to_hex())
}
