// The network accounts' states, on disk and decoded.
//
// An account lies in the store as a whole state of some block and the deltas since; it is written
// whole again once the deltas outweigh it, so that a large account is not rewritten by every
// transaction (T20) and reading it costs no more than twice its size. Not safe for several threads.
#pragma once

#include <list>
#include <map>
#include <memory>

#include "ntx_builder/builder_tables.hpp"

namespace miden {

class AccountStore {
 public:
  // Reads which accounts there are.
  AccountStore(std::shared_ptr<const Store> store, size_t cache_bytes);

  bool contains(const AccountId& account) const { return rows_.contains(account); }
  std::vector<AccountId> accounts() const;
  // nullptr: it is not here.
  std::shared_ptr<const Account> get(const AccountId& account);

  // These show at once what the batch makes durable.
  void put_whole(WriteBatch& batch, std::shared_ptr<const Account> account);
  // `after` is the account with the block's delta applied.
  void put_delta(WriteBatch& batch, BlockNum block, const AccountDelta& delta,
                 std::shared_ptr<const Account> after);

 private:
  struct Cached {
    std::shared_ptr<const Account> account;
    size_t bytes = 0;
    std::list<AccountId>::iterator recent;
  };
  void put_row(WriteBatch& batch, const AccountId& account, const NetworkAccountRow& row);
  void remember(std::shared_ptr<const Account> account, size_t bytes);

  std::shared_ptr<const Store> store_;
  size_t cache_bytes_;
  std::map<AccountId, NetworkAccountRow> rows_;
  std::map<AccountId, Cached> cache_;
  std::list<AccountId> recent_;  // the last used first
  size_t cached_bytes_ = 0;
};

}  // namespace miden
