// The same questions as in src/transitions.rs: what comes of one object and another.
#include "protocol/account_delta.hpp"
#include "protocol/proposed_block.hpp"
#include "protocol/transaction_inputs.hpp"
#include "subjects.hpp"

namespace miden {
namespace {

Result<Answer> account_apply(ByteView input) {
  ByteReader reader(input);
  Account account = TRY(Account::decode(reader));
  TRY(account.apply(TRY(AccountDelta::decode(reader))));
  return Answer{{}, {account.commitment()}};
}

Result<Answer> account_delta_merge(ByteView input) {
  ByteReader reader(input);
  AccountDelta delta = TRY(AccountDelta::decode(reader));
  TRY(delta.merge(TRY(AccountDelta::decode(reader))));
  return Answer{to_bytes(delta), {delta.commitment()}};
}

Result<Answer> update_details_merge(ByteView input) {
  ByteReader reader(input);
  AccountUpdateDetails details = TRY(AccountUpdateDetails::decode(reader));
  TRY(details.merge(TRY(AccountUpdateDetails::decode(reader))));
  return Answer{to_bytes(details), {}};
}

Result<Answer> account_to_delta(ByteView input) {
  const Account account = TRY(from_bytes<Account>(input));
  const AccountDelta delta = TRY(AccountDelta::from_account(account));
  return Answer{to_bytes(delta), {delta.commitment()}};
}

Result<Answer> account_from_delta(ByteView input) {
  const AccountDelta delta = TRY(from_bytes<AccountDelta>(input));
  return Answer{{}, {TRY(delta.to_account()).commitment()}};
}

Result<Answer> proven_batch_of(ByteView input) {
  return Answer{to_bytes(ProvenBatch::of(TRY(from_bytes<ProposedBatch>(input)))), {}};
}

Result<Answer> transaction_header_of(ByteView input) {
  return Answer{to_bytes(TransactionHeader::of(TRY(from_bytes<ProvenTransaction>(input)))), {}};
}

Result<Answer> proposed_block_make(ByteView input) {
  ByteReader reader(input);
  const uint32_t timestamp = TRY(reader.u32());
  const BlockInputs inputs = TRY(BlockInputs::decode(reader));
  std::vector<ProvenBatch> batches = TRY(decode_vec<ProvenBatch>(reader));
  const ProposedBlock block = TRY(ProposedBlock::make_at(inputs, std::move(batches), timestamp));
  TRY(block.verify());
  return Answer{to_bytes(block), {}};
}

Result<Answer> signed_block_valid(ByteView input) {
  TRY(TRY(from_bytes<SignedBlock>(input)).validate());
  return Answer{};
}

Result<Answer> transaction_inputs_check(ByteView input) {
  TRY(TRY(from_bytes<TransactionInputs>(input)).check());
  return Answer{};
}

}  // namespace

const std::map<std::string_view, Ask>& transitions() {
  static const std::map<std::string_view, Ask> all{
      {"Account apply", account_apply},
      {"AccountDelta merge", account_delta_merge},
      {"AccountUpdateDetails merge", update_details_merge},
      {"Account to delta", account_to_delta},
      {"Account from delta", account_from_delta},
      {"ProvenBatch of", proven_batch_of},
      {"TransactionHeader of", transaction_header_of},
      {"ProposedBlock make", proposed_block_make},
      {"SignedBlock valid", signed_block_valid},
      {"TransactionInputs check", transaction_inputs_check},
  };
  return all;
}

}  // namespace miden
