//! Batches of new leaves into grown trees.

use std::time::{Duration, Instant};

use miden_protocol::crypto::merkle::smt::{LargeSmt, MemoryStorage, Smt};
use miden_protocol::{Felt, Word};

use crate::Outcome;

const BATCH: usize = 10_000;

/// Random words that both sides make alike: splitmix64, a bit dropped so that every number is a
/// field element.
pub struct Words(u64);

impl Words {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> Word {
        Word::new(std::array::from_fn(|_| Felt::new(self.number() >> 1).expect("below p")))
    }

    pub fn entries(&mut self, count: usize) -> Vec<(Word, Word)> {
        (0..count).map(|_| (self.next(), self.next())).collect()
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// `LargeSmt` is what the node keeps its account and nullifier trees in; `Smt` is the plain one of
/// vaults and storage maps.
enum Kind {
    Large(LargeSmt<MemoryStorage>),
    Plain(Smt),
}

pub struct Tree {
    kind: Kind,
    leaves: usize,
    batch: Vec<(Word, Word)>,
}

impl Tree {
    pub fn build(name: &str, leaves: usize) -> Outcome<Self> {
        eprintln!("  reference: building a tree of {leaves} leaves ({name})");
        let entries = Words::seeded(2).entries(leaves);
        let kind = match name {
            "tree" => Kind::Large(LargeSmt::with_entries(MemoryStorage::new(), entries)?),
            "smt" => Kind::Plain(Smt::with_entries(entries)?),
            _ => return Err(format!("unknown kind of tree {name}").into()),
        };
        Ok(Self { kind, leaves, batch: Words::seeded(3).entries(BATCH) })
    }

    pub fn is(&self, name: &str, leaves: usize) -> bool {
        let same = matches!((&self.kind, name), (Kind::Large(_), "tree") | (Kind::Plain(_), "smt"));
        same && self.leaves == leaves
    }

    /// Seconds to put the batch in, and the root with it. The tree is as before afterwards.
    pub fn insert_batch(&mut self) -> Outcome<(Duration, Word)> {
        let entries = self.batch.clone();
        let start = Instant::now();
        self.update(entries)?;
        let time = start.elapsed();
        let root = match &self.kind {
            Kind::Large(tree) => tree.root(),
            Kind::Plain(tree) => tree.root(),
        };
        self.update(self.batch.iter().map(|(key, _)| (*key, Word::empty())).collect())?;
        Ok((time, root))
    }

    fn update(&mut self, entries: Vec<(Word, Word)>) -> Outcome {
        match &mut self.kind {
            Kind::Large(tree) => {
                let mutations = tree.compute_mutations(entries)?;
                tree.apply_mutations(mutations)?;
            }
            Kind::Plain(tree) => {
                let mutations = tree.compute_mutations(entries)?;
                tree.apply_mutations(mutations)?;
            }
        }
        Ok(())
    }
}
