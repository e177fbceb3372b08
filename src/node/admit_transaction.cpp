#include "node/admit_transaction.hpp"

namespace miden {

Answer<BlockNum> AdmitTransaction::submit(CheckedTransaction transaction) {
  std::optional<ByteView> inputs;
  if (transaction.inputs) inputs = as_bytes(*transaction.inputs);
  TRY(validator_.submit(as_bytes(transaction.bytes), inputs));
  return producer_.submit(std::move(transaction.transaction), transaction.bytes.size());
}

}  // namespace miden
