// Updates of several stored trees at once.
#pragma once

#include "merkle/stored_smt.hpp"

namespace miden {

struct SmtChange {
  const SmtReader* reader;
  std::span<const SmtEntry> entries;
};

// smt_update for each of them: what small trees have to hash fills a batch only together. The error
// is the first tree's that has one.
Result<std::vector<SmtUpdate>> smt_update_many(std::span<const SmtChange> changes,
                                               Executor& executor);

}  // namespace miden
