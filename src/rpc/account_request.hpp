// What GetAccount may be asked, checked in the order of spec/store-rpc.md §17.13.
#pragma once

#include <optional>

#include "chain/account_queries.hpp"
#include "net/status.hpp"

namespace rpc {
class AccountRequest;
}

namespace miden {

struct AccountQuestion {
  AccountId account;
  std::optional<BlockNum> block_num;  // absent: the tip
  std::optional<AccountDetailsRequest> details;
};

// Checks 1 to 7: everything but what the chain knows.
Answer<AccountQuestion> read_account_request(const ::rpc::AccountRequest& request);

}  // namespace miden
