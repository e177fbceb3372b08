// Is what lies in a store a whole chain, and the one that it should be?
#pragma once

#include <filesystem>
#include <stop_token>

#include "chain/chain_reader.hpp"

namespace miden {

// What every opening asks: a finished bootstrap, of this program's format, with a tip. `dir` is for
// the texts. Errors: NotBootstrapped, UnsupportedStoreVersion, StorageDiverged (the numbers
// contradict each other).
struct StoredTip {
  SignedHeader genesis;
  SignedHeader tip;
  BlockNum proven_tip;
};
Result<StoredTip> read_stored_tip(const ChainReader& reader, const std::filesystem::path& dir);

// Three roots and the range's peaks against the tip's header: cheap enough for every start. Error:
// StorageDiverged.
Result<void> check_trees(const ChainReader& reader, const BlockHeader& tip);

// For a store that others wrote: every header hashes to its commitment and follows the one before,
// from the genesis block up to a tip that the genesis block's validator signed, and the chain's
// range is made of them. So all of them are the network's, if `genesis` is. Some seconds for a
// million blocks. Errors: GenesisMismatch, InvalidSignature, StorageDiverged, Stopped.
Result<void> check_headers(const ChainReader& reader, const StoredTip& stored, const Word& genesis,
                           const std::stop_token& stop);

}  // namespace miden
