//! Operations 1 and 2: is this proof valid? About 2 ms, on the caller's thread.

use miden_core_lib::CoreLibrary;
use miden_protocol::Felt;
use miden_protocol::transaction::ProvenTransaction;
use miden_protocol::utils::serde::{ByteReader, Serializable, SliceReader};
use miden_protocol::vm::{ExecutionProof, ProgramInfo, StackInputs, StackOutputs};
use miden_tx::TransactionVerifier;
use miden_verifier::{VerificationError, verify_with_precompiles};

use crate::abi::{Reply, Slice, answer};
use crate::failure::{Failure, decode};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_tx_verify(proven_tx: Slice, min_security_bits: u32, reply: *mut Reply) {
    unsafe {
        answer(reply, || {
            let transaction: ProvenTransaction = decode(proven_tx.bytes())?;
            TransactionVerifier::new(min_security_bits).verify(&transaction)?;
            Ok(Vec::new())
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_vm_verify(
    program_info: Slice,
    stack_inputs: Slice,
    stack_outputs: Slice,
    proof: Slice,
    reply: *mut Reply,
) {
    unsafe {
        answer(reply, || {
            let program: ProgramInfo = decode(program_info.bytes())?;
            let inputs = StackInputs::new(&felts(stack_inputs.bytes())?)
                .map_err(|error| Failure::of(1, "DeserializationError", &error))?;
            let outputs = StackOutputs::new(&felts(stack_outputs.bytes())?)
                .map_err(|error| Failure::of(1, "DeserializationError", &error))?;
            let proof: ExecutionProof = decode(proof.bytes())?;
            let registry = CoreLibrary::default().verifier_registry();
            let (bits, digest) =
                verify_with_precompiles(program, inputs, outputs, proof, &registry)
                    .map_err(verification_failure)?;
            let mut answer = bits.to_le_bytes().to_vec();
            answer.extend(digest.to_bytes());
            Ok(answer)
        })
    }
}

fn felts(bytes: &[u8]) -> Result<Vec<Felt>, Failure> {
    let mut reader = SliceReader::new(bytes);
    let count = bytes.len() / 8;
    let mut felts = Vec::with_capacity(count);
    for _ in 0..count {
        felts.push(reader.read()?);
    }
    Ok(felts)
}

fn verification_failure(error: VerificationError) -> Failure {
    match &error {
        VerificationError::StarkVerificationError(..) => {
            Failure::of(12, "StarkVerificationError", &error)
        }
        VerificationError::PrecompileVerificationError(_) => {
            Failure::of(13, "PrecompileVerificationError", &error)
        }
    }
}
