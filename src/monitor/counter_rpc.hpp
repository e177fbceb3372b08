// What a client that sends transactions and watches counters asks of a node's public API.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "net/channel.hpp"
#include "net/status.hpp"
#include "protocol/account.hpp"
#include "protocol/block_header.hpp"

namespace miden {

// Metadata `accept` that names the network: without it the API takes no transactions.
std::string accept_of_network(const Word& genesis_commitment);

// `rpc.Api/GetBlockHeaderByNumber`. What a node answers is not believed to be more than a header.
Answer<BlockHeader> fetch_block_header(const std::shared_ptr<grpc::Channel>& rpc,
                                       BlockNum block_num, const CallOptions& options,
                                       const std::stop_token& stop = {});

// `rpc.Api/SubmitProvenTx`; gives the tip at the time. ALREADY_EXISTS and its like are errors here.
Answer<BlockNum> submit_transaction(const std::shared_ptr<grpc::Channel>& rpc, ByteView proven_tx,
                                    ByteView tx_inputs, const CallOptions& options,
                                    const std::stop_token& stop = {});

struct CountOnChain {
  BlockNum block_num;  // as of
  AccountHeader header;
  uint64_t count = 0;
};
// `rpc.Api/GetAccount`: the newest state's header and element 0 of a value slot. Nothing when the
// account is not on chain (yet). INTERNAL: the node answers what is not of that account, or it has
// no such slot.
Answer<std::optional<CountOnChain>> look_up_count(const std::shared_ptr<grpc::Channel>& rpc,
                                                  const AccountId& account,
                                                  const StorageSlotName& slot,
                                                  const CallOptions& options,
                                                  const std::stop_token& stop = {});

}  // namespace miden
