// copy_chain ADDRESS DATA_DIRECTORY: makes a data directory of ours with the blocks and proofs of
// the node at the address, as a node that follows it would.
#include <fmt/format.h>
#include <grpcpp/create_channel.h>

#include <iostream>

#include "chain/chain_state.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

std::string text_of(const Error& error) { return fmt::format("{}: {}", error.code, error.message); }

class Source {
 public:
  explicit Source(const std::string& address) {
    grpc::ChannelArguments unlimited;
    unlimited.SetMaxReceiveMessageSize(-1);
    stub_ = ::rpc::Api::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), unlimited));
  }

  // Nothing above the tip.
  std::optional<::blockchain::MaybeBlock> block(uint32_t number) {
    ::blockchain::BlockRequest request;
    request.set_block_num(number);
    request.set_include_proof(true);
    grpc::ClientContext context;
    ::blockchain::MaybeBlock answer;
    const grpc::Status status = stub_->GetBlockByNumber(&context, request, &answer);
    if (!status.ok()) throw std::runtime_error(status.error_message());
    if (!answer.has_block()) return std::nullopt;
    return answer;
  }

 private:
  std::unique_ptr<::rpc::Api::Stub> stub_;
};

Result<uint32_t> copy(Source& source, const std::filesystem::path& directory) {
  const auto genesis = source.block(0);
  if (!genesis) return fail("NoGenesis", "the node has no block 0");
  TRY(ChainState::bootstrap(directory, TRY(from_bytes<SignedBlock>(as_bytes(genesis->block())))));
  const auto chain = TRY(ChainState::open(directory));
  for (uint32_t number = 1;; ++number) {
    const auto block = source.block(number);
    if (!block) return number - 1;
    TRY(chain->apply_block(TRY(from_bytes<SignedBlock>(as_bytes(block->block())))));
    if (block->has_proof()) TRY(chain->apply_proof({number}, as_bytes(block->proof())));
  }
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: copy_chain ADDRESS DATA_DIRECTORY\n";
    return 2;
  }
  try {
    miden::Source source(argv[1]);
    const auto tip = miden::copy(source, argv[2]);
    if (!tip) {
      std::cerr << "Error: " << miden::text_of(tip.error()) << '\n';
      return 1;
    }
    fmt::print("copied {} blocks\n", *tip + 1);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "Error: " << error.what() << '\n';
    return 1;
  }
}
