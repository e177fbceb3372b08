//! Operation 5: prove a transaction from its inputs.

use miden_core::proof::HashFunction;
use miden_protocol::transaction::TransactionInputs;
use miden_protocol::utils::serde::Serializable;
use miden_tx::{LocalTransactionProver, ProvingOptions};

use crate::abi::{Reply, Slice, answer};
use crate::failure::decode;
use crate::pools::on_own_threads;
use crate::stack::{block_on, on_deep_stack};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_tx_prove(tx_inputs: Slice, hash_function: u8, reply: *mut Reply) {
    unsafe {
        let bytes = tx_inputs.bytes();
        answer(reply, || {
            on_deep_stack(|| {
                let inputs: TransactionInputs = decode(bytes)?;
                let hash: HashFunction = decode(&[hash_function])?;
                let prover = LocalTransactionProver::new(ProvingOptions::new(hash));
                let proven = on_own_threads(|| block_on(prover.prove(inputs)))?;
                Ok(proven.to_bytes())
            })
        })
    }
}
