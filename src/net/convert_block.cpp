#include "net/convert_block.hpp"

namespace miden {
namespace {

template <Serializable T>
std::string encoded(const T& value) {
  return std::string(as_string_view(to_bytes(value)));
}

}  // namespace

::blockchain::BlockNumber to_message(BlockNum block_num) {
  ::blockchain::BlockNumber message;
  message.set_block_num(block_num.value);
  return message;
}

::blockchain::BlockHeader to_message(const BlockHeader& header) {
  ::blockchain::BlockHeader message;
  message.set_version(header.version);
  *message.mutable_prev_block_commitment() = to_message(header.prev_block_commitment);
  message.set_block_num(header.block_num.value);
  *message.mutable_chain_commitment() = to_message(header.chain_commitment);
  *message.mutable_account_root() = to_message(header.account_root);
  *message.mutable_nullifier_root() = to_message(header.nullifier_root);
  *message.mutable_note_root() = to_message(header.note_root);
  *message.mutable_tx_commitment() = to_message(header.tx_commitment);
  *message.mutable_tx_kernel_commitment() = to_message(header.tx_kernel_commitment);
  message.mutable_validator_key()->set_validator_key(encoded(header.validator_key));
  auto& fee_parameters = *message.mutable_fee_parameters();
  *fee_parameters.mutable_native_asset_id() = to_message(header.fee_parameters.fee_faucet_id);
  fee_parameters.set_verification_base_fee(header.fee_parameters.verification_base_fee);
  message.set_timestamp(header.timestamp);
  return message;
}

::blockchain::BlockSignature to_message(const Signature& signature) {
  ::blockchain::BlockSignature message;
  message.set_signature(encoded(signature));
  return message;
}

::blockchain::SignedBlock to_message(const SignedBlock& block) {
  ::blockchain::SignedBlock message;
  *message.mutable_header() = to_message(block.header);
  message.mutable_body()->set_block_body(encoded(block.body));
  *message.mutable_signature() = to_message(block.signature);
  return message;
}

Result<BlockHeader> from_message(const ::blockchain::BlockHeader& header) {
  const Word prev_block_commitment = READ_FIELD(header, prev_block_commitment);
  const Word chain_commitment = READ_FIELD(header, chain_commitment);
  const Word account_root = READ_FIELD(header, account_root);
  const Word nullifier_root = READ_FIELD(header, nullifier_root);
  const Word note_root = READ_FIELD(header, note_root);
  const Word tx_commitment = READ_FIELD(header, tx_commitment);
  const Word tx_kernel_commitment = READ_FIELD(header, tx_kernel_commitment);
  const PublicKey validator_key = READ_FIELD(header, validator_key);
  const FeeParameters fee_parameters = READ_FIELD(header, fee_parameters);
  return BlockHeader{.version = header.version(),
                     .prev_block_commitment = prev_block_commitment,
                     .block_num = BlockNum{header.block_num()},
                     .chain_commitment = chain_commitment,
                     .account_root = account_root,
                     .nullifier_root = nullifier_root,
                     .note_root = note_root,
                     .tx_commitment = tx_commitment,
                     .tx_kernel_commitment = tx_kernel_commitment,
                     .validator_key = validator_key,
                     .fee_parameters = fee_parameters,
                     .timestamp = header.timestamp()};
}

Result<PublicKey> from_message(const ::blockchain::ValidatorPublicKey& key) {
  return bytes_as("PublicKey", from_bytes<PublicKey>(as_bytes(key.validator_key())));
}

Result<FeeParameters> from_message(const ::blockchain::FeeParameters& parameters) {
  const AccountId faucet = READ_FIELD(parameters, native_asset_id);
  return FeeParameters{faucet, parameters.verification_base_fee()};
}

Result<Signature> from_message(const ::blockchain::BlockSignature& signature) {
  return bytes_as("Signature", from_bytes<Signature>(as_bytes(signature.signature())));
}

Result<BlockBody> from_message(const ::blockchain::BlockBody& body) {
  return bytes_as("BlockBody", from_bytes<BlockBody>(as_bytes(body.block_body())));
}

Result<SignedBlock> from_message(const ::blockchain::SignedBlock& block) {
  BlockHeader header = READ_FIELD(block, header);
  BlockBody body = READ_FIELD(block, body);
  Signature signature = READ_FIELD(block, signature);
  return SignedBlock{std::move(header), std::move(body), signature};
}

}  // namespace miden
