#include "ntx_builder/builder_state.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "chain/test_support/chain_directory.hpp"
#include "ntx_builder/builder_tables.hpp"
#include "ntx_builder/test_support/state_world.hpp"

namespace miden {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const AccountId kFirst = StateWorld::account_id(1);
const AccountId kSecond = StateWorld::account_id(2);

// A world with two network accounts and a plain public one (number 9), at block 1.
class BuilderStateTest : public testing::Test {
 protected:
  void SetUp() override {
    world.bootstrap();
    world.block({StateWorld::new_account(kFirst), StateWorld::new_account(kSecond),
                 StateWorld::new_account(StateWorld::account_id(9), {})});
  }
  BuilderState& state() { return *world.state; }
  void fail_once(const Note& note, std::string_view error = "broken") {
    state().record_failed(std::vector<FailedAttempt>{{note.id(), std::string(error)}},
                          {world.tip()});
  }

  StateWorld world;
};

TEST(BuilderStateBootstrap, TakesAnEmptyOrMissingDirectoryAndAGenesisBlock) {
  StateWorld world;
  const SignedBlock genesis = world.chain.blocks.front();
  EXPECT_EQ(code_of(BuilderState::open(world.data(), {})), "NotBootstrapped");
  EXPECT_EQ(code_of(BuilderState::migrate(world.data())), "NotBootstrapped");

  SignedBlock damaged = genesis;
  damaged.header.timestamp += 1;
  EXPECT_EQ(code_of(BuilderState::bootstrap(world.data(), damaged)), "InvalidGenesis");
  const SignedBlock later = world.chain.append({});
  EXPECT_EQ(code_of(BuilderState::bootstrap(world.data(), later)), "InvalidGenesis");
  // An account that the header does not know.
  SignedBlock other_body = genesis;
  const Account account = StateWorld::new_account(kFirst);
  other_body.body.updated_accounts.push_back(
      {account.id, account.commitment(), {*AccountDelta::from_account(account)}});
  EXPECT_EQ(code_of(BuilderState::bootstrap(world.data(), other_body)), "InvalidGenesis");
  EXPECT_EQ(code_of(BuilderState::bootstrap(world.data() / "deeper", genesis)),
            "DataDirectoryMissing");

  EXPECT_EQ(code_of(BuilderState::bootstrap(world.data(), genesis)), "ok");
  EXPECT_EQ(code_of(BuilderState::bootstrap(world.data(), genesis)), "DataDirectoryNotEmpty");
  EXPECT_EQ(code_of(BuilderState::migrate(world.data())), "ok");
  world.open();
  EXPECT_EQ(world.state->genesis_commitment(), genesis.header.commitment());
  EXPECT_EQ(world.state->validator_key(), genesis.header.validator_key);
  EXPECT_EQ(world.state->tip()->header, genesis.header);
  EXPECT_EQ(code_of(BuilderState::open(world.data(), {})), "StoreLocked");
}

TEST(BuilderStateBootstrap, RefusesAStoreOfAnotherFormatOrHalfOfOne) {
  StateWorld world;
  ASSERT_TRUE(BuilderState::bootstrap(world.data(), world.chain.blocks.front()));
  const auto change = [&](const std::function<void(WriteBatch&)>& fill) {
    const auto store = Store::open(world.data() / "ntx-builder", builder_tables(), {});
    ASSERT_TRUE(store) << store.error().message;
    WriteBatch batch(**store);
    fill(batch);
    (*store)->write(batch);
  };
  change([](WriteBatch& batch) {
    batch.put(kBuilderMeta, builder_meta_key(BuilderMetaKey::kFormat),
              Key().u32(kBuilderStoreFormat + 1).view());
  });
  EXPECT_EQ(code_of(BuilderState::open(world.data(), {})), "UnsupportedStoreVersion");
  EXPECT_EQ(code_of(BuilderState::migrate(world.data())), "UnsupportedStoreVersion");
  change([](WriteBatch& batch) {
    batch.remove(kBuilderMeta, builder_meta_key(BuilderMetaKey::kTip));
  });
  EXPECT_EQ(code_of(BuilderState::open(world.data(), {})), "NotBootstrapped");
}

TEST(BuilderStateBootstrap, KnowsTheNetworkAccountsOfGenesis) {
  // Some of this chain's genesis accounts have an allow-list.
  const SimulatedChain chain(4, {.new_private = 3, .new_public = 12}, false);
  ASSERT_FALSE(chain.network_accounts.empty());
  ASSERT_LT(chain.network_accounts.size(), 12u);
  StateWorld world;
  ASSERT_TRUE(BuilderState::bootstrap(world.data(), chain.blocks.front()));
  world.open();
  EXPECT_EQ(world.state->counts().network_accounts, chain.network_accounts.size());
  for (const AccountId& id : chain.network_accounts) {
    EXPECT_TRUE(world.state->is_network_account(id));
  }
}

// Whole random blocks, with private and public accounts, vaults, maps and consumed notes.
TEST(BuilderStateFollowing, TakesTheChainsOfTheOtherTests) {
  constexpr uint64_t kSeed = 77;
  SimulatedChain chain(kSeed, {.new_private = 5, .new_public = 9}, false);
  StateWorld world;
  ASSERT_TRUE(BuilderState::bootstrap(world.data(), chain.blocks.front()));
  world.open();
  // A transaction is let in only if it begins with the account's state.
  const auto expect_the_chains_accounts = [&] {
    EXPECT_EQ(world.state->counts().network_accounts, chain.network_accounts.size());
    for (const AccountId& id : chain.network_accounts) {
      const InflightTransaction probe{
          TransactionId(word(1)), id,     chain.state.accounts.at(id).commitment(),
          chain.tip().block_num,  {1000}, {}};
      EXPECT_EQ(code_of(world.state->record_submitted(probe)), "ok") << "seed " << kSeed;
      world.state->drop_inflight(id, probe.id);
    }
  };
  for (int n = 1; n <= 40; ++n) {
    const Result<BlockEffects> effects = world.state->apply_block(chain.next());
    ASSERT_TRUE(effects) << "seed " << kSeed << " block " << n << ": " << effects.error().message;
    if (n % 10 == 0) {
      world.restart();
      expect_the_chains_accounts();
    }
  }
  // The reference block's range has one leaf less than there are blocks, and no headers.
  const auto tip = world.state->tip();
  EXPECT_EQ(tip->header, chain.tip());
  EXPECT_EQ(tip->blockchain.chain_length(), 40u);
  EXPECT_EQ(tip->blockchain.chain_commitment(), chain.tip().chain_commitment);
  EXPECT_THAT(tip->blockchain.headers(), IsEmpty());
}

TEST_F(BuilderStateTest, GivesTheNotesThatHaveWaitedLongestFirst) {
  const std::vector<Note> old = world.notes(kFirst, 15);
  const std::vector<Note> young = world.notes(kFirst, 15);
  world.block({}, old);
  world.block({}, young);
  const auto candidate = state().candidate(kFirst);
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->tip->header.block_num, BlockNum{3});
  EXPECT_EQ(candidate->account->commitment(), world.accounts.at(kFirst).commitment());
  std::vector<NoteId> expected = ids_of(old);
  for (size_t i = 0; i < 5; ++i) expected.push_back(young[i].id());
  std::vector<NoteId> given;
  for (const PendingNote& note : candidate->notes) given.push_back(note.id);
  EXPECT_EQ(given, expected);
  EXPECT_EQ(candidate->notes.front().note, to_bytes(old.front()));
  EXPECT_EQ(candidate->notes.front().nullifier, old.front().nullifier());
  EXPECT_THAT(state().accounts_due(), ElementsAre(kFirst));
  EXPECT_FALSE(state().candidate(kSecond));
}

TEST_F(BuilderStateTest, ForgetsNoNoteOfAnIdleAccount) {
  const Note failing = world.note(kFirst);
  const Note later = world.note(kSecond, after_block_hint(40));
  const Note slot = world.note(kSecond, slot_hint(6, 3, 7));  // 56 to 63 of each 64 blocks
  world.block({}, {failing, later, slot});
  fail_once(failing);
  EXPECT_THAT(state().accounts_due(), IsEmpty());
  std::map<uint32_t, std::vector<AccountId>> due;
  std::map<uint32_t, std::vector<NoteId>> of_second;
  while (world.tip() < 200) {
    world.empty_blocks(1);
    if (world.tip() % 50 == 0) world.restart();
    due[world.tip()] = state().accounts_due();
    of_second[world.tip()] = world.candidate_notes(kSecond);
  }
  EXPECT_THAT(due[3], IsEmpty());
  EXPECT_THAT(due[4], ElementsAre(kFirst));  // 4 - 2 > 1
  EXPECT_THAT(due[39], ElementsAre(kFirst));
  EXPECT_THAT(due[40], ElementsAre(kFirst, kSecond));
  EXPECT_THAT(of_second[40], ElementsAre(later.id()));
  EXPECT_THAT(of_second[56], ElementsAre(later.id(), slot.id()));
  EXPECT_THAT(of_second[63], ElementsAre(later.id(), slot.id()));
  EXPECT_THAT(of_second[64], ElementsAre(later.id()));
  EXPECT_THAT(of_second[119], ElementsAre(later.id()));
  EXPECT_THAT(of_second[120], ElementsAre(later.id(), slot.id()));
  EXPECT_THAT(of_second[184], ElementsAre(later.id(), slot.id()));
}

// spec §22.3
TEST_F(BuilderStateTest, DiscardsANoteAfterThirtyAttempts) {
  const Note note = world.note(kFirst);
  world.block({}, {note});
  uint32_t last = 0;
  for (uint32_t attempt = 1; attempt <= 30; ++attempt) {
    if (attempt == 11) world.restart();
    // Blocks are many: attempts are recorded as if each came in time.
    last = world.tip();
    fail_once(note, "attempt " + std::to_string(attempt));
    const NoteStatus status = world.status(note);
    EXPECT_EQ(status.attempts, attempt);
    EXPECT_EQ(status.fate, attempt < 30 ? NoteFate::kPending : NoteFate::kDiscarded);
    EXPECT_EQ(status.last_error, "attempt " + std::to_string(attempt));
    EXPECT_EQ(status.last_attempt, BlockNum{last});
  }
  EXPECT_EQ(state().counts().pending_notes, 0u);
  fail_once(note);
  EXPECT_EQ(world.status(note).attempts, 30u);
  world.restart();
  EXPECT_EQ(state().counts().pending_notes, 0u);
  // Somebody else may consume it all the same.
  world.block({{.account = kSecond, .consumed = {note}}});
  EXPECT_EQ(world.status(note).fate, NoteFate::kCommitted);
  EXPECT_EQ(world.status(note).attempts, 30u);
  EXPECT_EQ(world.status(note).committed_at, BlockNum{3});
}

TEST_F(BuilderStateTest, KeepsErrorsShortAndTheirCharactersWhole) {
  const Note note = world.note(kFirst);
  world.block({}, {note});
  std::string text = "x";
  while (text.size() < 100'000) text += "é";
  fail_once(note, text);
  const std::string stored = *world.status(note).last_error;
  EXPECT_EQ(stored.size(), kMaxStoredErrorBytes - 1);
  EXPECT_TRUE(text.starts_with(stored));
}

TEST_F(BuilderStateTest, RefusesScriptsThatAreNotOnTheAccountsList) {
  const Note allowed = world.note(kFirst);
  std::vector<Note> refused;
  for (int i = 0; i < 1200; ++i) refused.push_back(world.note(kFirst, kAlwaysHint, 2));
  std::vector<Note> notes = refused;
  notes.push_back(allowed);
  world.block({}, notes);
  // However many there are, they hide no good note.
  EXPECT_THAT(world.candidate_notes(kFirst), ElementsAre(allowed.id()));
  for (const Note* note : {&refused.front(), &refused.back()}) {
    const NoteStatus status = world.status(*note);
    EXPECT_EQ(status.attempts, 1u);
    EXPECT_EQ(status.last_attempt, BlockNum{2});
    EXPECT_EQ(status.last_error, "note script root " + StateWorld::script(2).root().to_hex() +
                                     " is not allowlisted by the target network account");
  }
  // The list is the account's newest.
  AccountDelta delta{kFirst, {}, {}, std::nullopt, Felt::from_canonical(1)};
  delta.storage.slots.emplace(
      network_account_slot_name(),
      StorageMapDelta{{{StorageMapKey(StateWorld::script(2).root().word), word(1)},
                       {StorageMapKey(StateWorld::script(1).root().word), Word()}}});
  world.apply(world.body_with_delta(delta));
  world.empty_blocks(1);
  world.restart();
  EXPECT_EQ(world.candidate_notes(kFirst).size(), 20u);
  EXPECT_EQ(world.status(allowed).attempts, 1u);
}

TEST_F(BuilderStateTest, TakesNetworkNotesOnly) {
  const Note for_nobody({NoteType::kPublic, private_account(77), 0},
                        {NoteAssets{}, {StateWorld::script(1), NoteStorage{}, word(900)}}, {});
  const Note bad_hint = world.note(kFirst, 10);
  const Note for_private = world.note(private_account(5));
  const BlockEffects effects = world.block({}, {for_nobody, bad_hint, for_private});
  EXPECT_EQ(effects.new_notes, 0u);
  for (const Note& note : {for_nobody, bad_hint, for_private}) {
    EXPECT_FALSE(state().note_status(note.id()));
  }
}

TEST_F(BuilderStateTest, MarksANoteThatIsCreatedAndConsumedInOneBlock) {
  const Note note = world.note(kFirst);
  const StateWorld::Tx consuming{.account = kFirst, .consumed = {note}, .created = {note}};
  const TransactionId id = world.id_of(consuming);
  const BlockEffects effects = world.block({consuming});
  EXPECT_EQ(effects.new_notes, 1u);
  EXPECT_EQ(effects.consumed_notes, 1u);
  const NoteStatus status = world.status(note);
  EXPECT_EQ(status.fate, NoteFate::kCommitted);
  EXPECT_EQ(status.committed_at, BlockNum{2});
  EXPECT_EQ(status.committed_by, id);
  EXPECT_THAT(state().accounts_due(), IsEmpty());
  // The same note once more can never be consumed.
  EXPECT_EQ(world.block({}, {note}).new_notes, 0u);
  EXPECT_THAT(state().accounts_due(), IsEmpty());
}

TEST_F(BuilderStateTest, KeepsNotesForAnAccountThatIsCreatedLater) {
  const AccountId later = StateWorld::account_id(3);
  const AccountId never = StateWorld::account_id(4);
  const AccountId plain = StateWorld::account_id(5);
  const Note for_later = world.note(later);
  const Note for_plain = world.note(plain);
  const Note same_block = world.note(later);
  world.block({}, {for_later, for_plain, world.note(never)});
  EXPECT_EQ(state().counts().deferred_notes, 3u);
  EXPECT_THAT(state().accounts_due(), IsEmpty());
  EXPECT_FALSE(state().candidate(later));
  world.restart();
  EXPECT_EQ(state().counts().deferred_notes, 3u);

  const BlockEffects effects = world.block(
      {StateWorld::new_account(later), StateWorld::new_account(plain, {})}, {}, {same_block});
  EXPECT_THAT(effects.created_accounts, ElementsAre(later));
  EXPECT_THAT(state().accounts_due(), ElementsAre(later));
  EXPECT_THAT(world.candidate_notes(later), ElementsAre(for_later.id(), same_block.id()));
  // What became a plain account will never consume its note; its status is still known.
  EXPECT_EQ(state().counts().deferred_notes, 1u);
  EXPECT_EQ(world.status(for_plain).fate, NoteFate::kPending);
  world.restart();
  EXPECT_EQ(state().counts().deferred_notes, 1u);
  EXPECT_EQ(state().counts().pending_notes, 2u);
}

TEST_F(BuilderStateTest, LetsATransactionBeUnderWayUntilItIsInABlock) {
  const Note consumed = world.note(kFirst);
  const Note other = world.note(kFirst);
  world.block({}, {consumed, other});
  const StateWorld::Tx tx{.account = kFirst, .consumed = {consumed}};
  const InflightTransaction inflight = world.inflight_of(tx, 30);
  ASSERT_TRUE(state().record_submitted(inflight));
  EXPECT_EQ(code_of(state().record_submitted(inflight)), "TransactionUnderWay");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(world.status(consumed).fate, NoteFate::kInflight);
    EXPECT_EQ(world.status(other).fate, NoteFate::kPending);
    EXPECT_THAT(state().accounts_due(), IsEmpty());
    EXPECT_FALSE(state().candidate(kFirst));
    EXPECT_EQ(state().inflight(kFirst), inflight);
    EXPECT_THAT(state().all_inflight(), ElementsAre(inflight));
    world.restart();
  }
  EXPECT_THAT(world.block({}, {}, {}).ended, IsEmpty());

  // T7: not the last of the account in its block.
  const BlockEffects effects = world.block({tx, {.account = kFirst}});
  EXPECT_THAT(effects.ended, ElementsAre(std::pair(inflight, InflightEnd::kLanded)));
  EXPECT_THAT(effects.updated_accounts, ElementsAre(kFirst));
  EXPECT_EQ(world.status(consumed).fate, NoteFate::kCommitted);
  EXPECT_EQ(world.status(consumed).committed_by, inflight.id);
  EXPECT_THAT(world.candidate_notes(kFirst), ElementsAre(other.id()));
  world.restart();
  EXPECT_EQ(state().inflight(kFirst), std::nullopt);
}

// T6: such an account is in no update of the block.
TEST_F(BuilderStateTest, SeesATransactionLandThatDoesNotChangeItsAccount) {
  const Note note = world.note(kFirst);
  world.block({}, {note});
  const StateWorld::Tx tx{.account = kFirst, .consumed = {note}, .adds = 0};
  const InflightTransaction inflight = world.inflight_of(tx, 30);
  ASSERT_TRUE(state().record_submitted(inflight));
  EXPECT_THAT(world.block({tx}).ended, ElementsAre(std::pair(inflight, InflightEnd::kLanded)));
}

TEST_F(BuilderStateTest, GivesUpATransactionThatExpiresOrIsOvertaken) {
  const Note note = world.note(kFirst);
  world.block({}, {note});
  const StateWorld::Tx tx{.account = kFirst, .consumed = {note}};
  InflightTransaction inflight = world.inflight_of(tx, 4);
  ASSERT_TRUE(state().record_submitted(inflight));
  EXPECT_THAT(world.block({}, {}, {}).ended, IsEmpty());
  EXPECT_THAT(world.block({}, {}, {}).ended,
              ElementsAre(std::pair(inflight, InflightEnd::kExpired)));
  EXPECT_EQ(world.status(note).fate, NoteFate::kPending);
  EXPECT_EQ(world.status(note).attempts, 0u);
  EXPECT_EQ(code_of(state().record_submitted(inflight)), "TransactionExpired");

  // By another transaction of the account.
  inflight = world.inflight_of(tx, 40);
  ASSERT_TRUE(state().record_submitted(inflight));
  EXPECT_THAT(world.block({{.account = kFirst, .adds = 5}}).ended,
              ElementsAre(std::pair(inflight, InflightEnd::kOvertaken)));
  EXPECT_EQ(code_of(state().record_submitted(inflight)), "AccountChanged");
  EXPECT_THAT(world.candidate_notes(kFirst), ElementsAre(note.id()));

  // By another account that consumes the note.
  inflight = world.inflight_of(tx, 40);
  ASSERT_TRUE(state().record_submitted(inflight));
  EXPECT_THAT(world.block({{.account = kSecond, .consumed = {note}}}).ended,
              ElementsAre(std::pair(inflight, InflightEnd::kOvertaken)));
  EXPECT_EQ(world.status(note).fate, NoteFate::kCommitted);
  EXPECT_EQ(code_of(state().record_submitted(world.inflight_of(tx, 40))), "NoteUnavailable");
}

TEST_F(BuilderStateTest, DropsATransactionThatWasRefused) {
  const Note note = world.note(kFirst);
  world.block({}, {note});
  const InflightTransaction inflight =
      world.inflight_of({.account = kFirst, .consumed = {note}}, 40);
  ASSERT_TRUE(state().record_submitted(inflight));
  state().drop_inflight(kFirst, TransactionId(word(3)));
  state().drop_inflight(kSecond, inflight.id);
  EXPECT_EQ(state().inflight(kFirst), inflight);
  state().drop_inflight(kFirst, inflight.id);
  world.restart();
  EXPECT_EQ(state().inflight(kFirst), std::nullopt);
  EXPECT_THAT(world.candidate_notes(kFirst), ElementsAre(note.id()));
}

TEST_F(BuilderStateTest, PutsNotesOffWithoutCountingAnAttempt) {
  const Note put_off = world.note(kFirst);
  const Note slot = world.note(kFirst, slot_hint(4, 2, 0));  // 0 to 3 of each 16 blocks
  world.block({}, {put_off, slot});
  state().put_off(ids_of({put_off, slot}), {5});
  std::map<uint32_t, std::vector<NoteId>> given;
  while (world.tip() < 17) {
    world.empty_blocks(1);
    given[world.tip()] = world.candidate_notes(kFirst);
  }
  EXPECT_THAT(given[4], IsEmpty());
  EXPECT_THAT(given[5], ElementsAre(put_off.id()));
  EXPECT_THAT(given[15], ElementsAre(put_off.id()));
  EXPECT_THAT(given[16], ElementsAre(put_off.id(), slot.id()));
  EXPECT_EQ(world.status(put_off).attempts, 0u);
}

TEST_F(BuilderStateTest, KeepsAnAccountThroughManyChangesAndRestarts) {
  // Large, so that its deltas are kept beside it; then larger changes, so that it is written anew.
  Account large = StateWorld::new_account(StateWorld::account_id(6));
  const StorageSlotName map_name = *StorageSlotName::parse("test::state::map");
  std::map<StorageMapKey, Word> entries;
  for (uint64_t i = 0; i < 300; ++i) entries.emplace(word(i), word(i + 1));
  std::vector<StorageSlot> slots = large.storage.slots();
  slots.push_back({map_name, *StorageMap::from_entries(entries)});
  large.storage = *AccountStorage::make(std::move(slots));
  world.block({large});
  for (uint64_t n = 0; n < 320; ++n) {
    AccountDelta delta{large.id, {}, {}, std::nullopt, Felt::from_canonical(1)};
    StorageMapDelta map;
    const uint64_t changed = n < 270 ? 1 : 40;
    for (uint64_t i = 0; i < changed; ++i) {
      map.entries.insert_or_assign(StorageMapKey(word((n + i) % 310)),
                                   n % 7 == 0 ? Word() : word(n + i + 5));
    }
    delta.storage.slots.emplace(map_name, std::move(map));
    delta.vault.fungible.emplace(coins(1).key(), 3);
    world.apply(world.body_with_delta(delta));
    if (n % 40 == 39) world.restart();
  }
  const Note note = world.note(large.id);
  world.block({}, {note});
  for (int i = 0; i < 2; ++i) {
    const auto candidate = state().candidate(large.id);
    ASSERT_TRUE(candidate);
    EXPECT_EQ(to_hex(to_bytes(*candidate->account)), to_hex(to_bytes(world.accounts.at(large.id))));
    world.restart();
  }
}

TEST_F(BuilderStateTest, KeepsSoManyScripts) {
  BuilderState::Options options;
  options.script_cache_size = 3;
  StateWorld small(options);
  small.bootstrap();
  const auto root = [](uint64_t n) { return NoteScriptRoot(word(n)); };
  for (uint64_t n = 1; n <= 5; ++n) {
    if (n == 4) small.restart();
    small.state->put_note_script(root(n), Bytes(100'000, static_cast<uint8_t>(n)));
    small.state->put_note_script(root(n), Bytes(5, 9));
  }
  EXPECT_FALSE(small.state->note_script(root(1)));
  EXPECT_FALSE(small.state->note_script(root(2)));
  for (uint64_t n = 3; n <= 5; ++n) {
    EXPECT_EQ(small.state->note_script(root(n)), Bytes(100'000, static_cast<uint8_t>(n)));
  }
}

// T15: what strangers can make the builder keep has an end.
TEST(BuilderStateBounds, ForgetsTheOldestNotesOfAccountsThatAreNotThere) {
  BuilderState::Options options;
  options.max_deferred_notes = 30;
  options.max_deferred_notes_per_account = 10;
  options.max_finished_notes = 60;
  StateWorld world(options);
  world.bootstrap();
  const AccountId victim = StateWorld::account_id(1);
  const AccountId flooded = StateWorld::account_id(2);
  const Note victims = world.note(victim);
  world.block({}, {victims});
  const std::vector<Note> flood = world.notes(flooded, 25);
  world.block({}, flood);
  EXPECT_EQ(world.state->counts().deferred_notes, 11u);
  // Not wanted any more, but not unknown.
  EXPECT_EQ(world.status(flood.front()).fate, NoteFate::kPending);
  world.block({StateWorld::new_account(victim), StateWorld::new_account(flooded)});
  EXPECT_THAT(world.candidate_notes(victim), ElementsAre(victims.id()));
  EXPECT_EQ(world.candidate_notes(flooded),
            ids_of(std::vector<Note>(flood.end() - 10, flood.end())));

  // Whole blocks of notes for accounts that never come.
  for (uint64_t n = 0; n < 6; ++n) {
    std::vector<Note> notes;
    for (uint64_t i = 0; i < 40; ++i) {
      notes.push_back(world.note(StateWorld::account_id(100 + 40 * n + i)));
    }
    world.block({}, notes);
    EXPECT_EQ(world.state->counts().deferred_notes, 30u);
    if (n == 3) world.restart();
  }
  // 15 and 210 were given up; the next write leaves 60 of them.
  world.empty_blocks(1);
  size_t known = 0;
  for (const Note& note : flood) known += world.state->note_status(note.id()).has_value();
  EXPECT_EQ(known, 10u);
}

// Or everything that is made with such a note would be refused, for ever.
TEST(BuilderStateBounds, DoesNotTryAConsumedNoteAgainThatItHasForgotten) {
  BuilderState::Options options;
  options.max_finished_notes = 5;
  StateWorld world(options);
  world.bootstrap();
  const AccountId id = StateWorld::account_id(1);
  world.block({StateWorld::new_account(id)});
  const Note consumed = world.note(id);
  world.block({}, {consumed});
  world.block({{.account = id, .consumed = {consumed}}});
  const std::vector<Note> more = world.notes(id, 8);
  world.block({}, more);
  world.block({{.account = id, .consumed = more}});
  world.empty_blocks(1);
  EXPECT_FALSE(world.state->note_status(consumed.id()));
  EXPECT_EQ(world.block({}, {consumed}).new_notes, 0u);
  EXPECT_THAT(world.state->accounts_due(), IsEmpty());
  EXPECT_TRUE(world.state->note_status(more.back().id()));
}

TEST(BuilderStateBounds, KeepsSoManyBytesOfNotesOfAccountsThatAreNotThere) {
  BuilderState::Options options;
  options.max_deferred_bytes = 5000;
  StateWorld world(options);
  world.bootstrap();
  const size_t one = to_bytes(world.note(StateWorld::account_id(1))).size();
  for (uint64_t n = 0; n < 5; ++n) world.block({}, world.notes(StateWorld::account_id(n), 7));
  EXPECT_EQ(world.state->counts().deferred_notes, 5000 / one);
}

TEST_F(BuilderStateTest, IsReadWhileBlocksAreApplied) {
  std::vector<Note> notes = world.notes(kFirst, 300);
  world.block({}, notes);
  std::vector<std::jthread> readers;
  std::atomic<size_t> candidates = 0;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i](const std::stop_token& stop) {
      for (size_t n = 0; !stop.stop_requested(); ++n) {
        for (const AccountId& account : state().accounts_due()) {
          const auto candidate = state().candidate(account);
          if (!candidate) continue;
          ++candidates;
          if (i == 0) {
            const PendingNote& note = candidate->notes[n % candidate->notes.size()];
            state().record_failed(std::vector<FailedAttempt>{{note.id, "no"}},
                                  candidate->tip->header.block_num);
          }
          // The account and the tip belong together.
          EXPECT_EQ(candidate->tip->header.block_num.value,
                    candidate->tip->blockchain.chain_length());
        }
        state().note_status(notes[n % notes.size()].id());
        state().put_note_script(NoteScriptRoot(word(n % 50)), Bytes(10, 1));
        state().note_script(NoteScriptRoot(word(n % 50)));
      }
    });
  }
  for (size_t n = 0; n < 40; ++n) {
    world.block({{.account = kFirst, .consumed = {notes[n]}}});
  }
  readers.clear();
  EXPECT_GT(candidates, 0u);
  for (size_t n = 0; n < 40; ++n) EXPECT_EQ(world.status(notes[n]).fate, NoteFate::kCommitted);
}

}  // namespace
}  // namespace miden
