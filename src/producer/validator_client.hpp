// The validator over gRPC. spec/block-production.md §12.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "net/address.hpp"
#include "producer/block_signer.hpp"

namespace grpc {
class Channel;
}

namespace miden {

struct ValidatorClientOptions {
  ServiceUrl url;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of each unary call
};

// Connects when first used; safe from any thread.
class ValidatorClient final : public BlockSigner {
 public:
  explicit ValidatorClient(const ValidatorClientOptions& options);

  // SubmitProvenTransaction; the validator's status verbatim.
  Answer<> submit(ByteView proven_transaction, std::optional<ByteView> transaction_inputs,
                  const std::stop_token& stop = {});

  Answer<BlockSignature> sign(ByteView proposed_block, const std::stop_token& stop) override;
  Answer<BlockNum> signed_tip(const std::stop_token& stop) override;
  Answer<> signed_blocks(BlockNum first, const std::function<bool(Bytes)>& take,
                         const std::stop_token& stop) override;

 private:
  std::chrono::milliseconds timeout_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace miden
