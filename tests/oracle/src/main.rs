//! Writes what the reference crates say about objects of every protocol type, good and damaged ones;
//! `oracle_test` demands the same of the C++ code. The file is described in README.md.
//!
//! usage: miden-oracle --out FILE [--cases N] [--seed N]

mod damage;
mod lists;
mod primitives;
mod record;
mod subjects;
mod transitions;
mod trees;
mod values;
mod world;

use std::error::Error;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use record::Oracle;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const DEFAULT_CASES: u64 = 20_000;
const DEFAULT_SEED: u64 = 0x6d69_6465_6e31_35;

fn main() -> Outcome {
    let (mut out, mut cases, mut seed) = (None, DEFAULT_CASES, DEFAULT_SEED);
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--out" => out = Some(value),
            "--cases" => cases = value.parse()?,
            "--seed" => seed = value.parse()?,
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    let out = out.ok_or("usage: miden-oracle --out FILE [--cases N] [--seed N]")?;
    println!("seed {seed}");

    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let world = world::World::build(&mut rng)?;
    // Damaged bytes make the reference panic here and there; that is an answer, not a failure.
    std::panic::set_hook(Box::new(|_| {}));
    let mut oracle = Oracle::create(&out, rng)?;
    while oracle.written() < cases {
        values::emit(&mut oracle, &world)?;
        world.emit(&mut oracle)?;
        trees::emit(&mut oracle)?;
        primitives::emit(&mut oracle)?;
        lists::emit(&mut oracle)?;
        transitions::emit(&mut oracle, &world)?;
    }
    let written = oracle.finish()?;
    println!("{written} cases in {out}");
    Ok(())
}
