//! Operation 16 and start-up: which kernel this is, and the thread pool.

use miden_core_lib::CoreLibrary;
use miden_protocol::ProtocolLib;
use miden_protocol::transaction::TransactionKernel;
use miden_protocol::utils::serde::{ByteWriter, Serializable};
use miden_standards::StandardsLib;

use crate::abi::{Reply, answer};

// What Cargo.toml pins; the crates do not tell.
const PROTOCOL_VERSION: &str = "0.15.3";
const VM_VERSION: &str = "0.23.5";

/// Proving recurses on the pool's threads too.
const POOL_STACK_BYTES: usize = 16 << 20;

#[unsafe(no_mangle)]
pub extern "C" fn me_init(threads: u32) {
    // Panics come back as errors; printing them as well would let peers fill the logs.
    std::panic::set_hook(Box::new(|_| {}));
    // Fails when the pool exists already, which is as good.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads as usize)
        .stack_size(POOL_STACK_BYTES)
        .thread_name(|index| format!("prove-{index}"))
        .build_global();
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
