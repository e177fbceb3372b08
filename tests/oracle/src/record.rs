//! The file: what stands in a record, and how the reference is asked.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use miden_protocol::Word;
use miden_protocol::utils::serde::{Deserializable, Serializable};
use rand_chacha::ChaCha20Rng;

use crate::Outcome;
use crate::damage::damage;

const ACCEPTED: u8 = 1;
const UNORDERED: u8 = 2;
const SAME_BYTES: u8 = 4;
const PANICKED: u8 = 8;
const DAMAGED: u8 = 16;

/// A type that the C++ code knows under the same name.
pub trait Subject: Serializable + Deserializable {
    const NAME: &'static str;
    /// Ids, commitments and roots, in the order in which oracle_test's table computes them.
    fn words(&self) -> Vec<Word> {
        Vec::new()
    }
    /// Whether the encoding follows a hash map's order, so that equal values may differ in it.
    fn is_unordered(&self) -> bool {
        false
    }
}

enum Verdict {
    Refused(String),
    Panicked,
    Accepted { unordered: bool, encoding: Vec<u8>, words: Vec<Word> },
}

fn ask<T: Subject>(bytes: &[u8]) -> Verdict {
    let answer = catch_unwind(AssertUnwindSafe(|| {
        T::read_from_bytes(bytes).map_or_else(
            |error| Verdict::Refused(error.to_string()),
            |value| Verdict::Accepted {
                unordered: value.is_unordered(),
                encoding: value.to_bytes(),
                words: value.words(),
            },
        )
    }));
    answer.unwrap_or(Verdict::Panicked)
}

/// `None` instead of a panic.
pub fn survives<T>(f: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

pub struct Oracle {
    pub rng: ChaCha20Rng,
    out: BufWriter<File>,
    written: u64,
}

impl Oracle {
    pub fn create(path: &str, rng: ChaCha20Rng) -> Outcome<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        out.write_all(b"oracle 1\n")?;
        Ok(Self { rng, out, written: 0 })
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn finish(mut self) -> Outcome<u64> {
        self.out.flush()?;
        Ok(self.written)
    }

    /// The object and some damaged copies: fewer of a large one, so that those do not fill the file.
    pub fn value<T: Subject>(&mut self, value: &T) -> Outcome {
        let bytes = value.to_bytes();
        let copies = match bytes.len() {
            0..4_096 => 8,
            4_096..32_768 => 4,
            _ => 2,
        };
        self.case::<T>(&bytes, 0)?;
        for _ in 0..copies {
            let damaged = damage(&mut self.rng, &bytes);
            self.case::<T>(&damaged, DAMAGED)?;
        }
        Ok(())
    }

    fn case<T: Subject>(&mut self, bytes: &[u8], flags: u8) -> Outcome {
        match ask::<T>(bytes) {
            Verdict::Refused(why) => self.record(T::NAME, flags, bytes, why.as_bytes(), &[]),
            Verdict::Panicked => self.record(T::NAME, flags | PANICKED, bytes, &[], &[]),
            Verdict::Accepted { unordered, encoding, words } => {
                let flags = flags | ACCEPTED | if unordered { UNORDERED } else { 0 };
                if encoding == bytes {
                    self.record(T::NAME, flags | SAME_BYTES, bytes, &[], &words)
                } else {
                    self.record(T::NAME, flags, bytes, &encoding, &words)
                }
            }
        }
    }

    /// Bytes that no honest writer gives.
    pub fn crafted<T: Subject>(&mut self, bytes: &[u8]) -> Outcome {
        self.case::<T>(bytes, DAMAGED)
    }

    /// A question that is no single object: `question` and the answer have a form of their own. An
    /// error says that the reference refuses.
    pub fn question(
        &mut self,
        name: &str,
        question: &[u8],
        answer: impl FnOnce() -> Result<(Vec<u8>, Vec<Word>), String>,
    ) -> Outcome {
        match survives(answer) {
            Some(Ok((encoding, words))) => self.record(name, ACCEPTED, question, &encoding, &words),
            Some(Err(why)) => self.record(name, DAMAGED, question, why.as_bytes(), &[]),
            None => self.record(name, DAMAGED | PANICKED, question, &[], &[]),
        }
    }

    fn record(
        &mut self,
        name: &str,
        flags: u8,
        input: &[u8],
        encoding: &[u8],
        words: &[Word],
    ) -> Outcome {
        let mut head = vec![u8::try_from(name.len())?];
        head.extend(name.as_bytes());
        head.push(flags);
        self.out.write_all(&head)?;
        for bytes in [input, encoding] {
            self.out.write_all(&u32::try_from(bytes.len())?.to_le_bytes())?;
            self.out.write_all(bytes)?;
        }
        self.out.write_all(&[u8::try_from(words.len())?])?;
        for word in words {
            self.out.write_all(&word.to_bytes())?;
        }
        self.written += 1;
        Ok(())
    }
}
