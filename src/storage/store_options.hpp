// How much memory and how many files a store may take.
#pragma once

#include <cstddef>

namespace miden {

// The defaults keep an idle node small; a node that serves many clients raises `cache_bytes`. The
// names follow the reference's options (spec/store-rpc.md §3.7).
struct StoreOptions {
  // `*.rocksdb.cache-size`: blocks of all tables read from disk, shared.
  size_t cache_bytes = size_t{64} << 20;
  // Rows of all tables not yet in table files. Also bounds the log, and so what opening after a
  // crash must replay.
  size_t write_buffer_bytes = size_t{32} << 20;
  // `*.rocksdb.max-open-fds`
  int max_open_files = 256;
  // `*.rocksdb.durability-mode`. Sync: what was written survives a power failure. Relaxed: it
  // survives the process only.
  enum class Durability { kSync, kRelaxed };
  Durability durability = Durability::kSync;
};

}  // namespace miden
