#include "protocol/transaction.hpp"

#include <gtest/gtest.h>

#include "crypto/poseidon2.hpp"
#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

// Spending 5 coins and paying 3 as fee: what `transaction(...)` carries as fee, seen from the
// delta.
AccountDelta delta_before_fee(AccountId account) {
  AccountVaultDelta vault;
  EXPECT_TRUE(vault.remove_fungible(coins(5)));
  return *AccountDelta::make(account, {}, vault, std::nullopt, Felt::from_canonical(1));
}
AccountDelta delta_after_fee(AccountId account) {
  AccountDelta delta = delta_before_fee(account);
  EXPECT_TRUE(delta.vault.remove_fungible(coins(3)));
  return delta;
}

TxAccountUpdate public_update(AccountId account = public_account(1)) {
  return *TxAccountUpdate::make(account, word(1), word(2), delta_before_fee(account).commitment(),
                                {delta_after_fee(account)});
}

Result<ProvenTransaction> make(TxAccountUpdate update, std::vector<InputNoteCommitment> inputs,
                               std::vector<OutputNote> outputs) {
  return ProvenTransaction::make(std::move(update), *InputNoteCommitments::make(std::move(inputs)),
                                 *OutputNotes::make(std::move(outputs)), {5}, word(55), coins(3),
                                 {1000},
                                 ExecutionProof{{1, 2, 3}, 4, {{Felt::from_canonical(8), {9}}}});
}

Account new_account() {
  return *Account::make(public_account(1), {}, {}, account_code(), Felt::from_canonical(1),
                        std::nullopt);
}

// --- Notes ---------------------------------------------------------------------------------------

TEST(InputNoteCommitments, HashNullifiersWithTheIdsOfUnauthenticatedNotes) {
  EXPECT_EQ(InputNoteCommitments{}.commitment(), Word());
  const auto notes = *InputNoteCommitments::make({authenticated(1), unauthenticated(2)});
  EXPECT_EQ(notes.commitment(), hash_words(std::array{nullifier(1).word, Word(), nullifier(2).word,
                                                      note(2, NoteType::kPrivate).id().word}));
}

TEST(InputNoteCommitments, RefuseTooManyAndRepeatedNullifiers) {
  std::vector<InputNoteCommitment> notes;
  for (uint64_t n = 0; n < 1024; ++n) notes.push_back({Nullifier(word(n)), std::nullopt});
  EXPECT_EQ(outcome(InputNoteCommitments::make(notes)), "ok");
  notes.push_back({Nullifier(word(0)), std::nullopt});
  EXPECT_EQ(outcome(InputNoteCommitments::make(notes)), "TooManyInputNotes");
  notes.erase(notes.begin() + 1);
  EXPECT_EQ(outcome(InputNoteCommitments::make(notes)), "DuplicateInputNote");
  EXPECT_EQ(outcome(from_bytes<InputNoteCommitments>(to_bytes(InputNoteCommitments{notes}))),
            "InvalidValue");
}

TEST(NoteIds, AreTheHeadersOwn) {
  std::vector<NoteHeader> headers;
  for (uint64_t n = 0; n < 21; ++n) headers.push_back(note(n, NoteType::kPrivate).header());
  std::vector<const NoteHeader*> pointers;
  std::vector<NoteId> expected;
  for (const NoteHeader& header : headers) {
    pointers.push_back(&header);
    expected.push_back(header.id());
  }
  EXPECT_EQ(note_ids(pointers), expected);
}

TEST(OutputNote, IsPublicWithItsNoteOrPrivateWithItsHeader) {
  const Note shown = note(1, NoteType::kPublic);
  const Note hidden = note(2, NoteType::kPrivate);
  EXPECT_EQ(public_note(1).id(), shown.id());
  EXPECT_EQ(private_note(2).id(), hidden.id());
  EXPECT_EQ(private_note(2).header(), hidden.header());
  EXPECT_EQ(private_note(2).public_note(), nullptr);
  EXPECT_EQ(public_note(1).metadata_commitment(), shown.metadata().commitment());
  EXPECT_EQ(private_note(2).metadata_commitment(), hidden.metadata().commitment());
  EXPECT_EQ(outcome(OutputNote::from_public(hidden)), "NoteIsPrivate");
  EXPECT_EQ(outcome(OutputNote::from_private(shown.header(), {})), "NoteIsPublic");
}

TEST(OutputNote, LimitsThePublicNotesSize) {
  const auto sized = [](size_t felts) {
    const NoteScript script = *NoteScript::make(forest_of({word(601)}, felts), 0);
    return Note({NoteType::kPublic, private_account(77), 0},
                {NoteAssets{}, {script, NoteStorage{}, word(1)}}, NoteAttachments{});
  };
  const size_t overhead = to_bytes(sized(30000).minified()).size() - 30000 * 8;
  const size_t most = (kNoteMaxSize - overhead) / 8;
  EXPECT_EQ(outcome(OutputNote::from_public(sized(most))), "ok");
  EXPECT_EQ(outcome(OutputNote::from_public(sized(most + 1))), "NoteSizeLimitExceeded");
}

TEST(OutputNotes, HashDetailsAndMetadataCommitments) {
  EXPECT_EQ(OutputNotes{}.commitment(), Word());
  const Note first = note(1, NoteType::kPublic);
  const Note second = note(2, NoteType::kPrivate);
  const Word expected = hash_words(
      std::array{first.header().details_commitment.word, first.metadata().commitment(),
                 second.header().details_commitment.word, second.metadata().commitment()});
  EXPECT_EQ(OutputNotes::make({public_note(1), private_note(2)})->commitment(), expected);
  EXPECT_EQ(output_notes_commitment({first.header(), second.header()}), expected);
  EXPECT_EQ(output_notes_commitment({}), Word());
}

TEST(OutputNotes, RefuseTooManyAndRepeatedIds) {
  std::vector<OutputNote> notes;
  for (uint64_t n = 0; n < 1024; ++n) notes.push_back(private_note(n));
  EXPECT_EQ(outcome(OutputNotes::make(notes)), "ok");
  notes.push_back(notes.front());
  EXPECT_EQ(outcome(OutputNotes::make(notes)), "TooManyOutputNotes");
  notes.erase(notes.begin() + 1);
  EXPECT_EQ(outcome(OutputNotes::make(notes)), "DuplicateOutputNote");
}

TEST(OutputNotes, StandDamagedBytes) {
  expect_robust_encoding(*OutputNotes::make({public_note(1), private_note(2)}));
  EXPECT_EQ(outcome(from_bytes<OutputNote>(std::vector<uint8_t>{2})), "InvalidValue");
}

// --- Account update ------------------------------------------------------------------------------

TEST(TxAccountUpdate, TakesDetailsOfPublicAccountsOnly) {
  const AccountUpdateDetails hidden;
  const AccountUpdateDetails shown{delta_after_fee(public_account(1))};
  const auto made = [](AccountId account, const AccountUpdateDetails& details) {
    return outcome(TxAccountUpdate::make(account, word(1), word(2), word(3), details));
  };
  EXPECT_EQ(made(private_account(1), hidden), "ok");
  EXPECT_EQ(made(public_account(1), shown), "ok");
  EXPECT_EQ(made(private_account(1), shown), "PrivateAccountWithDetails");
  EXPECT_EQ(made(public_account(1), hidden), "PublicStateAccountMissingDetails");
}

TEST(TxAccountUpdate, LimitsTheDetailsSizeBeforeAnythingElse) {
  const auto sized = [](size_t entries) {
    StorageMapDelta map;
    for (size_t i = 0; i < entries; ++i) map.entries.emplace(StorageMapKey(word(i)), word(1));
    AccountStorageDelta storage;
    storage.slots.emplace(*StorageSlotName::parse("test::map"), std::move(map));
    return AccountUpdateDetails{
        *AccountDelta::make(public_account(1), storage, {}, std::nullopt, Felt::from_canonical(1))};
  };
  EXPECT_EQ(
      outcome(TxAccountUpdate::make(public_account(1), word(1), word(2), word(3), sized(4094))),
      "ok");
  EXPECT_EQ(
      outcome(TxAccountUpdate::make(public_account(1), word(1), word(2), word(3), sized(4096))),
      "AccountUpdateSizeLimitExceeded");
  EXPECT_EQ(
      outcome(TxAccountUpdate::make(private_account(1), word(1), word(2), word(3), sized(4096))),
      "AccountUpdateSizeLimitExceeded");
}

TEST(TxAccountUpdate, BindsANewPublicAccountsStateToItsFinalCommitment) {
  const Account account = new_account();
  const AccountUpdateDetails full{*AccountDelta::from_account(account)};
  const auto made = [&](AccountId id, const Word& initial, const Word& final,
                        const AccountUpdateDetails& details) {
    return outcome(TxAccountUpdate::make(id, initial, final, word(3), details));
  };
  const AccountUpdateDetails partial{delta_after_fee(public_account(1))};
  EXPECT_EQ(made(account.id, Word(), account.commitment(), full), "ok");
  EXPECT_EQ(made(account.id, Word(), account.commitment(), partial),
            "NewPublicStateAccountRequiresFullStateDelta");
  EXPECT_EQ(made(public_account(2), Word(), word(8), full), "AccountIdMismatch");
  EXPECT_EQ(made(account.id, Word(), word(8), full), "AccountFinalCommitmentMismatch");
  // An account that exists is not checked so (types.md §10.4).
  EXPECT_EQ(made(public_account(2), word(1), word(8), full), "ok");
}

TEST(TxAccountUpdate, StandsDamagedBytes) {
  const Account account = new_account();
  expect_robust_encoding(public_update());
  expect_robust_encoding(*TxAccountUpdate::make(account.id, Word(), account.commitment(), word(3),
                                                {*AccountDelta::from_account(account)}));
}

// --- Proven transaction --------------------------------------------------------------------------

TEST(TransactionId, HashesStatesNotesAndFee) {
  const FungibleAsset fee = coins(3);
  EXPECT_EQ(transaction_id(word(1), word(2), word(3), word(4), fee),
            TransactionId(hash_words(
                std::array{word(1), word(2), word(3), word(4), fee.key().word(), fee.value()})));
}

TEST(ProvenTransaction, KnowsItsIdAfterDecoding) {
  const ProvenTransaction made = make(public_update(), {authenticated(1), unauthenticated(2)},
                                      {public_note(3), private_note(4)})
                                     .value();
  EXPECT_EQ(made.id, transaction_id(word(1), word(2), made.input_notes.commitment(),
                                    made.output_notes.commitment(), coins(3)));
  const Result<ProvenTransaction> decoded = from_bytes<ProvenTransaction>(to_bytes(made));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, made);
}

TEST(ProvenTransaction, MustNotConsumeWhatItCreates) {
  const Result<ProvenTransaction> made =
      make(public_update(), {authenticated(1), unauthenticated(2)}, {private_note(2)});
  EXPECT_EQ(outcome(made), "NoteCreatedAndConsumed");
  // An authenticated input shows no id to compare.
  EXPECT_EQ(outcome(make(public_update(), {authenticated(2)}, {private_note(2)})), "ok");
}

TEST(ProvenTransaction, DecodesWhatConsumesItsOwnNoteAndTellsOnRequest) {
  ProvenTransaction forged = make(public_update(), {unauthenticated(2)}, {}).value();
  forged.output_notes = *OutputNotes::make({private_note(2)});
  const Result<ProvenTransaction> decoded = from_bytes<ProvenTransaction>(to_bytes(forged));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(outcome(decoded->check_notes()), "NoteCreatedAndConsumed");
}

TEST(ProvenTransaction, MustChangeItsAccountOrConsumeANote) {
  const TxAccountUpdate idle =
      *TxAccountUpdate::make(private_account(1), word(1), word(1), word(3), {});
  EXPECT_EQ(outcome(make(idle, {}, {})), "EmptyTransaction");
  EXPECT_EQ(outcome(make(idle, {}, {private_note(1)})), "EmptyTransaction");
  EXPECT_EQ(outcome(make(idle, {authenticated(1)}, {})), "ok");
}

TEST(ProvenTransaction, BindsAPublicAccountsDeltaBeforeTheFee) {
  TxAccountUpdate update = public_update();
  EXPECT_EQ(make(update, {}, {})->account_update, update);
  update.delta_commitment = delta_after_fee(public_account(1)).commitment();
  EXPECT_EQ(outcome(make(update, {}, {})), "AccountDeltaCommitmentMismatch");
  // A private account's delta is not there to be compared.
  const TxAccountUpdate hidden =
      *TxAccountUpdate::make(private_account(1), word(1), word(2), word(3), {});
  EXPECT_EQ(outcome(make(hidden, {}, {})), "ok");
}

TEST(ProvenTransaction, ReportsAFeeThatDoesNotFitTheDelta) {
  TxAccountUpdate update = public_update();
  update.details.delta->vault.fungible[coins(1).key()] = INT64_MAX;
  EXPECT_EQ(outcome(make(update, {}, {})), "AccountDeltaCommitmentMismatch");
}

TEST(ProvenTransaction, ChecksItsRulesInOrder) {
  TxAccountUpdate wrong = public_update();
  wrong.delta_commitment = word(8);
  wrong.final_commitment = wrong.initial_commitment;
  EXPECT_EQ(outcome(make(wrong, {unauthenticated(2)}, {private_note(2)})),
            "NoteCreatedAndConsumed");
  EXPECT_EQ(outcome(make(wrong, {}, {private_note(2)})), "EmptyTransaction");
  EXPECT_EQ(outcome(make(wrong, {unauthenticated(2)}, {})), "AccountDeltaCommitmentMismatch");
}

TEST(ProvenTransaction, StandsDamagedBytes) {
  expect_robust_encoding(make(public_update(), {authenticated(1), unauthenticated(2)},
                              {public_note(3), private_note(4)})
                             .value());
}

TEST(ExecutionProof, KnowsFiveHashFunctions) {
  for (unsigned hash_function = 0; hash_function < 256; ++hash_function) {
    const ExecutionProof proof{{1}, static_cast<uint8_t>(hash_function), {}};
    EXPECT_EQ(outcome(from_bytes<ExecutionProof>(to_bytes(proof))),
              hash_function >= 1 && hash_function <= 5 ? "ok" : "InvalidValue");
  }
}

TEST(ExecutionProof, RefusesLengthsThatItsBytesCannotHold) {
  ByteWriter writer;
  writer.vint(uint64_t{1} << 62);
  EXPECT_EQ(outcome(from_bytes<ExecutionProof>(writer.view())), "UnexpectedEOF");
}

// --- Headers -------------------------------------------------------------------------------------

TEST(TransactionHeader, RecomputesTheTransactionsId) {
  const ProvenTransaction proven = make(public_update(), {authenticated(1), unauthenticated(2)},
                                        {public_note(3), private_note(4)})
                                       .value();
  const TransactionHeader header = TransactionHeader::of(proven);
  EXPECT_EQ(header.id, proven.id);
  EXPECT_EQ(from_bytes<TransactionHeader>(to_bytes(header)), header);
  expect_robust_encoding(header);
}

TEST(OrderedTransactionHeaders, CommitToThePublishedVector) {
  const AccountId account = *AccountId::from_limbs(Felt::from_canonical(0x7ffffffffffffff1),
                                                   Felt::from_canonical(0x7fffffffffffff00));
  const std::pair<TransactionId, AccountId> one(Word::of(1, 2, 3, 4), account);
  EXPECT_EQ(transactions_commitment({&one, 1}).to_hex(),
            "0x35d7ff199e86e7b79aa38179275144f56f6726df98e6a2fd598e42cd4517ebbb");
  EXPECT_EQ(transactions_commitment({}), Word());
}

TEST(OrderedTransactionHeaders, NameEachTransactionAsAloneWould) {
  OrderedTransactionHeaders headers;
  for (uint64_t n = 0; n < 11; ++n) {
    TransactionSpec spec{.account = private_account(n)};
    for (uint64_t k = 0; k < n; ++k) spec.outputs.push_back(private_note(100 * n + k));
    if (n % 2 == 1) spec.inputs = {authenticated(n), unauthenticated(50 + n)};
    headers.transactions.push_back(TransactionHeader::of(transaction(spec)));
  }
  EXPECT_EQ(from_bytes<OrderedTransactionHeaders>(to_bytes(headers)), headers);
  expect_every_cut_is_refused(headers);
}

}  // namespace
}  // namespace miden
