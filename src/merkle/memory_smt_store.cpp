#include "merkle/memory_smt_store.hpp"

namespace miden {
namespace {

template <class Rows, class Key>
std::vector<std::optional<Bytes>> find_all(const Rows& rows, std::span<const Key> keys) {
  std::vector<std::optional<Bytes>> found;
  found.reserve(keys.size());
  for (const Key& key : keys) {
    const auto row = rows.find(key);
    found.push_back(row == rows.end() ? std::nullopt : std::optional(row->second));
  }
  return found;
}

template <class Rows, class Changes>
void apply_to(Rows& rows, Changes& changes) {
  for (auto& [key, row] : changes) {
    if (row) {
      rows.insert_or_assign(key, *std::move(row));
    } else {
      rows.erase(key);
    }
  }
}

}  // namespace

std::vector<std::optional<Bytes>> MemorySmtStore::subtrees(std::span<const SubtreeKey> keys) const {
  return find_all(subtrees_, keys);
}

std::vector<std::optional<Bytes>> MemorySmtStore::leaves(std::span<const uint64_t> indices) const {
  return find_all(leaves_, indices);
}

void MemorySmtStore::apply(SmtUpdate update) {
  apply_to(subtrees_, update.subtrees);
  apply_to(leaves_, update.leaves);
}

}  // namespace miden
