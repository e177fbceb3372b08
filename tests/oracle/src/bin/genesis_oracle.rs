//! Is a genesis block of ours one that the reference starts from, and the other way round?
//!
//! usage: genesis_oracle check GENESIS_FILE [ACCOUNT_FILE...]
//!        genesis_oracle make GENESIS_FILE
//!
//! `check` does what the reference's nodes do with the file (decode, number 0, signature) and more: the
//! body must fit the header, the account root must be that of the body's accounts, and each account file
//! must hold an account of the block in its genesis state. `make` writes a genesis block of the reference
//! crates.

use std::error::Error;
use std::fs;

use miden_protocol::account::AccountFile;
use miden_protocol::block::account_tree::AccountTree;
use miden_protocol::block::{BlockNumber, SignedBlock};
use miden_protocol::crypto::merkle::smt::Smt;
use miden_protocol::utils::serde::{Deserializable, Serializable};
use miden_testing::MockChain;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check", genesis, account_files @ ..] => check(genesis, account_files),
        ["make", genesis] => make(genesis),
        _ => {
            Err("usage: genesis_oracle check GENESIS_FILE [ACCOUNT_FILE...] | make GENESIS_FILE"
                .into())
        }
    }
}

fn check(genesis: &str, account_files: &[&str]) -> Outcome {
    let (header, body, signature) = SignedBlock::read_from_bytes(&fs::read(genesis)?)?.into_parts();
    demand(header.block_num() == BlockNumber::GENESIS, "the block's number is not 0")?;
    demand(signature.verify(header.commitment(), header.validator_key()), "bad signature")?;
    let block = SignedBlock::new(header, body, signature)?;

    let updates = block.body().updated_accounts();
    let mut tree = AccountTree::<Smt>::default();
    for update in updates {
        tree.insert(update.account_id(), update.final_state_commitment())?;
    }
    demand(tree.root() == block.header().account_root(), "the account root is another")?;

    for path in account_files {
        let account = AccountFile::read_from_bytes(&fs::read(path)?)?.account;
        let update = updates
            .iter()
            .find(|update| update.account_id() == account.id())
            .ok_or_else(|| format!("{path}: {} is not in the block", account.id()))?;
        demand(
            update.final_state_commitment() == account.to_commitment(),
            &format!("{path}: the account is in another state than in the block"),
        )?;
    }
    println!("{} {}", block.header().commitment(), updates.len());
    Ok(())
}

fn make(genesis: &str) -> Outcome {
    let mut builder = MockChain::builder();
    builder.add_existing_wallet(miden_testing::Auth::IncrNonce)?;
    let chain = builder.build()?;
    let (header, body, signature, _) = chain.proven_blocks()[0].clone().into_parts();
    println!("{}", header.commitment());
    fs::write(genesis, SignedBlock::new(header, body, signature)?.to_bytes())?;
    Ok(())
}

fn demand(holds: bool, otherwise: &str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
