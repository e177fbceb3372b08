#include "protocol/transaction_inputs.hpp"

#include <gtest/gtest.h>

#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {
namespace {

PartialAccount partial_account() {
  return {private_account(1), Felt::from_canonical(1), account_code(), {}, {}, std::nullopt};
}

// Block 2's note tree holds notes 1 and 2, the tip's (block 4) holds note 3.
class TransactionInputsTest : public testing::Test {
 protected:
  SimpleSmt early_ = note_tree_of({1, 2});
  SimpleSmt late_ = note_tree_of({3});
  TestChain chain_{4, [this](BlockHeader& header) {
                     if (header.block_num.value == 2) header.note_root = early_.root();
                     if (header.block_num.value == 4) header.note_root = late_.root();
                   }};

  TransactionInputs inputs(std::vector<InputNote> notes) const {
    return {
        partial_account(), chain_.tip(), chain_.before_tip(), {std::move(notes)}, {}, {}, {}, {}};
  }
  InputNote proven(uint32_t block_num, const SimpleSmt& tree, uint64_t n) const {
    return {note(n, NoteType::kPrivate), inclusion_proof(block_num, tree, n)};
  }
};

TEST_F(TransactionInputsTest, AcceptNotesOfTheReferenceBlockAndOfEarlierOnes) {
  const InputNote unproven{note(9, NoteType::kPrivate), std::nullopt};
  EXPECT_EQ(outcome(inputs({proven(2, early_, 1), proven(4, late_, 3), unproven}).check()), "ok");
}

TEST_F(TransactionInputsTest, MustAgreeWithTheReferenceBlock) {
  TransactionInputs shorter = inputs({});
  shorter.block_header.block_num = {3};
  EXPECT_EQ(outcome(shorter.check()), "InconsistentChainLength");
  TransactionInputs other = inputs({});
  other.block_header.chain_commitment = word(1);
  EXPECT_EQ(outcome(other.check()), "InconsistentChainCommitment");
  other.block_header.block_num = {3};
  EXPECT_EQ(outcome(other.check()), "InconsistentChainLength");
}

TEST_F(TransactionInputsTest, MustProveEachAuthenticatedNote) {
  EXPECT_EQ(outcome(inputs({proven(7, early_, 1)}).check()),
            "InputNoteBlockNotInPartialBlockchain");
  EXPECT_EQ(outcome(inputs({proven(3, early_, 1)}).check()), "InputNoteNotInBlock");
  InputNote misplaced = proven(2, early_, 1);
  misplaced.proof->block_note_tree_index = 2;
  EXPECT_EQ(outcome(inputs({misplaced}).check()), "InputNoteNotInBlock");
  InputNote shallow = proven(2, early_, 1);
  shallow.proof->path = {};
  EXPECT_EQ(outcome(inputs({shallow}).check()), "InputNoteNotInBlock");
}

TEST_F(TransactionInputsTest, StandDamagedBytes) {
  TransactionInputs whole = inputs({proven(2, early_, 1), {note(9, NoteType::kPrivate), {}}});
  whole.args.script = *NoteScript::make(forest_of({word(1), word(2)}), 1);
  whole.args.script_args = word(3);
  whole.args.note_args.emplace(NoteId(word(4)), word(5));
  whole.args.advice.stack = {Felt::from_canonical(6)};
  whole.args.advice.map[word(7)] = {Felt::from_canonical(8), Felt::from_canonical(9)};
  whole.args.auth_args = word(10);
  whole.advice.map[word(11)] = {};
  whole.advice.store.insert(word(12), word(13), word(14));
  whole.foreign_account_code = {account_code()};
  const StorageSlotName name = *StorageSlotName::parse("a::b");
  whole.foreign_slot_names.emplace(name.id(), name);
  expect_bytes_survive_decoding(whole);

  const Bytes bytes = to_bytes(whole);
  // Every byte of a megabyte takes too long: the 255 empty nodes of each store are skipped.
  for (size_t length = 0; length < bytes.size(); length += length < 4000 ? 1 : 487) {
    ASSERT_FALSE(from_bytes<TransactionInputs>(ByteView(bytes).first(length))) << length;
  }
}

TEST_F(TransactionInputsTest, RefuseRepeatedNotes) {
  const InputNote one = proven(2, early_, 1);
  const Bytes bytes = to_bytes(InputNotes{{one, one}});
  const Result<InputNotes> decoded = from_bytes<InputNotes>(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find(one.note.nullifier().to_hex()), std::string::npos)
      << decoded.error().message;
}

TEST(AdviceInputs, RefuseCountsThatTheirBytesCannotHold) {
  for (const int empty_lists_before : {0, 1}) {
    ByteWriter writer;
    for (int i = 0; i < empty_lists_before; ++i) writer.vint(0);
    writer.vint(uint64_t{1} << 60);
    EXPECT_EQ(outcome(from_bytes<AdviceInputs>(writer.view())), "UnexpectedEOF");
  }
}

}  // namespace
}  // namespace miden
