// A chain that follows other nodes: blocks and proofs, from the best of several sources.
#pragma once

#include "sync/block_follower.hpp"
#include "sync/proof_follower.hpp"

namespace miden {

class ChainFollower {
 public:
  struct Options {
    std::vector<ServiceUrl> sources;  // at least one; the first of equals is preferred
    BlockSources::Options polling;
    BlockFollower::Options blocks;
    ProofFollower::Options proofs;
    // Called once a disk has failed, from any thread: the program must end.
    std::function<void(const std::string&)> on_fatal;
  };

  // `chain` must outlive this. Nobody else may apply blocks or proofs to it.
  ChainFollower(ChainState& chain, Options options);
  ~ChainFollower() { stop(); }

  void start();
  // Commits nothing more when it returns.
  void stop();

  const BlockSources& sources() const { return sources_; }

 private:
  BlockSources sources_;
  BlockFollower blocks_;
  ProofFollower proofs_;
};

}  // namespace miden
