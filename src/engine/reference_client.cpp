// What clients do: make accounts, execute their transactions.
#include "engine/reference_reply.hpp"

namespace miden {

namespace {

void encode_roots(ByteWriter& writer, const std::vector<Word>& roots) {
  writer.vint(roots.size());
  for (const Word& root : roots) root.encode(writer);
}

// Items that are already serialized, as a vec.
void encode_parts(ByteWriter& writer, const std::vector<Bytes>& parts) {
  writer.vint(parts.size());
  for (const Bytes& part : parts) writer.bytes(part);
}

void encode_optional(ByteWriter& writer, const Bytes& part) {
  writer.boolean(!part.empty());
  writer.bytes(part);
}

Bytes encode_spec(const NewAccountSpec& spec) {
  ByteWriter writer;
  writer.bytes(spec.seed);
  writer.boolean(spec.is_public);
  writer.u8(static_cast<uint8_t>(spec.authentication.index()));
  if (const auto* network = std::get_if<NetworkAuthentication>(&spec.authentication)) {
    encode_roots(writer, network->note_scripts);
    encode_roots(writer, network->tx_scripts);
  }
  writer.boolean(spec.has_basic_wallet);
  writer.vint(spec.components.size());
  for (const AccountComponent& component : spec.components) {
    writer.bytes(component.library);
    encode_parts(writer, component.slots);
  }
  return std::move(writer).take();
}

Bytes encode_request(const ClientExecutionRequest& request) {
  ByteWriter writer;
  writer.bytes(request.account);
  writer.bytes(request.block_header);
  writer.bytes(request.partial_blockchain);
  encode_parts(writer, request.notes);
  encode_optional(writer, request.args);
  encode_parts(writer, request.output_recipients);
  encode_optional(writer, request.secret_key);
  return std::move(writer).take();
}

}  // namespace

Result<NetworkTransaction> reference_execute_client_transaction(
    const ClientExecutionRequest& request) {
  const Bytes encoded = encode_request(request);
  Reply reply;
  me_client_execute(slice(encoded), reply.slot());
  TRY(reply.outcome());
  ByteReader reader(reply.bytes());
  return read_transaction(reader);
}

Result<NewAccount> reference_build_account(const NewAccountSpec& spec) {
  const Bytes encoded = encode_spec(spec);
  Reply reply;
  me_account_build(slice(encoded), reply.slot());
  TRY(reply.outcome());
  ByteReader reader(reply.bytes());
  NewAccount made;
  made.account = read_part(reader);
  made.secret_key.assign(reader.rest().begin(), reader.rest().end());
  return made;
}

}  // namespace miden
