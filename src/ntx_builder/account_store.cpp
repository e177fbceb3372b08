#include "ntx_builder/account_store.hpp"

namespace miden {
namespace {

// However small the deltas, so many are not applied at each reading.
constexpr uint32_t kMaxDeltas = 256;

Key last_key() { return Key().bytes(Bytes(AccountId::kWireSize + 1, 0xff)); }

}  // namespace

AccountStore::AccountStore(std::shared_ptr<const Store> store, size_t cache_bytes)
    : store_(std::move(store)), cache_bytes_(cache_bytes) {
  const auto snapshot = store_->snapshot();
  for (Cursor row = snapshot->rows(kNetworkAccounts, Key(), last_key()); row.valid(); row.next()) {
    const auto account = decode_builder_row<AccountId>(row.key(), "a network account's id");
    rows_.emplace(account,
                  decode_builder_row<NetworkAccountRow>(row.value(), "a network account's row"));
  }
}

std::vector<AccountId> AccountStore::accounts() const {
  std::vector<AccountId> accounts;
  accounts.reserve(rows_.size());
  for (const auto& [account, row] : rows_) accounts.push_back(account);
  return accounts;
}

std::shared_ptr<const Account> AccountStore::get(const AccountId& account) {
  const auto row = rows_.find(account);
  if (row == rows_.end()) return nullptr;
  if (const auto cached = cache_.find(account); cached != cache_.end()) {
    recent_.splice(recent_.begin(), recent_, cached->second.recent);
    return cached->second.account;
  }

  const auto snapshot = store_->snapshot();
  const Key key = network_account_key(account);
  const std::optional<Bytes> state = snapshot->get(kAccountStates, key);
  if (!state) throw_corrupt_builder_store("the state of account " + account.to_hex());
  auto read = std::make_shared<Account>(decode_builder_row<Account>(*state, "an account's state"));
  for (Cursor delta = snapshot->rows_with_prefix(kAccountDeltas, key); delta.valid();
       delta.next()) {
    const auto decoded = decode_builder_row<AccountDelta>(delta.value(), "an account's delta");
    if (!read->apply(decoded)) throw_corrupt_builder_store("an account's delta does not fit it");
  }
  remember(read, row->second.state_bytes + row->second.delta_bytes);
  return read;
}

void AccountStore::put_whole(WriteBatch& batch, std::shared_ptr<const Account> account) {
  const AccountId id = account->id;
  const Key key = network_account_key(id);
  const Bytes state = to_bytes(*account);
  batch.put(kAccountStates, key, state);
  if (const auto row = rows_.find(id); row != rows_.end() && row->second.delta_count > 0) {
    const auto snapshot = store_->snapshot();
    for (Cursor delta = snapshot->rows_with_prefix(kAccountDeltas, key); delta.valid();
         delta.next()) {
      batch.remove(kAccountDeltas, delta.key());
    }
  }
  put_row(batch, id, {.state_bytes = state.size()});
  remember(std::move(account), state.size());
}

void AccountStore::put_delta(WriteBatch& batch, BlockNum block, const AccountDelta& delta,
                             std::shared_ptr<const Account> after) {
  NetworkAccountRow row = rows_.at(after->id);
  const Bytes bytes = to_bytes(delta);
  row.delta_bytes += bytes.size();
  ++row.delta_count;
  if (row.delta_bytes > row.state_bytes || row.delta_count > kMaxDeltas) {
    put_whole(batch, std::move(after));
    return;
  }
  batch.put(kAccountDeltas, account_delta_key(after->id, block), bytes);
  put_row(batch, after->id, row);
  remember(std::move(after), row.state_bytes + row.delta_bytes);
}

void AccountStore::put_row(WriteBatch& batch, const AccountId& account,
                           const NetworkAccountRow& row) {
  batch.put(kNetworkAccounts, network_account_key(account), to_bytes(row));
  rows_.insert_or_assign(account, row);
}

void AccountStore::remember(std::shared_ptr<const Account> account, size_t bytes) {
  const AccountId id = account->id;
  if (const auto cached = cache_.find(id); cached != cache_.end()) {
    cached_bytes_ -= cached->second.bytes;
    recent_.erase(cached->second.recent);
    cache_.erase(cached);
  }
  recent_.push_front(id);
  cache_.emplace(id, Cached{std::move(account), bytes, recent_.begin()});
  cached_bytes_ += bytes;
  // What was just asked for stays, whatever its size: its transaction needs it again.
  while (cached_bytes_ > cache_bytes_ && recent_.size() > 1) {
    const auto oldest = cache_.find(recent_.back());
    cached_bytes_ -= oldest->second.bytes;
    cache_.erase(oldest);
    recent_.pop_back();
  }
}

}  // namespace miden
