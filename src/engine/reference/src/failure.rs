//! Errors as the boundary carries them. Numbers: spec/engine.md §1.6; names: the reference's variants.

use std::error::Error;

use miden_protocol::errors::ProvenBatchError;
use miden_protocol::utils::serde::{Deserializable, DeserializationError, Serializable};
use miden_tx::{TransactionExecutorError, TransactionProverError, TransactionVerifierError};

pub struct Failure {
    pub status: i32,
    pub name: &'static str,
    pub message: String,
    pub payload: Vec<u8>,
}

impl Failure {
    pub fn new(status: i32, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into(), payload: Vec::new() }
    }

    pub fn of(status: i32, name: &'static str, error: &dyn Error) -> Self {
        Self::new(status, name, report(error))
    }

    pub fn panic(message: String) -> Self {
        Self::new(2, "EnginePanic", message)
    }

    fn with_payload(mut self, payload: Vec<u8>) -> Self {
        self.payload = payload;
        self
    }
}

/// The error and its causes, one a line, in the form the services put into gRPC statuses
/// (spec/node-and-validator.md §1).
pub fn report(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str("\ncaused by: ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

pub fn decode<T: Deserializable>(bytes: &[u8]) -> Result<T, Failure> {
    Ok(T::read_from_bytes(bytes)?)
}

impl From<DeserializationError> for Failure {
    fn from(error: DeserializationError) -> Self {
        Self::of(1, "DeserializationError", &error)
    }
}

impl From<TransactionVerifierError> for Failure {
    fn from(error: TransactionVerifierError) -> Self {
        let (status, name) = match &error {
            TransactionVerifierError::TransactionVerificationFailed(_) => {
                (10, "TransactionVerificationFailed")
            }
            TransactionVerifierError::InsufficientProofSecurityLevel { .. } => {
                (11, "InsufficientProofSecurityLevel")
            }
        };
        Self::of(status, name, &error)
    }
}

impl From<ProvenBatchError> for Failure {
    fn from(error: ProvenBatchError) -> Self {
        match &error {
            ProvenBatchError::TransactionVerificationFailed { transaction_id, .. } => {
                Self::of(20, "TransactionVerificationFailed", &error)
                    .with_payload(transaction_id.to_bytes())
            }
            ProvenBatchError::InvalidBatchExpirationBlockNum { .. } => {
                Self::of(21, "InvalidBatchExpirationBlockNum", &error)
            }
        }
    }
}

/// Number and name of an executor's error.
pub fn executor_case(error: &TransactionExecutorError) -> (i32, &'static str) {
    use TransactionExecutorError as E;
    match error {
        E::FetchTransactionInputsFailed(_) => (30, "FetchTransactionInputsFailed"),
        E::FetchAssetWitnessFailed(_) => (31, "FetchAssetWitnessFailed"),
        E::FeeAssetRetrievalFailed(_) => (32, "FeeAssetRetrievalFailed"),
        E::FeeAssetMustBeFungible => (33, "FeeAssetMustBeFungible"),
        E::ForeignAccountNotAnchoredInReference(_) => (34, "ForeignAccountNotAnchoredInReference"),
        E::InvalidExecutionOptionsCycles { .. } => (35, "InvalidExecutionOptionsCycles"),
        E::InvalidTransactionInputs(_) => (36, "InvalidTransactionInputs"),
        E::InvalidAccountWitness(..) => (37, "InvalidAccountWitness"),
        E::NoteBlockPastReferenceBlock(..) => (38, "NoteBlockPastReferenceBlock"),
        E::AccountUpdateCommitment(_) => (39, "AccountUpdateCommitment"),
        E::InconsistentAccountDeltaCommitment { .. } => (40, "InconsistentAccountDeltaCommitment"),
        E::InconsistentAccountId { .. } => (41, "InconsistentAccountId"),
        E::InconsistentAccountNonceDelta { .. } => (42, "InconsistentAccountNonceDelta"),
        E::RemoveFeeAssetFromDelta(_) => (43, "RemoveFeeAssetFromDelta"),
        E::InsufficientFee { .. } => (44, "InsufficientFee"),
        E::TransactionOutputConstructionFailed(_) => (45, "TransactionOutputConstructionFailed"),
        E::TransactionProgramExecutionFailed(_) => (46, "TransactionProgramExecutionFailed"),
        E::MissingAuthenticator => (47, "MissingAuthenticator"),
        E::Unauthorized(_) => (49, "Unauthorized"),
    }
}

impl From<TransactionExecutorError> for Failure {
    fn from(error: TransactionExecutorError) -> Self {
        let (status, name) = executor_case(&error);
        let failure = Self::of(status, name, &error);
        match error {
            TransactionExecutorError::Unauthorized(summary) => {
                failure.with_payload(summary.to_bytes())
            }
            _ => failure,
        }
    }
}

impl From<TransactionProverError> for Failure {
    fn from(error: TransactionProverError) -> Self {
        use TransactionProverError as E;
        let (status, name) = match &error {
            E::AccountDeltaApplyFailed(_) => (50, "AccountDeltaApplyFailed"),
            E::RemoveFeeAssetFromDelta(_) => (51, "RemoveFeeAssetFromDelta"),
            E::TransactionOutputConstructionFailed(_) => {
                (52, "TransactionOutputConstructionFailed")
            }
            E::OutputNoteShrinkFailed(_) => (53, "OutputNoteShrinkFailed"),
            E::ProvenTransactionBuildFailed(_) => (54, "ProvenTransactionBuildFailed"),
            E::TransactionProgramExecutionFailed(_) => (55, "TransactionProgramExecutionFailed"),
            E::Other { .. } => (56, "Other"),
        };
        Self::of(status, name, &error)
    }
}
