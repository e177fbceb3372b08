// Blocks, headers, notes and scripts: what the methods answer against the model of the chain.
#include <gmock/gmock.h>

#include <algorithm>

#include "net/convert_block.hpp"
#include "net/convert_note.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"
#include "rpc/producer_report.hpp"
#include "rpc/test_support/chain_world.hpp"

namespace miden {
namespace {

const SimulatedChain& model() { return ChainWorld::shared().model; }
const StateView& view() { return ChainWorld::view(); }
constexpr uint32_t kTip = ChainWorld::kBlocks;

TEST(GetStatus, TellsTheTipAndTheProducersState) {
  const auto status = get_status(view(), "0.15.2", {"0.15.1", "connected", {kTip + 1}, 3, 2, 1});
  ASSERT_TRUE(status);
  EXPECT_EQ(status->version(), "0.15.2");
  EXPECT_EQ(status->chain_tip(), kTip);
  EXPECT_EQ(*from_message(status->genesis_commitment()), model().blocks[0].header.commitment());
  EXPECT_EQ(status->block_producer().version(), "0.15.1");
  EXPECT_EQ(status->block_producer().status(), "connected");
  EXPECT_EQ(status->block_producer().chain_tip(), kTip + 1);
  EXPECT_EQ(status->block_producer().mempool_stats().unbatched_transactions(), 3u);
  EXPECT_EQ(status->block_producer().mempool_stats().proposed_batches(), 2u);
  EXPECT_EQ(status->block_producer().mempool_stats().proven_batches(), 1u);
}

TEST(GetLimits, TellsEveryLimit) {
  std::map<std::string, std::map<std::string, uint32_t>> told;
  const auto limits = get_limits();
  ASSERT_TRUE(limits);
  for (const auto& [endpoint, parameters] : limits->endpoints()) {
    told[endpoint] = {parameters.parameters().begin(), parameters.parameters().end()};
  }
  EXPECT_EQ(told, (std::map<std::string, std::map<std::string, uint32_t>>{
                      {"SyncNullifiers", {{"nullifier_prefix", 1000}}},
                      {"SyncTransactions", {{"account_id", 1000}}},
                      {"SyncNotes", {{"note_tag", 1000}}},
                      {"GetNotesById", {{"note_id", 100}}},
                      {"GetAccount", {{"storage_map_key", 64}, {"storage_maps", 255}}}}));
}

TEST(GetBlockHeaderByNumber, ProvesEachBlockAgainstTheWholeChain) {
  const MmrPeaks peaks = model().chain.peaks();
  for (uint32_t n = 0; n <= kTip; ++n) {
    ::rpc::BlockHeaderByNumberRequest request;
    request.set_block_num(n);
    request.set_include_mmr_proof(true);
    const auto response = get_block_header_by_number(view(), request);
    ASSERT_TRUE(response);
    EXPECT_EQ(*from_message(response->block_header()), model().blocks[n].header);
    EXPECT_EQ(response->chain_length(), kTip + 1);
    PartialMmr partial = PartialMmr::from_peaks(peaks);
    EXPECT_TRUE(partial.track(n, model().blocks[n].header.commitment(),
                              *from_message(response->mmr_path())));
  }
}

TEST(GetBlockHeaderByNumber, GivesTheTipWithoutANumberAndNothingForAnUnknownBlock) {
  ::rpc::BlockHeaderByNumberRequest request;
  const auto latest = get_block_header_by_number(view(), request);
  ASSERT_TRUE(latest);
  EXPECT_EQ(latest->block_header().block_num(), kTip);
  EXPECT_FALSE(latest->has_mmr_path());
  EXPECT_FALSE(latest->has_chain_length());
  request.set_block_num(kTip + 1);
  request.set_include_mmr_proof(true);
  EXPECT_EQ(get_block_header_by_number(view(), request)->ByteSizeLong(), 0u);
}

TEST(GetBlockByNumber, GivesTheBytesAndSaysWhichBlocksAreProven) {
  for (uint32_t n = 0; n <= kTip + 1; ++n) {
    ::blockchain::BlockRequest request;
    request.set_block_num(n);
    const auto alone = get_block_by_number(view(), request);
    request.set_include_proof(true);
    const auto with_proof = get_block_by_number(view(), request);
    ASSERT_TRUE(alone && with_proof);
    EXPECT_EQ(alone->has_block(), n <= kTip);
    EXPECT_FALSE(alone->has_proof());
    EXPECT_EQ(with_proof->has_proof(), n >= 1 && n <= ChainWorld::kProven);
    EXPECT_EQ(with_proof->proof(), "");
    if (n <= kTip) {
      EXPECT_EQ(alone->block(), as_string_view(to_bytes(model().blocks[n])));
    }
  }
}

TEST(GetNotesById, GivesNotesThatHashToTheirIdsAndAreInTheirBlocks) {
  ::note::NoteIdList request;
  std::set<NoteId> asked;
  for (const ModelNote& note : model().notes) {
    if (asked.size() == 98) break;
    asked.insert(note.note.id());
    *request.add_ids() = to_message(note.note.id());
  }
  *request.add_ids() = to_message(model().notes.front().note.id());  // twice
  *request.add_ids() = to_message(NoteId(word(4711)));               // unknown
  const auto response = get_notes_by_id(view(), request);
  ASSERT_TRUE(response);

  std::set<NoteId> given;
  for (const auto& committed : response->notes()) {
    const auto [id, proof] = *from_message(committed.inclusion_proof());
    EXPECT_TRUE(given.insert(id).second) << "given twice: " << id.to_hex();
    const NoteMetadata metadata = *from_message(committed.note().metadata());
    const auto original =
        std::ranges::find(model().notes, id, [](const ModelNote& n) { return n.note.id(); });
    ASSERT_NE(original, model().notes.end());
    EXPECT_EQ(metadata, original->note.metadata());
    EXPECT_EQ(committed.note().attachments(),
              as_string_view(to_bytes(original->note.attachments())));
    EXPECT_EQ(committed.note().has_details(), original->note.public_note() != nullptr);
    if (original->note.public_note() != nullptr) {
      EXPECT_EQ(from_message(committed.note())->id(), id);
    }
    EXPECT_EQ(proof.block_num, original->block_num);
    EXPECT_EQ(proof.block_note_tree_index, original->index);
    EXPECT_EQ(proof.path, original->path);
  }
  EXPECT_EQ(given, asked);
}

TEST(GetNotesById, RefusesTooManyIdsAndBrokenOnes) {
  ::note::NoteIdList request;
  for (int i = 0; i < 100; ++i) *request.add_ids() = to_message(NoteId(word(1)));
  EXPECT_EQ(outcome(get_notes_by_id(view(), request)), "OK");
  request.add_ids();
  EXPECT_EQ(outcome(get_notes_by_id(view(), request)),
            "OUT_OF_RANGE: parameter note_id exceeded limit 100: 101");
  request.clear_ids();
  request.add_ids();
  EXPECT_EQ(outcome(get_notes_by_id(view(), request)),
            "INVALID_ARGUMENT: digests: field `note::NoteId::id` is missing");
  request.mutable_ids(0)->mutable_id()->set_d2(Felt::kModulus);
  EXPECT_EQ(outcome(get_notes_by_id(view(), request)),
            "INVALID_ARGUMENT: digests: value is not in the range 0..MODULUS");
  request.clear_ids();
  EXPECT_EQ(get_notes_by_id(view(), request)->notes_size(), 0);
}

TEST(GetNoteScriptByRoot, GivesEveryPublicNotesScript) {
  for (const ModelNote& note : model().notes) {
    if (note.note.public_note() == nullptr) continue;
    const NoteScript& script = note.note.public_note()->details().recipient.script;
    ::note::NoteScriptRoot request;
    *request.mutable_root() = to_digest(script.root());
    const auto response = get_note_script_by_root(view(), request);
    ASSERT_TRUE(response);
    EXPECT_EQ(*from_message(response->script()), script);
  }
}

TEST(GetNoteScriptByRoot, GivesNothingForAnUnknownRootAndRefusesABrokenOne) {
  ::note::NoteScriptRoot request;
  EXPECT_EQ(outcome(get_note_script_by_root(view(), request)),
            "INVALID_ARGUMENT: NoteScriptRoot: missing field `root`");
  request.mutable_root()->set_d0(1);
  EXPECT_FALSE(get_note_script_by_root(view(), request)->has_script());
  request.mutable_root()->set_d0(UINT64_MAX);
  EXPECT_EQ(outcome(get_note_script_by_root(view(), request)),
            "INVALID_ARGUMENT: root: value is not in the range 0..MODULUS");
}

}  // namespace
}  // namespace miden
