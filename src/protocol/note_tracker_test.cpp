#include "protocol/note_tracker.hpp"

#include <gtest/gtest.h>

#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {
namespace {

struct Step {
  std::vector<InputNoteCommitment> inputs;
  std::vector<OutputNote> outputs;
};

NoteId id(uint64_t n) { return private_note(n).id(); }

// Block 1's note tree holds notes 1 to 3, the reference block's (3) holds note 4. Block 0 is
// outside the partial chain.
class NoteTrackerTest : public testing::Test {
 protected:
  NoteTrackerTest() {
    PartialMmr mmr;
    for (uint32_t n = 0; n < 3; ++n) mmr.add(chain_.block(n).commitment(), n > 0);
    blockchain_ = *PartialBlockchain::make(mmr, {chain_.block(1), chain_.block(2)});
    for (const uint64_t n : {1, 2, 3}) proofs_.emplace(id(n), inclusion_proof(1, early_, n));
    proofs_.emplace(id(4), inclusion_proof(3, late_, 4));
  }

  Result<TrackedNotes> track(const std::vector<Step>& steps) {
    containers_.assign(steps.size(), {});
    for (size_t i = 0; i < steps.size(); ++i) containers_[i] = {steps[i].inputs, steps[i].outputs};
    return track_notes(containers_, proofs_, blockchain_, chain_.tip());
  }
  Result<TrackedNotes> track_without_proofs(const std::vector<Step>& steps) {
    std::vector<NoteContainer> containers;
    for (const Step& step : steps) containers.push_back({step.inputs, step.outputs});
    return track_notes_without_proofs(containers);
  }

  SimpleSmt early_ = note_tree_of({1, 2, 3});
  SimpleSmt late_ = note_tree_of({4});
  TestChain chain_{3, [this](BlockHeader& header) {
                     if (header.block_num.value == 1) header.note_root = early_.root();
                     if (header.block_num.value == 3) header.note_root = late_.root();
                   }};
  PartialBlockchain blockchain_;
  std::map<NoteId, NoteInclusionProof> proofs_;
  std::vector<NoteContainer> containers_;
};

using Inputs = std::map<Nullifier, InputNoteCommitment>;

TEST_F(NoteTrackerTest, KeepsWhatNobodyTouches) {
  const std::vector<Step> steps = {{{authenticated(20)}, {private_note(10)}},
                                   {{authenticated(21)}, {private_note(11)}}};
  const Result<TrackedNotes> tracked = track(steps);
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_EQ(tracked->inputs,
            (Inputs{{nullifier(20), authenticated(20)}, {nullifier(21), authenticated(21)}}));
  ASSERT_EQ(tracked->outputs.size(), 2u);
  EXPECT_EQ(tracked->outputs.at(id(10)), std::pair(size_t{0}, &steps[0].outputs[0]));
  EXPECT_EQ(tracked->outputs.at(id(11)), std::pair(size_t{1}, &steps[1].outputs[0]));
  EXPECT_TRUE(tracked->erased.empty());
}

TEST_F(NoteTrackerTest, ErasesANoteThatIsCreatedAndThenConsumed) {
  const Result<TrackedNotes> tracked =
      track({{{}, {private_note(10)}}, {{unauthenticated(10)}, {}}});
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_TRUE(tracked->inputs.empty());
  EXPECT_TRUE(tracked->outputs.empty());
  EXPECT_EQ(tracked->erased, std::set{nullifier(10)});
}

TEST_F(NoteTrackerTest, ErasesRatherThanAuthenticates) {
  const Result<TrackedNotes> tracked = track({{{}, {private_note(1)}}, {{unauthenticated(1)}, {}}});
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_EQ(tracked->erased, std::set{nullifier(1)});
}

TEST_F(NoteTrackerTest, NeverErasesForAnAuthenticatedInput) {
  const Result<TrackedNotes> tracked = track({{{}, {private_note(10)}}, {{authenticated(10)}, {}}});
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_EQ(tracked->inputs.size(), 1u);
  EXPECT_EQ(tracked->outputs.size(), 1u);
}

TEST_F(NoteTrackerTest, AuthenticatesByProofInTheChainAndInTheReferenceBlock) {
  const Result<TrackedNotes> tracked =
      track({{{unauthenticated(1), unauthenticated(4), unauthenticated(9)}, {}}});
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_EQ(tracked->inputs, (Inputs{{nullifier(1), authenticated(1)},
                                     {nullifier(4), authenticated(4)},
                                     {nullifier(9), unauthenticated(9)}}));
}

TEST_F(NoteTrackerTest, LetsAnErasedNoteBeCreatedAgain) {
  const Result<TrackedNotes> tracked =
      track({{{}, {private_note(10)}}, {{unauthenticated(10)}, {}}, {{}, {private_note(10)}}});
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_EQ(tracked->outputs.at(id(10)).first, 2u);
  EXPECT_EQ(tracked->erased, std::set{nullifier(10)});
}

TEST_F(NoteTrackerTest, RefusesRepeatedNotes) {
  EXPECT_EQ(outcome(track({{{}, {private_note(10)}}, {{}, {private_note(10)}}})),
            "DuplicateOutputNote");
  EXPECT_EQ(outcome(track({{{authenticated(20)}, {}}, {{authenticated(20)}, {}}})),
            "DuplicateInputNote");
  EXPECT_EQ(outcome(track({{{unauthenticated(20)}, {}}, {{authenticated(20)}, {}}})),
            "DuplicateInputNote");
}

TEST_F(NoteTrackerTest, RefusesProofsThatDoNotLeadIntoTheChain) {
  proofs_.at(id(1)).block_num = {0};
  proofs_.at(id(2)).block_num = {2};
  proofs_.at(id(3)).path = {};
  proofs_.at(id(4)).block_note_tree_index = 5;
  EXPECT_EQ(outcome(track({{{unauthenticated(1)}, {}}})),
            "UnauthenticatedInputNoteBlockNotInPartialBlockchain");
  for (const uint64_t n : {2, 3, 4}) {
    EXPECT_EQ(outcome(track({{{unauthenticated(n)}, {}}})),
              "UnauthenticatedNoteAuthenticationFailed")
        << n;
  }
}

TEST_F(NoteTrackerTest, RefusesAWrongOrder) {
  EXPECT_EQ(outcome(track({{{unauthenticated(10)}, {}}, {{}, {private_note(10)}}})),
            "NoteConsumedBeforeCreated");
  const std::vector<Step> cycle = {{{unauthenticated(11)}, {private_note(10)}},
                                   {{unauthenticated(10)}, {private_note(11)}}};
  EXPECT_EQ(outcome(track(cycle)), "NoteConsumedBeforeCreated");
}

TEST_F(NoteTrackerTest, RefusesANoteCreatedAndConsumedInOnePlace) {
  EXPECT_EQ(outcome(track({{{unauthenticated(10)}, {private_note(10)}}})),
            "NoteCreatedAndConsumed");
}

TEST_F(NoteTrackerTest, AcceptsANoteProvenEarlierThatIsCreatedAgainLater) {
  EXPECT_EQ(outcome(track({{{unauthenticated(1)}, {}}, {{}, {private_note(1)}}})), "ok");
}

TEST_F(NoteTrackerTest, LeavesUnerasedInputsAsTheyAreWithoutProofs) {
  const Result<TrackedNotes> tracked = track_without_proofs(
      {{{unauthenticated(1)}, {private_note(10)}}, {{unauthenticated(10)}, {private_note(1)}}});
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_EQ(tracked->inputs, (Inputs{{nullifier(1), unauthenticated(1)}}));
  EXPECT_EQ(tracked->erased, std::set{nullifier(10)});
  EXPECT_EQ(outcome(track_without_proofs({{{unauthenticated(10)}, {private_note(10)}}})),
            "NoteCreatedAndConsumed");
}

}  // namespace
}  // namespace miden
