#include "chain/account_queries.hpp"

namespace miden {

void AccountRecord::encode(ByteWriter& writer) const {
  id.encode(writer);
  commitment.encode(writer);
  updated_at.encode(writer);
  created_at.encode(writer);
  writer.boolean(is_network_account);
  writer.boolean(public_state.has_value());
  if (public_state) {
    public_state->header.encode(writer);
    public_state->storage.encode(writer);
  }
}

Result<AccountRecord> AccountRecord::decode(ByteReader& reader) {
  const AccountId id = TRY(AccountId::decode(reader));
  const Word commitment = TRY(Word::decode(reader));
  const BlockNum updated_at = TRY(BlockNum::decode(reader));
  const BlockNum created_at = TRY(BlockNum::decode(reader));
  const bool is_network_account = TRY(reader.boolean());
  std::optional<PublicState> public_state;
  if (TRY(reader.boolean())) {
    AccountHeader header = TRY(AccountHeader::decode(reader));
    AccountStorageHeader storage = TRY(AccountStorageHeader::decode(reader));
    public_state = PublicState{std::move(header), std::move(storage)};
  }
  return AccountRecord{
      .id = id,
      .commitment = commitment,
      .updated_at = updated_at,
      .created_at = created_at,
      .is_network_account = is_network_account,
      .public_state = std::move(public_state),
  };
}

}  // namespace miden
