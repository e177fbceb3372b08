// Questions to GetAccount.
#include <algorithm>

#include "net/convert_account.hpp"
#include "questions.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

using Request = ::rpc::AccountRequest;
using Details = Request::AccountDetailRequest;
using MapRequest = Details::StorageMapDetailRequest;

constexpr std::string_view kMethod = "GetAccount";
constexpr size_t kMostMaps = 255;
constexpr size_t kMostKeys = 64;  // of all maps together
constexpr size_t kMostAccounts = 30;
// What a slot is called that no account has.
constexpr const char* kUnknownSlot = "test::slot::not_there";

// One account of each kind first, then others.
std::vector<AccountId> some_accounts(const ChainContent& chain, bool is_public) {
  std::vector<AccountId> ids;
  for (const auto& [id, seen] : chain.accounts) {
    if (id.is_public() == is_public) ids.push_back(id);
  }
  // Those that change most show most of the history.
  std::ranges::stable_sort(ids, [&](const AccountId& a, const AccountId& b) {
    return chain.accounts.at(a).changed_at.size() > chain.accounts.at(b).changed_at.size();
  });
  if (ids.size() > kMostAccounts) {
    // And those that never do, which lie behind.
    std::rotate(ids.begin() + kMostAccounts / 2, ids.end() - kMostAccounts / 2, ids.end());
    ids.erase(ids.begin() + kMostAccounts, ids.end());
  }
  return ids;
}

Request request_for(const AccountId& id) {
  Request request;
  *request.mutable_account_id() = to_message(id);
  return request;
}

// At the tip by name and without, at the edges of the window, around the account's own changes.
std::vector<std::optional<uint32_t>> blocks_to_ask(const ChainContent& chain,
                                                   const ChainContent::SeenAccount& account) {
  const uint32_t tip = chain.tip();
  std::vector<std::optional<uint32_t>> blocks{std::nullopt, tip, tip + 1, 0, 0xffffffff};
  for (const uint32_t back : {1U, 2U, 10U, 25U, 49U, 50U, 51U}) {
    if (back <= tip) blocks.emplace_back(tip - back);
  }
  for (const BlockNum changed : account.changed_at) {
    if (changed.value + 50 < tip || blocks.size() > 24) continue;
    blocks.emplace_back(changed.value);
    if (changed.value > 0) blocks.emplace_back(changed.value - 1);
  }
  return blocks;
}

MapRequest& add_map(Request& request, const std::string& slot) {
  auto& map = *request.mutable_details()->mutable_storage_maps()->add_storage_maps();
  map.set_slot_name(slot);
  return map;
}

// Everything a client may want to know of a public account.
std::vector<Request> details_of(const Account& account, Dice& dice) {
  const Request plain = request_for(account.id);
  std::vector<Request> requests{plain};
  const auto with = [&](const auto& change) {
    Request request = plain;
    change(request);
    requests.push_back(std::move(request));
  };
  with([](Request& r) { r.mutable_details(); });
  with([](Request& r) { r.mutable_details()->mutable_code_commitment(); });
  with([&](Request& r) {
    *r.mutable_details()->mutable_code_commitment() = to_message(account.code.commitment());
  });
  with([](Request& r) { r.mutable_details()->mutable_asset_vault_commitment(); });
  with([&](Request& r) {
    *r.mutable_details()->mutable_asset_vault_commitment() = to_message(account.vault.root());
  });
  with([](Request& r) { r.mutable_details()->set_all_storage_maps(true); });
  with([](Request& r) {
    r.mutable_details()->mutable_code_commitment();
    r.mutable_details()->mutable_asset_vault_commitment();
    r.mutable_details()->set_all_storage_maps(true);
  });
  with([](Request& r) { r.mutable_details()->mutable_storage_maps(); });
  with([](Request& r) { add_map(r, kUnknownSlot).set_all_entries(true); });
  with([](Request& r) { add_map(r, kUnknownSlot).mutable_map_keys(); });

  Request all_named = plain;
  for (const StorageSlot& slot : account.storage.slots()) {
    const auto* map = std::get_if<StorageMap>(&slot.content);
    if (map == nullptr) {
      if (dice.below(8) != 0) continue;
      with([&](Request& r) { add_map(r, slot.name.text()).set_all_entries(true); });
      with([&](Request& r) { add_map(r, slot.name.text()).mutable_map_keys()->add_map_keys(); });
      continue;
    }
    add_map(all_named, slot.name.text()).set_all_entries(true);
    with([&](Request& r) { add_map(r, slot.name.text()).set_all_entries(true); });
    with([&](Request& r) { add_map(r, slot.name.text()).mutable_map_keys(); });
    with([&](Request& r) {
      auto& keys = *add_map(r, slot.name.text()).mutable_map_keys();
      const std::vector<std::pair<StorageMapKey, Word>> entries(map->entries().begin(),
                                                                map->entries().end());
      for (size_t i = 0; i < 6; ++i) {
        const bool known = !entries.empty() && i % 3 != 2;
        *keys.add_map_keys() =
            known ? to_digest(dice.pick(entries).first) : to_message(dice.word());
      }
      *keys.add_map_keys() = keys.map_keys(0);
    });
  }
  requests.push_back(all_named);
  // Two maps, one of them not there.
  with([&](Request& r) {
    r = all_named;
    add_map(r, kUnknownSlot).set_all_entries(true);
  });
  return requests;
}

void ask_at_blocks(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  for (const AccountId& id : some_accounts(chain, true)) {
    const ChainContent::SeenAccount& seen = chain.accounts.at(id);
    const std::vector<Request> wanted = details_of(*seen.public_state, dice);
    const auto blocks = blocks_to_ask(chain, seen);
    for (size_t i = 0; i < blocks.size(); ++i) {
      for (size_t k = 0; k < wanted.size(); ++k) {
        // Every variant at the tip, some elsewhere; accounts with hundreds of maps only some.
        if (i > 0 && dice.below(4) != 0) continue;
        if (wanted.size() > 60 && dice.below(wanted.size()) >= 60) continue;
        Request request = wanted[k];
        if (blocks[i]) request.mutable_block_num()->set_block_num(*blocks[i]);
        questions.add(kMethod, request);
      }
    }
  }
  for (const AccountId& id : some_accounts(chain, false)) {
    for (const auto& block : blocks_to_ask(chain, chain.accounts.at(id))) {
      Request request = request_for(id);
      if (block) request.mutable_block_num()->set_block_num(*block);
      questions.add(kMethod, request);
      if (dice.below(3) == 0) {
        request.mutable_details();
        questions.add(kMethod, request);
      }
    }
  }
}

AccountId with_suffix(const AccountId& id, uint64_t suffix) {
  return *AccountId::from_limbs(id.prefix(), Felt::from_canonical(suffix << 8));
}

void ask_for_unknown_accounts(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  std::vector<AccountId> ids;
  for (const uint64_t kind : {0x01, 0x11}) {
    for (size_t i = 0; i < 5; ++i) {
      ids.push_back(
          *AccountId::from_limbs(Felt::from_canonical((dice.next() >> 1 & ~uint64_t{0xff}) | kind),
                                 Felt::from_canonical(dice.next() >> 2 & ~uint64_t{0xff})));
    }
  }
  // Beside a known account, in its leaf.
  for (const bool is_public : {false, true}) {
    for (const AccountId& known : some_accounts(chain, is_public)) {
      if (ids.size() < 20) ids.push_back(with_suffix(known, dice.below(1000)));
    }
  }
  for (const AccountId& id : ids) {
    for (const std::optional<uint32_t> block :
         {std::optional<uint32_t>(), std::optional<uint32_t>(chain.tip() - 3),
          std::optional<uint32_t>(chain.tip() + 1), std::optional<uint32_t>(0)}) {
      Request request = request_for(id);
      if (block) request.mutable_block_num()->set_block_num(*block);
      questions.add(kMethod, request);
      request.mutable_details()->set_all_storage_maps(true);
      questions.add(kMethod, request);
    }
  }
}

// Ids that are none, each also where something else is wrong too.
void ask_with_bad_ids(const AccountId& good, QuestionList& questions) {
  const auto wire = good.to_wire();
  const std::string bytes(wire.begin(), wire.end());
  std::vector<std::string> broken{"",
                                  "x",
                                  bytes.substr(1),
                                  bytes + '\0',
                                  std::string(15, '\0'),
                                  std::string(15, '\xff'),
                                  std::string(32, '\1')};
  for (const size_t place : {7, 8, 14}) {
    for (const char value : {'\0', '\1', '\x02', '\x12', '\x80', '\xff'}) {
      std::string changed = bytes;
      changed[place] = value;
      broken.push_back(changed);
    }
  }
  for (const std::string& id : broken) {
    Request request;
    request.mutable_account_id()->set_id(id);
    questions.add(kMethod, request);
    request.mutable_details()->mutable_code_commitment()->set_d0(~uint64_t{0});
    questions.add(kMethod, request);
  }
  questions.add(kMethod, Request());
  Request request;
  request.mutable_details();
  questions.add(kMethod, request);
}

void ask_with_bad_details(const AccountId& id, QuestionList& questions) {
  const auto ask = [&](const auto& change) {
    Request request = request_for(id);
    change(request);
    questions.add(kMethod, request);
    // The block is looked at after the details.
    request.mutable_block_num()->set_block_num(0xffffffff);
    questions.add(kMethod, request);
  };
  ask([](Request& r) { r.mutable_details()->mutable_code_commitment()->set_d1(Felt::kModulus); });
  ask([](Request& r) {
    r.mutable_details()->mutable_asset_vault_commitment()->set_d3(~uint64_t{0});
  });
  ask([](Request& r) { r.mutable_details()->set_all_storage_maps(false); });
  ask([](Request& r) { add_map(r, kUnknownSlot); });
  ask([](Request& r) { add_map(r, kUnknownSlot).set_all_entries(false); });
  ask([](Request& r) {
    add_map(r, kUnknownSlot).mutable_map_keys()->add_map_keys()->set_d0(Felt::kModulus);
  });
  for (const std::string& name :
       {std::string(), std::string("one"), std::string("::"), std::string("a::"),
        std::string("::b"), std::string("a:b"), std::string("a::b::"), std::string("a::_b"),
        std::string("_a::b"), std::string("a::b-c"), std::string("a::b c"), std::string("a:::b"),
        std::string("a::9"), std::string("a::\xc3\xa4"), std::string(300, 'a') + "::b",
        std::string(252, 'a') + "::b", std::string(253, 'a') + "::b"}) {
    ask([&](Request& r) { add_map(r, name).set_all_entries(true); });
  }
  ask([](Request& r) {
    add_map(r, kUnknownSlot).set_all_entries(true);
    add_map(r, kUnknownSlot).mutable_map_keys();
  });
}

void ask_at_the_limits(const Account& account, Dice& dice, QuestionList& questions) {
  std::vector<std::string> maps;
  for (const StorageSlot& slot : account.storage.slots()) {
    if (std::holds_alternative<StorageMap>(slot.content)) maps.push_back(slot.name.text());
  }
  if (maps.empty()) maps.emplace_back(kUnknownSlot);
  for (const size_t count : {kMostMaps, kMostMaps + 1}) {
    Request request = request_for(account.id);
    for (size_t i = 0; i < count; ++i) {
      const std::string name = i < maps.size() ? maps[i] : "a::b" + std::to_string(i);
      add_map(request, name).set_all_entries(true);
    }
    questions.add(kMethod, request);
    // Twice the same slot is told after the count.
    add_map(request, maps.front()).set_all_entries(true);
    questions.add(kMethod, request);
  }
  for (const size_t count : {kMostKeys, kMostKeys + 1}) {
    Request one_map = request_for(account.id);
    auto& keys = *add_map(one_map, maps.front()).mutable_map_keys();
    for (size_t i = 0; i < count; ++i) *keys.add_map_keys() = to_message(dice.word());
    questions.add(kMethod, one_map);
    if (maps.size() < 2) continue;
    Request two_maps = request_for(account.id);
    auto& first = *add_map(two_maps, maps[0]).mutable_map_keys();
    auto& second = *add_map(two_maps, maps[1]).mutable_map_keys();
    for (size_t i = 0; i < count; ++i) {
      *(i % 2 == 0 ? first : second).add_map_keys() = to_message(dice.word());
    }
    questions.add(kMethod, two_maps);
  }
}

}  // namespace

void ask_about_accounts(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  ask_at_blocks(chain, dice, questions);
  ask_for_unknown_accounts(chain, dice, questions);
  const std::vector<AccountId> accounts = some_accounts(chain, true);
  ask_with_bad_ids(accounts.front(), questions);
  ask_with_bad_details(accounts.front(), questions);
  ask_with_bad_details(
      some_accounts(chain, false).empty() ? accounts.back() : some_accounts(chain, false).front(),
      questions);
  for (const AccountId& id : {accounts.front(), accounts.back()}) {
    ask_at_the_limits(*chain.accounts.at(id).public_state, dice, questions);
  }
}

}  // namespace miden
