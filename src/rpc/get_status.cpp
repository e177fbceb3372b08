#include "net/convert_primitives.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"
#include "rpc/producer_report.hpp"

namespace miden {

Answer<::rpc::RpcStatus> get_status(const StateView& view, std::string_view version,
                                    const ProducerReport& producer) {
  ::rpc::RpcStatus response;
  response.set_version(std::string(version));
  *response.mutable_genesis_commitment() = to_message(view.genesis_commitment());
  response.set_chain_tip(view.tip().value);

  auto& block_producer = *response.mutable_block_producer();
  block_producer.set_version(producer.version);
  block_producer.set_status(producer.status);
  block_producer.set_chain_tip(producer.chain_tip.value);
  auto& stats = *block_producer.mutable_mempool_stats();
  stats.set_unbatched_transactions(producer.unbatched_transactions);
  stats.set_proposed_batches(producer.proposed_batches);
  stats.set_proven_batches(producer.proven_batches);
  return response;
}

}  // namespace miden
