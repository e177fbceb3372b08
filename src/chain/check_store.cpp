#include "chain/check_store.hpp"

#include <string>
#include <vector>

#include "chain/stored_tree.hpp"
#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

std::string number_of(BlockNum block) { return std::to_string(block.value); }

std::unexpected<Error> diverged(std::string message) {
  return fail("StorageDiverged", std::move(message));
}

// Goes through the rows of the chain's range in their order and compares them with what appending
// one commitment after the other makes.
class RangeCheck {
 public:
  explicit RangeCheck(const ChainReader& reader)
      : nodes_(reader.rows().rows(kChainNodes, Key(), Key().u64(UINT64_MAX))) {}

  bool append(const Word& commitment) {
    Word node = commitment;
    bool fits = take(node);
    for (uint64_t size = 1; length_ & size; size <<= 1) {
      node = merge(peaks_.back(), node);
      peaks_.pop_back();
      fits = fits && take(node);
    }
    peaks_.push_back(node);
    ++length_;
    return fits;
  }

 private:
  bool take(const Word& expected) {
    if (!nodes_.valid() || KeyReader(nodes_.key()).u64() != index_++) return false;
    const bool fits = decode_stored<Word>(nodes_.value()) == expected;
    nodes_.next();
    return fits;
  }

  Cursor nodes_;
  uint64_t index_ = 0;
  uint64_t length_ = 0;
  std::vector<Word> peaks_;
};

}  // namespace

Result<StoredTip> read_stored_tip(const ChainReader& reader, const std::filesystem::path& dir) {
  const std::optional<uint32_t> format = reader.meta(MetaKey::kFormat);
  const std::optional<SignedHeader> genesis = reader.header(kGenesis);
  if (!format || !genesis) {
    return fail("NotBootstrapped", "bootstrapping " + dir.string() +
                                       " was interrupted: delete it and bootstrap again");
  }
  if (*format != kStoreFormat) {
    return fail("UnsupportedStoreVersion",
                dir.string() + " has store format " + std::to_string(*format) +
                    ", this program reads format " + std::to_string(kStoreFormat));
  }
  const std::optional<uint32_t> tip = reader.meta(MetaKey::kTip);
  const std::optional<uint32_t> proven_tip = reader.meta(MetaKey::kProvenTip);
  if (!tip || !proven_tip) throw_corrupt("the tip's number is missing");
  const std::optional<SignedHeader> header = reader.header({*tip});
  if (!header) throw_corrupt("the tip's header is missing");
  if (header->header.block_num.value != *tip || *proven_tip > *tip) {
    return diverged("the stored tip, block " + std::to_string(*tip) +
                    ", fits neither its header nor the proven tip");
  }
  return StoredTip{*genesis, *header, {*proven_tip}};
}

Result<void> check_trees(const ChainReader& reader, const BlockHeader& tip) {
  const auto misfit = [&](std::string_view tree) {
    return diverged("the stored " + std::string(tree) + " does not fit the header of block " +
                    number_of(tip.block_num) + ": restore the data directory from a copy");
  };
  if (StoredTree(reader, account_tree()).root() != tip.account_root) return misfit("account tree");
  if (StoredTree(reader, nullifier_tree()).root() != tip.nullifier_root) {
    return misfit("nullifier tree");
  }
  if (mmr_peaks_at(tip.block_num.value, reader.chain_nodes()).hash() != tip.chain_commitment) {
    return misfit("chain range");
  }
  return {};
}

Result<void> check_headers(const ChainReader& reader, const StoredTip& stored, const Word& genesis,
                           const std::stop_token& stop) {
  const BlockHeader& first = stored.genesis.header;
  if (const Word found = first.commitment(); found != genesis) {
    return fail("GenesisMismatch", "the store is of the network with genesis block " +
                                       found.to_hex() + ", not " + genesis.to_hex());
  }
  RangeCheck range(reader);
  Word parent;  // the genesis block names none, and is known by its commitment
  for (BlockNum block = kGenesis; block <= stored.tip.header.block_num; block = block.next()) {
    if (stop.stop_requested()) return fail("Stopped", "stopped before the end");
    const std::optional<SignedHeader> header = reader.header(block);
    if (!header) return diverged("the header of block " + number_of(block) + " is missing");
    const Word commitment = header->header.commitment();
    if (header->header.block_num != block || header->commitment != commitment ||
        (block != kGenesis && header->header.prev_block_commitment != parent)) {
      return diverged("the header of block " + number_of(block) +
                      " does not follow the one before");
    }
    if (!range.append(commitment)) {
      return diverged("the stored chain range does not fit the header of block " +
                      number_of(block));
    }
    parent = commitment;
  }
  // The last one read: what it signs, it signs for all that it follows from.
  const SignedHeader& tip = stored.tip;
  if (tip.header.validator_key != first.validator_key ||
      !first.validator_key.verify(parent, tip.signature)) {
    return fail("InvalidSignature", "block " + number_of(tip.header.block_num) +
                                        ", the tip, is not signed by the network's validator");
  }
  return {};
}

}  // namespace miden
