// The same histories as in src/trees.rs, on every tree of ours that can tell them.
#include <algorithm>

#include "merkle/memory_smt_store.hpp"
#include "merkle/mmr.hpp"
#include "merkle/partial_smt.hpp"
#include "merkle/smt.hpp"
#include "subjects.hpp"

namespace miden {
namespace {

template <class T>
Result<std::vector<T>> read_all(ByteReader& reader) {
  return decode_items<T>(reader, TRY(reader.u32()));
}

std::unexpected<Error> disagree(std::string what) { return fail("TreesDisagree", std::move(what)); }

// The tree in memory and the stored one, side by side.
Result<Answer> smt_history(ByteView input) {
  ByteReader reader(input);
  const uint32_t batches = TRY(reader.u32());
  Smt tree;
  MemorySmtStore store;
  SerialExecutor executor;
  Answer answer;
  for (uint32_t i = 0; i < batches; ++i) {
    std::vector<SmtEntry> entries = TRY(read_all<SmtEntry>(reader));
    TRY(tree.update(entries));
    std::ranges::sort(entries, {}, &SmtEntry::key);
    SmtUpdate update = TRY(smt_update(store, entries, executor));
    if (update.root != tree.root()) return disagree("stored tree after batch " + std::to_string(i));
    store.apply(std::move(update));
    answer.words.push_back(tree.root());
  }
  ByteWriter writer;
  const std::vector<Word> keys = TRY(read_all<Word>(reader));
  const std::vector<SmtProof> stored = TRY(smt_open_many(store, keys));
  for (size_t i = 0; i < keys.size(); ++i) {
    const SmtProof opening = tree.open(keys[i]);
    if (opening != stored[i]) return disagree("stored opening " + std::to_string(i));
    opening.encode(writer);
  }
  answer.encoding = std::move(writer).take();
  return answer;
}

Result<Answer> partial_smt_history(ByteView input) {
  ByteReader reader(input);
  PartialSmt tree = TRY(PartialSmt::from_proofs(TRY(read_all<SmtProof>(reader))));
  Answer answer;
  answer.words.push_back(tree.root());
  for (const SmtEntry& change : TRY(read_all<SmtEntry>(reader))) {
    TRY(tree.update({&change, 1}));
    answer.words.push_back(tree.root());
  }
  return answer;
}

Result<Answer> mmr_history(ByteView input) {
  ByteReader reader(input);
  Mmr range;
  MmrPeaks peaks;
  Answer answer;
  answer.words.push_back(range.peaks().hash());
  for (const Word& leaf : TRY(read_all<Word>(reader))) {
    range.add(leaf);
    peaks.add(leaf);
    if (range.peaks() != peaks) return disagree("peaks alone");
    answer.words.push_back(peaks.hash());
  }
  const uint32_t position = TRY(reader.u32());
  const uint32_t length = TRY(reader.u32());
  const uint32_t from = TRY(reader.u32());
  const uint32_t to = TRY(reader.u32());
  ByteWriter writer;
  encode_items(writer, TRY(range.open_at(position, length)).path.siblings);
  encode_items(writer, TRY(range.delta(from, to)).data);
  answer.encoding = std::move(writer).take();
  return answer;
}

}  // namespace

const std::map<std::string_view, Ask>& histories() {
  static const std::map<std::string_view, Ask> all{{"Smt history", smt_history},
                                                   {"PartialSmt history", partial_smt_history},
                                                   {"Mmr history", mmr_history}};
  return all;
}

}  // namespace miden
