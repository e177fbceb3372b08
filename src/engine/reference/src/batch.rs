//! Operations 3 and 4: batch and block "proofs" of protocol 0.15. A batch is proven by verifying its
//! transactions; a block's proof is empty.

use miden_protocol::batch::{OrderedBatches, ProposedBatch};
use miden_protocol::block::{BlockHeader, BlockInputs, BlockProof};
use miden_protocol::utils::serde::{ByteReader, Deserializable, Serializable, SliceReader};
use miden_tx_batch_prover::LocalBatchProver;

use crate::abi::{Reply, Slice, answer};
use crate::failure::decode;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_batch_prove(
    proposed_batch: Slice,
    min_security_bits: u32,
    reply: *mut Reply,
) {
    unsafe {
        answer(reply, || {
            let batch: ProposedBatch = decode(proposed_batch.bytes())?;
            Ok(LocalBatchProver::new(min_security_bits).prove(batch)?.to_bytes())
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_block_prove(request: Slice, reply: *mut Reply) {
    unsafe {
        answer(reply, || {
            let mut reader = SliceReader::new(request.bytes());
            let _batches: OrderedBatches = reader.read()?;
            let _header: BlockHeader = reader.read()?;
            let _inputs: BlockInputs = reader.read()?;
            Ok(BlockProof::read_from_bytes(&[])?.to_bytes())
        })
    }
}
