// A chain's store that no node has open: what it holds, and making another node's store this one's.
#pragma once

#include <filesystem>
#include <stop_token>

#include "chain/check_store.hpp"
#include "storage/store_files.hpp"

namespace miden {

struct StoredChain {
  StoredTip stored;
  TableFileChecksums table_files;
};

// Opens the store in `dir` as a node would and closes it again. Errors: those of ChainState::open.
Result<StoredChain> inspect_stored_chain(const std::filesystem::path& dir);

// `dir` holds a copy of a store that another node wrote. Checks what inspect_stored_chain() does
// and check_headers(); then removes what belongs to that node alone: the transactions that it
// answered for, which are read back without being verified, and its proving inputs. What remains is
// what a full node has. Everything else below the headers is believed as far as its roots fit: see
// docs/snapshots.md. Errors: those of ChainState::open and check_headers().
Result<StoredTip> adopt_stored_chain(const std::filesystem::path& dir, const Word& genesis,
                                     const std::stop_token& stop);

}  // namespace miden
