//! Operation 16 and start-up: which kernel this is, and the thread pool.

use miden_core_lib::CoreLibrary;
use miden_protocol::ProtocolLib;
use miden_protocol::transaction::TransactionKernel;
use miden_protocol::utils::serde::{ByteWriter, Serializable};
use miden_standards::StandardsLib;

use crate::abi::{Reply, answer};
use crate::pools;

// What Cargo.toml pins; the crates do not tell.
const PROTOCOL_VERSION: &str = "0.15.3";
const VM_VERSION: &str = "0.23.5";

#[unsafe(no_mangle)]
pub extern "C" fn me_init(threads: u32, proofs_at_once: u32) {
    // Panics come back as errors; printing them as well would let peers fill the logs.
    std::panic::set_hook(Box::new(|_| {}));
    pools::build(threads as usize, proofs_at_once as usize);
    let _ = std::panic::catch_unwind(|| {
        TransactionKernel::main();
        TransactionKernel::tx_script_main();
        CoreLibrary::default();
        ProtocolLib::default();
        StandardsLib::default();
    });
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_info(reply: *mut Reply) {
    unsafe {
        answer(reply, || {
            let program = TransactionKernel::program_info();
            let mut out = Vec::new();
            PROTOCOL_VERSION.write_into(&mut out);
            VM_VERSION.write_into(&mut out);
            TransactionKernel.to_commitment().write_into(&mut out);
            let procedures = TransactionKernel::PROCEDURES;
            out.write_usize(procedures.len());
            out.write_many(procedures);
            program.program_hash().write_into(&mut out);
            Ok(out)
        })
    }
}
