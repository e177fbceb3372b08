#include "trees.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "storage/thread_pool_executor.hpp"
#include "words.hpp"

namespace miden {
namespace {

constexpr size_t kBatch = 10'000;

// As smt_update wants them: sorted.
std::vector<SmtEntry> sorted(std::vector<SmtEntry> entries) {
  std::ranges::sort(entries, {}, &SmtEntry::key);
  return entries;
}

}  // namespace

GrownTree::GrownTree(size_t leaves) : leaves_(leaves) {
  fmt::print(stderr, "  ours: building a tree of {} leaves\n", leaves);
  ThreadPoolExecutor executor;
  store_.apply(smt_update(store_, sorted(Words(2).entries(leaves)), executor).value());
}

Measured GrownTree::insert_batch(size_t threads) {
  ThreadPoolExecutor executor(threads);
  std::vector<SmtEntry> entries = Words(3).entries(kBatch);
  Measured measured;
  // The reference's side sorts too.
  measured.seconds = seconds_of([&] {
    entries = sorted(std::move(entries));
    SmtUpdate update = smt_update(store_, entries, executor).value();
    measured.result = update.root.to_hex();
    store_.apply(std::move(update));
  });
  for (SmtEntry& entry : entries) entry.value = {};
  store_.apply(smt_update(store_, entries, executor).value());
  return measured;
}

}  // namespace miden
