// Another node's public API as the source of this node's chain. spec/store-rpc.md §19, §21.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "net/address.hpp"
#include "net/status.hpp"
#include "protocol/ids.hpp"

namespace grpc {
class Channel;
}

namespace miden {

// What a node says of itself and of its block production.
struct UpstreamStatus {
  Word genesis_commitment;
  BlockNum tip;
  struct Producer {
    std::string version;
    std::string status;
    BlockNum chain_tip;
    uint64_t unbatched_transactions = 0;
    uint64_t proposed_batches = 0;
    uint64_t proven_batches = 0;
  } producer;
};

// Connects when first used; safe from any thread. Nothing that comes from it has been checked.
class RpcSource {
 public:
  using Metadata = std::vector<std::pair<std::string, std::string>>;  // names and values
  // Streams are asked for with this genesis: a node of another network refuses (D-10). `metadata`
  // goes with every call.
  RpcSource(const ServiceUrl& url, const Word& genesis_commitment, Metadata metadata = {});

  const std::string& name() const { return name_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  // Metadata `accept` that names the genesis.
  const std::string& accept() const { return accept_; }

  // Asked for without the genesis, so that a node of another network says which.
  Answer<UpstreamStatus> status(std::chrono::milliseconds timeout,
                                const std::stop_token& stop) const;

  // BlockSubscription: `take` gets each message's block, SignedBlock, until it returns false. OK
  // only then; a stream that the source ends as if all were well is UNAVAILABLE, and so is a stop.
  using TakeBlock = std::function<bool(std::string block)>;
  Status blocks(BlockNum from, const TakeBlock& take, const std::stop_token& stop) const;

  struct Proof {
    BlockNum block_num;
    std::string proof;  // BlockProof
    BlockNum source_proven_tip;
  };
  // ProofSubscription, the same way.
  using TakeProof = std::function<bool(Proof proof)>;
  Status proofs(BlockNum from, const TakeProof& take, const std::stop_token& stop) const;

 private:
  std::string name_;
  std::string accept_;
  Metadata metadata_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace miden
