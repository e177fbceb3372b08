#include "ntx_builder/builder_tables.hpp"

#include <array>

namespace miden {
namespace {

constexpr auto kRows = TableSpec::Use::kRows;
constexpr auto kLargeValues = TableSpec::Use::kLargeValues;

constexpr std::array<TableSpec, kBuilderTableCount> kTables = {{
    {"ntx_meta", kRows},
    {"ntx_accounts", kRows},
    {"ntx_account_states", kLargeValues},
    {"ntx_account_deltas", kRows},
    {"ntx_notes", kRows},
    {"ntx_waiting_bodies", kLargeValues},
    {"ntx_waiting_notes", kRows},
    {"ntx_notes_by_id", kRows},
    {"ntx_notes_by_nullifier", kRows},
    {"ntx_finished_notes", kRows},
    {"ntx_inflight", kRows},
    {"ntx_scripts", kLargeValues},
    {"ntx_scripts_by_age", kRows},
}};

}  // namespace

std::span<const TableSpec> builder_tables() { return kTables; }

void NoteRow::encode(ByteWriter& writer) const {
  id.encode(writer);
  nullifier.encode(writer);
  account.encode(writer);
  writer.u64(execution_hint);
  script_root.encode(writer);
  writer.u32(body_size);
  writer.u32(attempts);
  encode_option(writer, last_attempt);
  writer.boolean(last_error.has_value());
  if (last_error) writer.string(*last_error);
  encode_option(writer, committed_at);
  encode_option(writer, committed_by);
  encode_option(writer, next_try);
  encode_option(writer, finished_at);
}

Result<NoteRow> NoteRow::decode(ByteReader& reader) {
  const NoteId id = TRY(NoteId::decode(reader));
  const Nullifier nullifier = TRY(Nullifier::decode(reader));
  NoteRow row{.id = id, .nullifier = nullifier, .account = TRY(AccountId::decode(reader))};
  row.execution_hint = TRY(reader.u64());
  row.script_root = TRY(NoteScriptRoot::decode(reader));
  row.body_size = TRY(reader.u32());
  row.attempts = TRY(reader.u32());
  row.last_attempt = TRY(decode_option<BlockNum>(reader));
  if (TRY(reader.boolean())) row.last_error = TRY(reader.string());
  row.committed_at = TRY(decode_option<BlockNum>(reader));
  row.committed_by = TRY(decode_option<TransactionId>(reader));
  row.next_try = TRY(decode_option<BlockNum>(reader));
  row.finished_at = TRY(decode_option<BlockNum>(reader));
  return row;
}

void NetworkAccountRow::encode(ByteWriter& writer) const {
  writer.u64(state_bytes);
  writer.u64(delta_bytes);
  writer.u32(delta_count);
}

Result<NetworkAccountRow> NetworkAccountRow::decode(ByteReader& reader) {
  NetworkAccountRow row;
  row.state_bytes = TRY(reader.u64());
  row.delta_bytes = TRY(reader.u64());
  row.delta_count = TRY(reader.u32());
  return row;
}

void InflightTransaction::encode(ByteWriter& writer) const {
  id.encode(writer);
  account.encode(writer);
  initial_commitment.encode(writer);
  reference_block.encode(writer);
  expiration_block.encode(writer);
  encode_vec(writer, notes);
}

Result<InflightTransaction> InflightTransaction::decode(ByteReader& reader) {
  const TransactionId id = TRY(TransactionId::decode(reader));
  const AccountId account = TRY(AccountId::decode(reader));
  const Word initial_commitment = TRY(Word::decode(reader));
  const BlockNum reference_block = TRY(BlockNum::decode(reader));
  const BlockNum expiration_block = TRY(BlockNum::decode(reader));
  std::vector<NoteId> notes = TRY(decode_vec<NoteId>(reader));
  return InflightTransaction{
      id, account, initial_commitment, reference_block, expiration_block, std::move(notes)};
}

void throw_corrupt_builder_store(const std::string& what) {
  throw StorageError(StorageError::Kind::kCorruption, "the builder's store is damaged: " + what);
}

}  // namespace miden
