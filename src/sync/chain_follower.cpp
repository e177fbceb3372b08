#include "sync/chain_follower.hpp"

namespace miden {
namespace {

template <class Options>
Options with(Options options, const std::function<void(const std::string&)>& on_fatal) {
  options.on_fatal = on_fatal;
  return options;
}

}  // namespace

ChainFollower::ChainFollower(ChainState& chain, Options options)
    : sources_(options.sources, chain.genesis_commitment(), options.polling),
      blocks_(chain, sources_, with(options.blocks, options.on_fatal)),
      proofs_(chain, sources_, with(options.proofs, options.on_fatal)) {}

void ChainFollower::start() {
  sources_.start();
  blocks_.start();
  proofs_.start();
}

void ChainFollower::stop() {
  blocks_.stop();
  proofs_.stop();
  sources_.stop();
}

}  // namespace miden
