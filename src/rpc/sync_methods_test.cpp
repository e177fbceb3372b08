// The Sync methods, asked page by page as a client asks, against the model of the chain.
#include <gmock/gmock.h>

#include <algorithm>

#include "net/convert_block.hpp"
#include "net/convert_transaction.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"
#include "rpc/test_support/chain_world.hpp"

namespace miden {
namespace {

const SimulatedChain& model() { return ChainWorld::shared().model; }
const StateView& view() { return ChainWorld::view(); }
constexpr uint32_t kTip = ChainWorld::kBlocks;

template <class Request>
Request request_for(uint32_t from, uint32_t to) {
  Request request;
  request.mutable_block_range()->set_block_from(from);
  request.mutable_block_range()->set_block_to(to);
  return request;
}

// Asks until the range is covered, the way the client does, and hands each page to `take`.
template <class Request>
void sync_range(const auto& method, Request request, const auto& take) {
  uint32_t from = request.block_range().block_from();
  while (true) {
    request.mutable_block_range()->set_block_from(from);
    const auto response = method(view(), request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->pagination_info().chain_tip(), kTip);
    take(*response);
    const uint32_t reached = response->pagination_info().block_num();
    ASSERT_GE(reached, from) << "went backwards";
    if (reached >= std::min(request.block_range().block_to(), kTip)) return;
    from = reached + 1;
  }
}

TEST(SyncChainMmr, ItsDeltaHashesToTheTargetsChainCommitment) {
  for (const bool proven : {false, true}) {
    const uint32_t target = proven ? ChainWorld::kProven : kTip;
    for (uint32_t height = 0; height <= target; ++height) {
      SCOPED_TRACE(height);
      ::rpc::SyncChainMmrRequest request;
      request.set_current_client_block_height(height);
      request.set_finality_level(proven ? ::rpc::FINALITY_LEVEL_PROVEN
                                        : ::rpc::FINALITY_LEVEL_COMMITTED);
      const auto response = sync_chain_mmr(view(), request);
      ASSERT_TRUE(response);
      EXPECT_EQ(response->block_range().block_from(), height);
      EXPECT_EQ(response->block_range().block_to(), target);
      const BlockHeader header = *from_message(response->block_header());
      EXPECT_EQ(header, model().blocks[target].header);
      EXPECT_TRUE(header.validator_key.verify(header.commitment(),
                                              *from_message(response->block_signature())));
      if (height == target) {
        EXPECT_EQ(response->mmr_delta().data_size(), 0);
        continue;
      }
      // What a client holds: all blocks up to its height.
      PartialMmr partial = PartialMmr::from_peaks(model().chain.peaks_at(height + 1));
      ASSERT_TRUE(partial.apply(*from_message(response->mmr_delta())));
      EXPECT_EQ(partial.peaks().hash(), header.chain_commitment);
    }
  }
}

TEST(SyncChainMmr, RefusesAHeightAboveItsTarget) {
  ::rpc::SyncChainMmrRequest request;
  request.set_current_client_block_height(13);
  EXPECT_EQ(outcome(sync_chain_mmr(view(), request)),
            "INVALID_ARGUMENT: start block is not known: current client block height 13 is greater "
            "than chain "
            "tip 12");
  request.set_current_client_block_height(6);
  request.set_finality_level(::rpc::FINALITY_LEVEL_PROVEN);
  EXPECT_EQ(outcome(sync_chain_mmr(view(), request)),
            "INVALID_ARGUMENT: start block is not known: current client block height 6 is greater "
            "than chain "
            "tip 5");
}

TEST(SyncNotes, FindsEveryNoteWithAWantedTagAndProvesItsBlock) {
  for (const auto& [from, to] : {std::pair(0u, kTip), std::pair(3u, 7u), std::pair(5u, 5u)}) {
    auto request = request_for<::rpc::SyncNotesRequest>(from, to);
    request.add_note_tags(1);
    request.add_note_tags(0xffffffff);
    std::vector<NoteId> expected;
    for (const ModelNote& note : model().notes) {
      const uint32_t tag = note.note.metadata().partial.tag;
      if (note.block_num.value >= from && note.block_num.value <= to &&
          (tag == 1 || tag == 0xffffffff)) {
        expected.push_back(note.note.id());
      }
    }
    std::vector<NoteId> found;
    sync_range(sync_notes, request, [&, to = to](const ::rpc::SyncNotesResponse& page) {
      for (const auto& block : page.blocks()) {
        const BlockHeader header = *from_message(block.block_header());
        EXPECT_EQ(header, model().blocks[header.block_num.value].header);
        PartialMmr partial = PartialMmr::from_peaks(model().chain.peaks_at(to + 1));
        EXPECT_TRUE(partial.track(header.block_num.value, header.commitment(),
                                  *from_message(block.mmr_path())));
        for (const auto& record : block.notes()) {
          const auto [id, proof] = *from_message(record.inclusion_proof());
          EXPECT_EQ(proof.block_num, header.block_num);
          found.push_back(id);
        }
      }
    });
    EXPECT_EQ(found, expected);
  }
}

TEST(SyncNotes, FindsNothingWithoutTags) {
  const auto response = sync_notes(view(), request_for<::rpc::SyncNotesRequest>(0, kTip));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->blocks_size(), 0);
  EXPECT_EQ(response->pagination_info().block_num(), kTip);
}

TEST(SyncNullifiers, FindsThosePrefixesOnly) {
  auto request = request_for<::rpc::SyncNullifiersRequest>(2, kTip - 1);
  request.set_prefix_len(16);
  request.add_nullifiers(0x0001);
  request.add_nullifiers(0xabcdffff);  // the low 16 bits count
  std::vector<std::pair<uint32_t, Word>> expected;
  for (const auto& [nullifier, block_num] : model().nullifiers) {
    const uint16_t prefix = nullifier_prefix(nullifier);
    if (block_num.value >= 2 && block_num.value < kTip && (prefix == 1 || prefix == 0xffff)) {
      expected.emplace_back(block_num.value, nullifier.word);
    }
  }
  std::vector<std::pair<uint32_t, Word>> found;
  sync_range(sync_nullifiers, request, [&](const ::rpc::SyncNullifiersResponse& page) {
    for (const auto& update : page.nullifiers()) {
      found.emplace_back(update.block_num(), *from_message(update.nullifier()));
    }
  });
  EXPECT_TRUE(std::ranges::is_sorted(found, {}, [](const auto& f) { return f.first; }));
  EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(expected));
}

TEST(SyncTransactions, GivesEachAccountsTransactionsWithTheNotesThatStandInTheChain) {
  std::set<AccountId> accounts;
  auto request = request_for<::rpc::SyncTransactionsRequest>(1, kTip);
  for (const auto& [id, commitment] : model().state.commitments) {
    if (accounts.size() == 12) break;
    accounts.insert(id);
    *request.add_account_ids() = to_message(id);
  }
  std::vector<TransactionHeader> expected;
  for (const auto& [block_num, header] : model().transactions) {
    if (block_num.value >= 1 && accounts.contains(header.account_id)) expected.push_back(header);
  }
  std::vector<TransactionHeader> found;
  sync_range(sync_transactions, request, [&](const ::rpc::SyncTransactionsResponse& page) {
    for (const auto& record : page.transactions()) {
      const TransactionHeader header = *from_message(record.header());
      std::set<NoteId> outputs;
      for (const NoteHeader& output : header.output_notes) outputs.insert(output.id());
      for (const auto& proof : record.output_note_proofs()) {
        const auto [id, inclusion] = *from_message(proof);
        EXPECT_TRUE(outputs.contains(id));
        EXPECT_EQ(inclusion.block_num.value, record.block_num());
        EXPECT_EQ(*inclusion.path.compute_root(inclusion.block_note_tree_index, id.word),
                  model().blocks[record.block_num()].header.note_root);
      }
      for (const auto& reference : record.consumed_note_refs()) {
        const NoteId id = *from_message(reference.note_id());
        const auto note =
            std::ranges::find(model().notes, id, [](const ModelNote& n) { return n.note.id(); });
        ASSERT_NE(note, model().notes.end());
        EXPECT_EQ(note->note.public_note()->nullifier().word, *from_message(reference.nullifier()));
      }
      found.push_back(header);
    }
  });
  EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(expected));
}

TEST(SyncAccountVault, ItsLatestUpdatesAreTheVault) {
  for (const auto& [id, account] : model().state.accounts) {
    auto request = request_for<::rpc::SyncAccountVaultRequest>(0, kTip);
    *request.mutable_account_id() = to_message(id);
    std::map<Word, Word> vault;
    sync_range(sync_account_vault, request, [&](const ::rpc::SyncAccountVaultResponse& page) {
      for (const auto& update : page.updates()) {
        const Word key = *from_message(update.vault_key());
        if (update.has_asset()) {
          vault[key] = from_message(update.asset())->value();
          EXPECT_EQ(from_message(update.asset())->key().word(), key);
        } else {
          vault.erase(key);
        }
      }
    });
    std::map<Word, Word> expected;
    for (const Asset& asset : account.vault.assets()) expected[asset.key().word()] = asset.value();
    EXPECT_EQ(vault, expected);
  }
}

TEST(SyncAccountStorageMaps, ItsLatestUpdatesAreTheMaps) {
  for (const auto& [id, account] : model().state.accounts) {
    auto request = request_for<::rpc::SyncAccountStorageMapsRequest>(0, kTip);
    *request.mutable_account_id() = to_message(id);
    std::map<std::string, std::map<StorageMapKey, Word>> maps;
    sync_range(sync_account_storage_maps, request,
               [&](const ::rpc::SyncAccountStorageMapsResponse& page) {
                 for (const auto& update : page.updates()) {
                   const StorageMapKey key(*from_message(update.key()));
                   const Word value = *from_message(update.value());
                   if (value.is_zero()) {
                     maps[update.slot_name()].erase(key);
                   } else {
                     maps[update.slot_name()][key] = value;
                   }
                 }
               });
    for (const StorageSlot& slot : account.storage.slots()) {
      if (const auto* map = std::get_if<StorageMap>(&slot.content)) {
        EXPECT_EQ(maps[slot.name.text()], map->entries()) << slot.name.text();
      }
    }
  }
}

// Every method refuses the same broken ranges with the same words.
template <class Request>
void expect_range_refusals(const auto& method, Request valid, const std::string& name) {
  SCOPED_TRACE(name);
  EXPECT_EQ(outcome(method(view(), valid)), "OK");
  valid.mutable_block_range()->set_block_from(5);
  valid.mutable_block_range()->set_block_to(4);
  EXPECT_EQ(outcome(method(view(), valid)), "INVALID_ARGUMENT: start (5) greater than end (4)");
  valid.mutable_block_range()->set_block_to(13);
  EXPECT_EQ(outcome(method(view(), valid)),
            "INVALID_ARGUMENT: block_to (13) is greater than chain tip (12)");
  valid.mutable_block_range()->clear_block_to();  // an unset end is block 0
  EXPECT_EQ(outcome(method(view(), valid)), "INVALID_ARGUMENT: start (5) greater than end (0)");
  valid.clear_block_range();
  EXPECT_EQ(outcome(method(view(), valid)),
            "INVALID_ARGUMENT: " + name + ": missing field `block_range`");
}

TEST(SyncMethods, RefuseBrokenRanges) {
  expect_range_refusals(sync_notes, request_for<::rpc::SyncNotesRequest>(0, 1), "SyncNotesRequest");
  auto nullifiers = request_for<::rpc::SyncNullifiersRequest>(0, 1);
  nullifiers.set_prefix_len(16);
  expect_range_refusals(sync_nullifiers, nullifiers, "SyncNullifiersRequest");
  expect_range_refusals(sync_transactions, request_for<::rpc::SyncTransactionsRequest>(0, 1),
                        "SyncTransactionsRequest");
  auto vault = request_for<::rpc::SyncAccountVaultRequest>(0, 1);
  *vault.mutable_account_id() = to_message(public_account(1));
  expect_range_refusals(sync_account_vault, vault, "SyncAccountVaultRequest");
  auto maps = request_for<::rpc::SyncAccountStorageMapsRequest>(0, 1);
  *maps.mutable_account_id() = to_message(public_account(1));
  expect_range_refusals(sync_account_storage_maps, maps, "SyncAccountStorageMapsRequest");
}

TEST(SyncMethods, RefuseOneMoreThanTheirLimits) {
  auto notes = request_for<::rpc::SyncNotesRequest>(0, 1);
  auto nullifiers = request_for<::rpc::SyncNullifiersRequest>(0, 1);
  nullifiers.set_prefix_len(16);
  auto transactions = request_for<::rpc::SyncTransactionsRequest>(0, 1);
  for (uint32_t i = 0; i < 1000; ++i) {
    notes.add_note_tags(i);
    nullifiers.add_nullifiers(i);
    *transactions.add_account_ids() = to_message(public_account(i));
  }
  EXPECT_EQ(outcome(sync_notes(view(), notes)), "OK");
  EXPECT_EQ(outcome(sync_nullifiers(view(), nullifiers)), "OK");
  EXPECT_EQ(outcome(sync_transactions(view(), transactions)), "OK");

  notes.add_note_tags(1000);
  nullifiers.add_nullifiers(1000);
  transactions.add_account_ids();
  EXPECT_EQ(outcome(sync_notes(view(), notes)),
            "OUT_OF_RANGE: parameter note_tag exceeded limit 1000: 1001");
  EXPECT_EQ(outcome(sync_nullifiers(view(), nullifiers)),
            "OUT_OF_RANGE: parameter nullifier_prefix exceeded limit 1000: 1001");
  EXPECT_EQ(outcome(sync_transactions(view(), transactions)),
            "OUT_OF_RANGE: parameter account_id exceeded limit 1000: 1001");
}

TEST(SyncNullifiers, RefusesOtherPrefixLengths) {
  EXPECT_EQ(outcome(sync_nullifiers(view(), request_for<::rpc::SyncNullifiersRequest>(0, 1))),
            "INVALID_ARGUMENT: unsupported prefix length: 0 (only 16-bit prefixes are supported)");
}

TEST(SyncTransactions, RefusesBrokenIds) {
  auto request = request_for<::rpc::SyncTransactionsRequest>(0, 1);
  request.add_account_ids()->set_id("fourteen bytes");
  EXPECT_EQ(outcome(sync_transactions(view(), request)),
            "INVALID_ARGUMENT: account_ids: value is not in the range 0..MODULUS");
}

TEST(SyncAccountUpdates, RefusePrivateAndMissingAccounts) {
  const AccountId account = private_account(3);
  auto vault = request_for<::rpc::SyncAccountVaultRequest>(0, 1);
  EXPECT_EQ(outcome(sync_account_vault(view(), vault)),
            "INVALID_ARGUMENT: field `rpc::SyncAccountVaultRequest::account_id` is missing");
  *vault.mutable_account_id() = to_message(account);
  EXPECT_EQ(outcome(sync_account_vault(view(), vault)),
            "INVALID_ARGUMENT: account " + account.to_hex() + " is not public");
  auto maps = request_for<::rpc::SyncAccountStorageMapsRequest>(0, 1);
  *maps.mutable_account_id() = to_message(account);
  EXPECT_EQ(outcome(sync_account_storage_maps(view(), maps)),
            "INVALID_ARGUMENT: account " + account.to_hex() + " is not public");
}

}  // namespace
}  // namespace miden
