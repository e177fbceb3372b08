#include "node/admit_transaction.hpp"

namespace miden {

Answer<> AdmitTransaction::validate(const CheckedTransaction& transaction) {
  std::optional<ByteView> inputs;
  if (transaction.inputs) inputs = as_bytes(*transaction.inputs);
  TRY(validator_.submit(as_bytes(transaction.bytes), inputs));
  return {};
}

Answer<BlockNum> AdmitTransaction::submit(CheckedTransaction transaction, const CallerHeaders&) {
  TRY(validate(transaction));
  return producer_.submit(std::move(transaction.transaction), transaction.bytes.size());
}

// spec/store-rpc.md §18.2 step 7: one after the other, the first refusal ends it.
Answer<BlockNum> AdmitTransaction::submit_batch(CheckedBatch batch, const CallerHeaders&) {
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions;
  for (CheckedTransaction& transaction : batch.transactions) {
    TRY(validate(transaction));
    transactions.push_back(std::move(transaction.transaction));
  }
  return producer_.submit_batch(std::move(transactions));
}

}  // namespace miden
