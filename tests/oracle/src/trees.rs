//! Histories of trees: what was put in, and the roots and openings that the reference finds.

use miden_protocol::Word;
use miden_protocol::crypto::merkle::mmr::{Forest, Mmr, PartialMmr};
use miden_protocol::crypto::merkle::smt::{PartialSmt, Smt};
use miden_protocol::utils::serde::Serializable;
use rand::Rng;

use crate::Outcome;
use crate::record::Oracle;
use crate::values::{entries, keys_of, some_key, word};

pub fn emit(oracle: &mut Oracle) -> Outcome {
    smt(oracle)?;
    partial_smt(oracle)?;
    mmr(oracle)
}

fn write_all<T: Serializable>(out: &mut Vec<u8>, items: &[T]) {
    out.extend(u32::try_from(items.len()).expect("few items").to_le_bytes());
    items.iter().for_each(|item| item.write_into(out));
}

/// Question: u32 batches, each u32 count and (key, value); u32 count and keys to open.
/// Words: the root after every batch. Answer: the openings after the last.
fn smt(oracle: &mut Oracle) -> Outcome {
    let mut own = oracle.rng.clone();
    own.set_stream(3);
    let rng = &mut own;
    let mut smt = Smt::new();
    let (mut question, mut words) = (Vec::new(), Vec::new());
    let batches = rng.random_range(1..6u32);
    question.extend(batches.to_le_bytes());
    for _ in 0..batches {
        let most = if rng.random_ratio(1, 6) { 150 } else { 12 };
        let mut batch = entries(rng, most);
        // Some of what is there changes or goes.
        for key in keys_of(&smt) {
            if rng.random_ratio(1, 4) && !batch.iter().any(|(other, _)| *other == key) {
                batch.push((key, if rng.random() { Word::default() } else { word(rng) }));
            }
        }
        for (key, value) in &batch {
            smt.insert(*key, *value)?;
        }
        write_all(&mut question, &batch);
        words.push(smt.root());
    }
    let keys: Vec<Word> = (0..6).map(|_| some_key(rng, &smt)).collect();
    write_all(&mut question, &keys);
    let mut answer = Vec::new();
    keys.iter().for_each(|key| smt.open(key).write_into(&mut answer));
    oracle.question("Smt history", &question, || Ok((answer, words)))
}

/// Question: u32 count and openings of one tree; u32 count and (key, value) set one after another.
/// Words: the roots, before and after each change, then the encoded partial tree's root.
fn partial_smt(oracle: &mut Oracle) -> Outcome {
    let mut own = oracle.rng.clone();
    own.set_stream(4);
    let rng = &mut own;
    let smt = crate::values::smt(rng, 30);
    let keys: Vec<Word> = (0..rng.random_range(1..8)).map(|_| some_key(rng, &smt)).collect();
    let proofs: Vec<_> = keys.iter().map(|key| smt.open(key)).collect();
    let mut partial = PartialSmt::from_proofs(proofs.clone())?;
    oracle.value(&partial)?;
    let mut question = Vec::new();
    write_all(&mut question, &proofs);
    let mut words = vec![partial.root()];
    let changes: Vec<(Word, Word)> = keys.iter().map(|key| (*key, word(rng))).collect();
    for (key, value) in &changes {
        partial.insert(*key, *value)?;
        words.push(partial.root());
    }
    write_all(&mut question, &changes);
    oracle.question("PartialSmt history", &question, || Ok((Vec::new(), words)))?;
    oracle.value(&partial)
}

/// Question: u32 count and leaves; u32 position, u32 length to open at; u32 from, u32 to.
/// Words: the hash of the peaks of every length from 0 up to 200. Answer: the opening's siblings,
/// then the delta's words.
fn mmr(oracle: &mut Oracle) -> Outcome {
    let mut own = oracle.rng.clone();
    own.set_stream(5);
    let rng = &mut own;
    let leaves: Vec<Word> = (0..rng.random_range(1..200)).map(|_| word(rng)).collect();
    let mut mmr = Mmr::new();
    let mut words = vec![mmr.peaks().hash_peaks()];
    for leaf in &leaves {
        mmr.add(*leaf)?;
        words.push(mmr.peaks().hash_peaks());
    }
    let length = rng.random_range(1..=leaves.len());
    let position = rng.random_range(0..length);
    let to = rng.random_range(1..=leaves.len());
    let from = rng.random_range(0..=to);
    let opening = mmr.open_at(position, Forest::new(length)?)?;
    let delta = mmr.get_delta(Forest::new(from)?, Forest::new(to)?)?;

    let mut question = Vec::new();
    write_all(&mut question, &leaves);
    for number in [position, length, from, to] {
        question.extend(u32::try_from(number)?.to_le_bytes());
    }
    let mut answer = Vec::new();
    opening.merkle_path().nodes().iter().for_each(|node| node.write_into(&mut answer));
    delta.data.iter().for_each(|node| node.write_into(&mut answer));
    oracle.question("Mmr history", &question, || Ok((answer, words)))?;

    // A client's view: peaks at some length, some leaves tracked, then brought to another length.
    let mut partial = PartialMmr::from_peaks(mmr.peaks_at(Forest::new(from)?)?);
    for position in 0..from {
        if rng.random_ratio(1, 8) {
            let proof = mmr.open_at(position, Forest::new(from)?)?;
            partial.track(position, leaves[position], proof.merkle_path())?;
        }
    }
    oracle.value(&partial)?;
    partial.apply(delta)?;
    for _ in 0..rng.random_range(0..4) {
        partial.add(word(rng), rng.random())?;
    }
    oracle.value(&partial)
}
