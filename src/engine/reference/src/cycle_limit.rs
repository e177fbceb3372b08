//! Bounds on execution: every program of the VM ends, but 2^29 cycles are minutes and more memory than
//! machines have, once they are to be proven.

use miden_processor::ExecutionError;
use miden_protocol::MIN_TX_EXECUTION_CYCLES;
use miden_tx::{ExecutionOptions, TransactionExecutorError};

use crate::abi::{Reply, Slice, answer};
use crate::failure::{Failure, decode};
use crate::reexecute::execute;
use crate::stack::on_deep_stack;

pub fn limited_to(max_cycles: u32) -> Result<ExecutionOptions, Failure> {
    // Twice the minimum would do as well: the processor takes the expectation as a hint only, and
    // with it no limit need be a power of two.
    ExecutionOptions::new(
        Some(max_cycles),
        MIN_TX_EXECUTION_CYCLES,
        ExecutionOptions::DEFAULT_CORE_TRACE_FRAGMENT_SIZE,
        false,
        false,
    )
    .map_err(|error| Failure::of(35, "InvalidExecutionOptionsCycles", &error))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_tx_check_cycles(tx_inputs: Slice, max_cycles: u32, reply: *mut Reply) {
    unsafe {
        let bytes = tx_inputs.bytes();
        answer(reply, || on_deep_stack(|| check_cycles(bytes, max_cycles)))
    }
}

fn check_cycles(bytes: &[u8], max_cycles: u32) -> Result<Vec<u8>, Failure> {
    match execute(decode(bytes)?, limited_to(max_cycles)?) {
        Err(
            error @ TransactionExecutorError::TransactionProgramExecutionFailed(
                ExecutionError::CycleLimitExceeded(_),
            ),
        ) => Err(Failure::of(46, "CycleLimitExceeded", &error)),
        // What else may be wrong is not asked here.
        _ => Ok(Vec::new()),
    }
}
