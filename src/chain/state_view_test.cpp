// Every query against the model, block by block.
#include "chain/state_view.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"

namespace miden {
namespace {

using ::testing::ElementsAreArray;

constexpr uint64_t kSeed = 20251125;
constexpr uint32_t kBlocks = 60;  // more than are retained

// One chain of kBlocks random blocks, applied and reopened, shared by all tests here.
class StateViewTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_ = new SimulatedChain(kSeed);
    directory_ = new ChainDirectory();
    directory_->bootstrap(model_->blocks.front());
    {
      const auto chain = directory_->open();
      for (uint32_t i = 1; i <= kBlocks; ++i) apply(*chain, model_->next());
      for (uint32_t i = 1; i <= kBlocks / 2; ++i) ASSERT_TRUE(chain->apply_proof({i}, {}));
    }
    chain_ = directory_->open().release();
  }
  static void TearDownTestSuite() {
    delete chain_;
    delete directory_;
    delete model_;
  }
  void SetUp() override { RecordProperty("seed", std::to_string(kSeed)); }

  static const SimulatedChain& model() { return *model_; }
  static std::shared_ptr<const StateView> view() { return chain_->view(); }
  static BlockNum tip() { return {kBlocks}; }

  static SimulatedChain* model_;
  static ChainDirectory* directory_;
  static ChainState* chain_;
};
SimulatedChain* StateViewTest::model_ = nullptr;
ChainDirectory* StateViewTest::directory_ = nullptr;
ChainState* StateViewTest::chain_ = nullptr;

NoteRecord record_of(const ModelNote& note) {
  return {note.note.id(), note.note.metadata(), {note.block_num, note.index, note.path}};
}

TEST_F(StateViewTest, KnowsTheTipTheProvenTipAndGenesis) {
  EXPECT_EQ(view()->tip(), tip());
  EXPECT_EQ(view()->proven_tip(), BlockNum{kBlocks / 2});
  EXPECT_EQ(view()->tip_header().header, model().tip());
  EXPECT_EQ(view()->genesis_commitment(), model().blocks[0].header.commitment());
}

TEST_F(StateViewTest, GivesEveryBlockItsHeaderBytesAndProof) {
  for (uint32_t n = 0; n <= kBlocks; ++n) {
    const SignedBlock& block = model().blocks[n];
    const SignedHeader expected{block.header, block.signature, block.header.commitment()};
    EXPECT_EQ(view()->block_header({n}), expected);
    EXPECT_EQ(view()->block_commitment({n}), expected.commitment);
    EXPECT_EQ(view()->block({n}), to_bytes(block));
    const bool has_proof = n > 0 && n <= kBlocks / 2;
    EXPECT_EQ(view()->proof({n}), has_proof ? std::optional(Bytes()) : std::nullopt);
  }
  EXPECT_EQ(view()->block_header({kBlocks + 1}), std::nullopt);
  EXPECT_EQ(view()->block_commitment({kBlocks + 1}), std::nullopt);
  EXPECT_EQ(view()->block({kBlocks + 1}), std::nullopt);
  EXPECT_EQ(view()->proof({kBlocks + 1}), std::nullopt);
}

TEST_F(StateViewTest, OpensEveryBlockInTheRangeOfEveryLength) {
  for (uint64_t length = 0; length <= kBlocks + 1; ++length) {
    EXPECT_EQ(view()->chain_peaks(length), model().chain.peaks_at(length));
    for (uint32_t n = 0; n < length; ++n) {
      EXPECT_EQ(view()->block_opening({n}, length).value(),
                model().chain.open_at(n, length).value());
    }
    EXPECT_EQ(code_of(view()->block_opening({static_cast<uint32_t>(length)}, length)),
              "PositionNotFound");
  }
  EXPECT_EQ(code_of(view()->block_opening({0}, kBlocks + 2)), "PositionNotFound");
  EXPECT_EQ(view()->block_opening(tip())->num_leaves, kBlocks + 1);
}

TEST_F(StateViewTest, ChainSyncBringsAClientFromAnyHeightToTheTip) {
  for (const Finality finality : {Finality::kCommitted, Finality::kProven}) {
    const uint32_t target = finality == Finality::kCommitted ? kBlocks : kBlocks / 2;
    for (uint32_t height = 0; height <= target; ++height) {
      const ChainMmrSync sync = view()->sync_chain_mmr({height}, finality).value();
      EXPECT_EQ(sync.from, BlockNum{height});
      EXPECT_EQ(sync.target.header, model().blocks[target].header);
      PartialMmr client =
          PartialMmr::from_peaks(model().chain.peaks_at(height == target ? height : height + 1));
      ASSERT_TRUE(client.apply(sync.delta)) << height;
      EXPECT_EQ(client.peaks().hash(), sync.target.header.chain_commitment) << height;
      EXPECT_TRUE(height != target || sync.delta.data.empty());
    }
    EXPECT_EQ(code_of(view()->sync_chain_mmr({target + 1}, finality)), "FutureBlock");
  }
}

TEST_F(StateViewTest, FindsNotesByIdWithTheirDetails) {
  std::vector<NoteId> ids = {NoteId(word(404))};
  for (const ModelNote& note : model().notes) ids.push_back(note.note.id());
  ids.push_back(ids[1]);  // repeated
  std::vector<CommittedNote> found = view()->notes_by_id(ids);
  ASSERT_EQ(found.size(), model().notes.size());
  std::ranges::sort(found, {}, [](const CommittedNote& note) {
    return std::pair(note.record.inclusion_proof.block_num,
                     note.record.inclusion_proof.block_note_tree_index);
  });
  for (size_t i = 0; i < found.size(); ++i) {
    const ModelNote& expected = model().notes[i];
    const Note* note = expected.note.public_note();
    std::optional<Bytes> details;
    if (note != nullptr) details = to_bytes(note->details());
    EXPECT_EQ(found[i],
              (CommittedNote{record_of(expected), to_bytes(expected.note.attachments()), details}))
        << "note " << i;
    EXPECT_EQ(expected.path.compute_root(expected.index, expected.note.id().word).value(),
              model().blocks[expected.block_num.value].header.note_root);
  }
}

TEST_F(StateViewTest, FindsTheScriptsOfPublicNotes) {
  for (const ModelNote& note : model().notes) {
    if (note.note.public_note() == nullptr) continue;
    const NoteScript& script = note.note.public_note()->details().recipient.script;
    EXPECT_EQ(view()->note_script(script.root()), to_bytes(script));
  }
  EXPECT_EQ(view()->note_script(NoteScriptRoot(word(404))), std::nullopt);
}

TEST_F(StateViewTest, NoteSyncGivesTheNotesOfTheTagsBlockByBlock) {
  const std::vector<std::set<uint32_t>> tag_sets = {
      {}, {1}, {0xffffffff}, {1, 2, 0xc0000000, 0xffffffff}, {3, 2}};
  for (const std::set<uint32_t>& tags : tag_sets) {
    for (const BlockRange range : {BlockRange{{0}, tip()}, BlockRange{{7}, {31}}}) {
      const NoteSyncPage page = view()->sync_notes(range, tags);
      EXPECT_EQ(page.last_block, range.to);
      std::map<BlockNum, std::vector<NoteRecord>> expected;
      for (const ModelNote& note : model().notes) {
        const bool in_range = note.block_num >= range.from && note.block_num <= range.to;
        if (in_range && tags.contains(note.note.metadata().partial.tag)) {
          expected[note.block_num].push_back(record_of(note));
        }
      }
      std::map<BlockNum, std::vector<NoteRecord>> found;
      for (const NoteSyncBlock& block : page.blocks) {
        found[block.header.block_num] = block.notes;
        EXPECT_EQ(block.mmr_proof,
                  model().chain.open_at(block.header.block_num.value, range.to.value + 1).value());
      }
      EXPECT_EQ(found, expected);
    }
  }
}

TEST_F(StateViewTest, NullifierSyncGivesThoseOfThePrefixes) {
  const std::vector<std::set<uint16_t>> prefix_sets = {
      {}, {0}, {0xffff}, {0, 1, 0x8000, 0xffff}, {5}};
  for (const std::set<uint16_t>& prefixes : prefix_sets) {
    for (const BlockRange range : {BlockRange{{0}, tip()}, BlockRange{{9}, {9}}}) {
      const NullifierPage page = view()->sync_nullifiers(range, prefixes);
      EXPECT_EQ(page.last_block, range.to);
      EXPECT_TRUE(std::ranges::is_sorted(page.nullifiers, {}, &NullifierUpdate::block_num));
      std::set<std::pair<Nullifier, BlockNum>> expected;
      for (const auto& [nullifier, block] : model().nullifiers) {
        if (block >= range.from && block <= range.to &&
            prefixes.contains(nullifier_prefix(nullifier))) {
          expected.emplace(nullifier, block);
        }
      }
      std::set<std::pair<Nullifier, BlockNum>> found;
      for (const NullifierUpdate& update : page.nullifiers) {
        found.emplace(update.nullifier, update.block_num);
      }
      EXPECT_EQ(found, expected);
      EXPECT_EQ(found.size(), page.nullifiers.size());
    }
  }
}

TEST_F(StateViewTest, TransactionSyncGivesThoseOfTheAccountsWithTheirNotes) {
  std::set<AccountId> accounts;
  for (const auto& [block, transaction] : model().transactions) {
    if (accounts.size() < 8) accounts.insert(transaction.account_id);
  }
  const BlockRange range{{3}, {50}};
  const TransactionPage page = view()->sync_transactions(range, accounts).value();
  EXPECT_EQ(page.last_block, range.to);

  std::vector<std::pair<BlockNum, TransactionHeader>> expected;
  for (const auto& entry : model().transactions) {
    if (entry.first >= range.from && entry.first <= range.to &&
        accounts.contains(entry.second.account_id)) {
      expected.push_back(entry);
    }
  }
  std::ranges::sort(expected, {}, [](const auto& entry) {
    return std::pair(entry.first, entry.second.id.word.to_wire());
  });
  ASSERT_EQ(page.transactions.size(), expected.size());
  size_t output_count = 0;
  size_t consumed_count = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const TransactionRecord& found = page.transactions[i];
    EXPECT_EQ(found.block_num, expected[i].first);
    EXPECT_EQ(found.header, expected[i].second);
    std::vector<NoteRecord> outputs;
    for (const NoteHeader& header : found.header.output_notes) {
      for (const ModelNote& note : model().notes) {
        if (note.note.id() == header.id()) outputs.push_back(record_of(note));
      }
    }
    EXPECT_EQ(found.output_notes, outputs);
    std::vector<std::pair<Nullifier, NoteId>> consumed;
    for (const InputNoteCommitment& input : found.header.input_notes.notes) {
      for (const ModelNote& note : model().notes) {
        const Note* public_note = note.note.public_note();
        if (!input.header && public_note && public_note->nullifier() == input.nullifier) {
          consumed.emplace_back(input.nullifier, note.note.id());
        }
      }
    }
    EXPECT_EQ(found.consumed_notes, consumed);
    output_count += outputs.size();
    consumed_count += consumed.size();
  }
  EXPECT_GT(output_count, 0U);
  EXPECT_GT(consumed_count, 0U);
  EXPECT_TRUE(view()->sync_transactions(range, {})->transactions.empty());
}

// What a client may rely on: superseded rows stay while a retained block can still see them.
template <class Update>
std::vector<Update> still_retained(std::vector<Update> updates, BlockRange range, BlockNum tip,
                                   auto same_entry) {
  std::vector<Update> kept;
  for (size_t i = 0; i < updates.size(); ++i) {
    const auto later = std::find_if(updates.begin() + static_cast<ptrdiff_t>(i) + 1, updates.end(),
                                    [&](const Update& u) { return same_entry(u, updates[i]); });
    const bool pruned =
        later != updates.end() && later->block_num.value + kRetainedBlocks <= tip.value;
    const bool in_range = updates[i].block_num >= range.from && updates[i].block_num <= range.to;
    if (!pruned && in_range) kept.push_back(updates[i]);
  }
  return kept;
}

TEST_F(StateViewTest, VaultSyncGivesTheUpdatesOfAnAccount) {
  size_t total = 0;
  for (const auto& [id, account] : model().state.accounts) {
    std::vector<ModelVaultUpdate> all;
    for (const ModelVaultUpdate& update : model().vault_updates) {
      if (update.account == id) all.push_back(update);
    }
    for (const BlockRange range : {BlockRange{{0}, tip()}, BlockRange{{5}, {40}}}) {
      const VaultUpdatePage page = view()->sync_account_vault(range, id).value();
      EXPECT_EQ(page.last_block, range.to);
      std::set<std::tuple<BlockNum, Word, Word>> expected;
      for (const ModelVaultUpdate& update :
           still_retained(all, range, tip(),
                          [](const auto&a, const auto&b) { return a.vault_key == b.vault_key; })) {
        expected.emplace(update.block_num, update.vault_key, update.value);
      }
      std::set<std::tuple<BlockNum, Word, Word>> found;
      for (const VaultUpdate& update : page.updates) {
        found.emplace(update.block_num, update.vault_key,
                      update.asset ? update.asset->value() : Word());
      }
      EXPECT_EQ(found, expected) << id.to_hex();
      EXPECT_TRUE(std::ranges::is_sorted(page.updates, {}, &VaultUpdate::block_num));
      total += found.size();
    }
  }
  EXPECT_GT(total, 100U);
  EXPECT_TRUE(view()->sync_account_vault({{0}, tip()}, public_account(12345))->updates.empty());
}

TEST_F(StateViewTest, StorageMapSyncGivesTheUpdatesOfAnAccount) {
  size_t total = 0;
  for (const auto& [id, account] : model().state.accounts) {
    std::vector<ModelMapUpdate> all;
    for (const ModelMapUpdate& update : model().map_updates) {
      if (update.account == id) all.push_back(update);
    }
    for (const BlockRange range : {BlockRange{{0}, tip()}, BlockRange{{11}, {59}}}) {
      const StorageMapUpdatePage page = view()->sync_account_storage_maps(range, id).value();
      EXPECT_EQ(page.last_block, range.to);
      std::set<std::tuple<BlockNum, std::string, StorageMapKey, Word>> expected;
      for (const ModelMapUpdate& update : still_retained(
               all, range, tip(),
               [](const auto&a, const auto&b) { return a.key == b.key && a.slot == b.slot; })) {
        expected.emplace(update.block_num, update.slot.text(), update.key, update.value);
      }
      std::set<std::tuple<BlockNum, std::string, StorageMapKey, Word>> found;
      for (const StorageMapUpdate& update : page.updates) {
        found.emplace(update.block_num, update.slot.text(), update.key, update.value);
      }
      EXPECT_EQ(found, expected) << id.to_hex();
      EXPECT_TRUE(std::ranges::is_sorted(page.updates, {}, &StorageMapUpdate::block_num));
      total += found.size();
    }
  }
  EXPECT_GT(total, 100U);
}

// Witness, record, vault and maps of every account at one height.
void expect_accounts_as_modelled(const StateView& view, const SimulatedChain& model, uint32_t n) {
  SCOPED_TRACE("at block " + std::to_string(n) + " of " + std::to_string(view.tip().value));
  const ModelState& state = model.state_at(n);
  for (const auto& [id, newest] : model.state.commitments) {
    const auto known = state.commitments.find(id);
    const Word commitment = known == state.commitments.end() ? Word() : known->second;
    const SmtProof opening = state.account_tree.open(account_tree_key(id));
    const Result<AccountAnswer> bare = view.account(id, BlockNum{n}, nullptr);
    ASSERT_TRUE(bare) << bare.error().message;
    EXPECT_EQ(bare->witness, (AccountWitness{id, commitment, opening.path}));
    EXPECT_EQ(bare->witness.to_proof().compute_root(), model.blocks[n].header.account_root);

    const AccountDetailsRequest everything{word(0), word(0), AccountDetailsRequest::AllMaps{}};
    const Result<AccountAnswer> detailed = view.account(id, BlockNum{n}, &everything);
    if (!id.is_public()) {
      EXPECT_EQ(code_of(detailed), "AccountNotPublic");
      continue;
    }
    const auto account = state.accounts.find(id);
    if (account == state.accounts.end()) {
      EXPECT_EQ(code_of(detailed), "AccountNotFound");
      continue;
    }
    ASSERT_TRUE(detailed) << detailed.error().message;
    const AccountDetails& details = *detailed->details;
    EXPECT_EQ(details.header, account->second.header());
    EXPECT_EQ(details.storage, account->second.storage.header());
    EXPECT_EQ(details.code, to_bytes(account->second.code));
    std::vector<SmtEntry> assets = account->second.vault.tree().entries();
    std::ranges::stable_sort(assets, {}, [](const SmtEntry& e) { return leaf_index_of(e.key); });
    EXPECT_THAT(details.assets, ElementsAreArray(assets));
    size_t place = 0;
    for (const StorageSlot& slot : account->second.storage.slots()) {
      const auto* map = std::get_if<StorageMap>(&slot.content);
      if (map == nullptr) continue;
      ASSERT_LT(place, details.maps.size());
      const StorageMapDetails& found = details.maps[place++];
      EXPECT_EQ(found.slot, slot.name);
      EXPECT_EQ(std::get<StorageMapDetails::Entries>(found.content),
                StorageMapDetails::Entries(map->entries().begin(), map->entries().end()));

      std::vector<StorageMapKey> keys = {StorageMapKey(word(404)), StorageMapKey(word(3))};
      for (const auto& [key, value] : map->entries()) keys.push_back(key);
      const AccountDetailsRequest openings{std::nullopt, std::nullopt,
                                           std::vector<StorageMapRequest>{{slot.name, keys}}};
      const AccountDetails answer = *view.account(id, BlockNum{n}, &openings)->details;
      EXPECT_EQ(answer.code, std::nullopt);
      EXPECT_TRUE(answer.assets.empty());
      const auto& proofs = std::get<StorageMapDetails::Openings>(answer.maps.at(0).content);
      ASSERT_EQ(proofs.size(), keys.size());
      for (size_t i = 0; i < keys.size(); ++i) {
        EXPECT_EQ(proofs[i], map->tree().open(storage_map_leaf_key(keys[i])));
      }
    }
    EXPECT_EQ(place, details.maps.size());
  }
}

TEST_F(StateViewTest, AccountsReadAsTheyWereAtEveryRetainedBlock) {
  for (uint32_t n = kBlocks - kRetainedBlocks; n <= kBlocks; ++n) {
    expect_accounts_as_modelled(*view(), model(), n);
  }
}

TEST_F(StateViewTest, AccountsOutsideTheRetainedBlocksAreRefused) {
  const AccountId id = model().state.accounts.begin()->first;
  EXPECT_EQ(code_of(view()->account(id, BlockNum{kBlocks - kRetainedBlocks - 1}, nullptr)),
            "BlockPruned");
  const auto future = view()->account(id, BlockNum{kBlocks + 1}, nullptr);
  ASSERT_FALSE(future);
  EXPECT_EQ(future.error(), (Error{"UnknownBlock", "block 61 is unknown"}));
}

TEST_F(StateViewTest, CodeAndVaultAreSentOnlyWhenTheyDifferFromWhatTheCallerHas) {
  for (const auto& [id, account] : model().state.accounts) {
    const AccountHeader header = account.header();
    const AccountDetailsRequest same{header.code_commitment, header.vault_root,
                                     std::vector<StorageMapRequest>{}};
    const AccountDetails details = *view()->account(id, std::nullopt, &same)->details;
    EXPECT_EQ(details.code, std::nullopt);
    EXPECT_TRUE(details.assets.empty());
    EXPECT_TRUE(details.maps.empty());
  }
}

TEST_F(StateViewTest, AMapThatAnAccountDoesNotHaveIsNamedInTheError) {
  const AccountId id = model().state.accounts.begin()->first;
  for (const std::string_view name : {"test::slot::none", "test::slot::value"}) {
    const AccountDetailsRequest request{
        std::nullopt, std::nullopt,
        std::vector<StorageMapRequest>{
            {*StorageSlotName::parse(name), StorageMapRequest::AllEntries{}}}};
    EXPECT_EQ(code_of(view()->account(id, std::nullopt, &request)), "StorageRootNotFound");
  }
}

TEST_F(StateViewTest, AnAbsentAccountOpensToAnEmptyLeafUnlessItsPrefixIsTaken) {
  const AccountWitness absent = view()->account_witness(public_account(12345), tip()).value();
  EXPECT_TRUE(absent.commitment.is_zero());
  EXPECT_EQ(absent.to_proof().compute_root(), model().tip().account_root);

  const auto& [taken, commitment] = *model().state.commitments.begin();
  const AccountId beside =
      *AccountId::from_limbs(taken.prefix(), taken.suffix() + Felt::from_canonical(256));
  const AccountWitness other = view()->account_witness(beside, tip()).value();
  EXPECT_EQ(other.id, taken);
  EXPECT_EQ(other.commitment, commitment);
}

TEST_F(StateViewTest, WholeAccountsAreReadBack) {
  for (const auto& [id, account] : model().state.accounts) {
    const std::optional<Account> found = view()->full_account(id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(to_bytes(found->storage), to_bytes(account.storage));
    EXPECT_EQ(found->commitment(), account.commitment());
    EXPECT_EQ(found->code, account.code);
  }
  EXPECT_EQ(view()->full_account(public_account(12345)), std::nullopt);
}

TEST_F(StateViewTest, NetworkAccountsAreToldFromOthers) {
  std::vector<AccountId> ids = {public_account(12345)};
  for (const auto& [id, commitment] : model().state.commitments) ids.push_back(id);
  EXPECT_FALSE(model().network_accounts.empty());
  EXPECT_EQ(view()->network_accounts(ids), model().network_accounts);
}

TEST_F(StateViewTest, TransactionStandingShowsAccountNullifiersAndNotes) {
  const auto& [id, commitment] = *model().state.commitments.begin();
  const auto& [spent, block] = model().nullifiers.front();
  const NoteId known = model().notes.front().note.id();
  const Nullifier unspent(word(404));
  const NoteId unknown(word(404));
  const std::vector<Nullifier> nullifiers = {unspent, spent};
  const std::vector<NoteId> notes = {known, unknown};

  const TransactionStanding standing = view()->transaction_standing(id, nullifiers, notes);
  EXPECT_EQ(standing.account_commitment, commitment);
  EXPECT_TRUE(standing.account_id_prefix_is_unique);
  EXPECT_THAT(standing.nullifiers, ::testing::ElementsAre(std::pair(unspent, std::nullopt),
                                                          std::pair(spent, std::optional(block))));
  EXPECT_EQ(standing.found_unauthenticated_notes, std::set<NoteId>{known});
  EXPECT_EQ(standing.tip, tip());

  const TransactionStanding fresh = view()->transaction_standing(private_account(12345), {}, {});
  EXPECT_EQ(fresh.account_commitment, std::nullopt);
  EXPECT_TRUE(fresh.account_id_prefix_is_unique);

  const AccountId beside =
      *AccountId::from_limbs(id.prefix(), id.suffix() + Felt::from_canonical(256));
  const TransactionStanding taken = view()->transaction_standing(beside, nullifiers, notes);
  EXPECT_FALSE(taken.account_id_prefix_is_unique);
  EXPECT_TRUE(taken.nullifiers.empty());
}

TEST_F(StateViewTest, BatchInputsProveTheBlocksThatTheTransactionsReferTo) {
  const ModelNote& note = model().notes[10];
  const BatchInputs inputs =
      view()->batch_inputs({{4}, {17}, tip()}, {note.note.id(), NoteId(word(404))}).value();
  EXPECT_EQ(inputs.reference_block, model().tip());
  EXPECT_EQ(inputs.blockchain.chain_length(), kBlocks);
  EXPECT_EQ(inputs.blockchain.chain_commitment(), model().tip().chain_commitment);
  std::map<NoteId, NoteInclusionProof> proofs = {
      {note.note.id(), {note.block_num, note.index, note.path}}};
  EXPECT_EQ(inputs.note_proofs, proofs);
  std::map<BlockNum, BlockHeader> headers;
  for (const uint32_t n : {4U, 17U, note.block_num.value}) {
    headers.emplace(BlockNum{n}, model().blocks[n].header);
  }
  EXPECT_EQ(inputs.blockchain.headers(), headers);

  EXPECT_EQ(code_of(view()->batch_inputs({}, {NoteId(word(404))})), "NoBlocks");
  EXPECT_EQ(code_of(view()->batch_inputs({{kBlocks + 1}}, {})), "BlockAboveTip");
}

TEST_F(StateViewTest, BlockInputsOpenTheAccountsAndNullifiers) {
  std::set<AccountId> accounts = {private_account(12345)};
  for (const auto& [id, commitment] : model().state.commitments) accounts.insert(id);
  std::set<Nullifier> nullifiers = {Nullifier(word(404))};
  for (const auto& [nullifier, block] : model().nullifiers) nullifiers.insert(nullifier);
  const BlockInputs inputs = view()->block_inputs(accounts, nullifiers, {}, {{2}}).value();
  EXPECT_EQ(inputs.prev_block_header, model().tip());
  EXPECT_EQ(inputs.blockchain.chain_commitment(), model().tip().chain_commitment);
  ASSERT_EQ(inputs.account_witnesses.size(), accounts.size());
  for (const auto& [id, witness] : inputs.account_witnesses) {
    EXPECT_EQ(witness.to_proof(), model().state.account_tree.open(account_tree_key(id)));
  }
  ASSERT_EQ(inputs.nullifier_witnesses.size(), nullifiers.size());
  for (const auto& [nullifier, witness] : inputs.nullifier_witnesses) {
    EXPECT_EQ(witness, model().state.nullifier_tree.open(nullifier.word));
  }
}

// The model's states are compared while the chain grows: pruning must never reach into what is
// retained.
TEST(StateView, RetainedAccountsStayReadableWhileTheChainGrows) {
  SimulatedChain model(7, {.new_private = 2, .new_public = 3});
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  const BlockShape shape{.new_private = 0,
                         .new_public = 0,
                         .private_updates = 1,
                         .public_updates = 2,
                         .batches = 0,
                         .random_nullifiers = 0,
                         .consumed_notes = 0,
                         .map_entries = 2};
  for (uint32_t n = 1; n <= 110; ++n) {
    apply(*chain, model.next(shape));
    const uint32_t oldest = n < kRetainedBlocks ? 0 : n - kRetainedBlocks;
    expect_accounts_as_modelled(*chain->view(), model, oldest);
    if (n % 10 == 0) {
      for (uint32_t at = oldest; at <= n; at += 7) {
        expect_accounts_as_modelled(*chain->view(), model, at);
      }
    }
  }
}

TEST(StateView, AViewKeepsShowingItsOwnBlock) {
  SimulatedChain model(8);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  for (int i = 0; i < 5; ++i) apply(*chain, model.next());
  const std::shared_ptr<const StateView> old = chain->view();
  const SimulatedChain then = model;
  for (int i = 0; i < 60; ++i) apply(*chain, model.next());
  EXPECT_EQ(old->tip(), BlockNum{5});
  for (uint32_t n = 0; n <= 5; ++n) expect_accounts_as_modelled(*old, then, n);
  EXPECT_EQ(old->block({6}), std::nullopt);
  // Not even after a newer view has read it.
  EXPECT_EQ(chain->view()->block_header({6})->header, model.blocks[6].header);
  EXPECT_EQ(old->block_header({6}), std::nullopt);
  EXPECT_EQ(old->sync_nullifiers({{0}, {5}}, {0, 1, 0x8000, 0xffff}).nullifiers.size(),
            static_cast<size_t>(std::ranges::count_if(then.nullifiers, [](const auto& entry) {
              const std::set<uint16_t> prefixes = {0, 1, 0x8000, 0xffff};
              return prefixes.contains(nullifier_prefix(entry.first));
            })));
}

}  // namespace
}  // namespace miden
