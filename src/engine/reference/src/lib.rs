//! The reference engine: the published crates behind the C ABI of `miden_engine.h`.
//!
//! Every export decodes its bytes, calls the crates, encodes the answer. `abi` keeps panics and
//! errors from crossing; each other module is one row group of spec/engine.md §1.3.

mod abi;
mod account;
mod assemble;
mod batch;
mod client;
mod cycle_limit;
mod failure;
mod genesis;
mod info;
mod network;
mod pools;
mod prove;
mod reexecute;
mod stack;
mod verify;
