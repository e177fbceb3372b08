#include "node/admit_transaction.hpp"

namespace miden {

Answer<> AdmitTransaction::validate(const CheckedTransaction& transaction,
                                    const std::stop_token& stop) {
  // What was accepted has been validated, and validators know transactions by their ids.
  if (producer_.has_accepted(transaction.transaction->id)) return {};
  std::optional<ByteView> inputs;
  if (transaction.inputs) inputs = as_bytes(*transaction.inputs);
  return validator_.submit(as_bytes(transaction.bytes), inputs, stop);
}

Answer<BlockNum> AdmitTransaction::submit(CheckedTransaction transaction,
                                          const CallerHeaders& caller) {
  TRY(producer_.check_against_chain(transaction.transaction));
  TRY(validate(transaction, caller.left));
  return producer_.submit(std::move(transaction.transaction), transaction.bytes.size());
}

// spec/store-rpc.md §18.2 step 7: one after the other, the first refusal ends it.
Answer<BlockNum> AdmitTransaction::submit_batch(CheckedBatch batch, const CallerHeaders& caller) {
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions;
  for (const CheckedTransaction& transaction : batch.transactions) {
    transactions.push_back(transaction.transaction);
  }
  TRY(producer_.check_against_chain(transactions));
  for (const CheckedTransaction& transaction : batch.transactions) {
    TRY(validate(transaction, caller.left));
  }
  return producer_.submit_batch(std::move(transactions));
}

}  // namespace miden
