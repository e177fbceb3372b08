#include "monitor/counter_rpc.hpp"

#include "net/convert_account.hpp"
#include "net/convert_block.hpp"
#include "rpc.grpc.pb.h"

namespace miden {

namespace {

using Stub = ::rpc::Api::Stub;

Status malformed(std::string_view method, const std::string& why) {
  return {StatusCode::kInternal,
          "the node's answer to " + std::string(method) + " is wrong: " + why};
}

// Our nodes send a number with the error (spec/store-rpc.md §24.4), the reference's only its text.
bool says_that_there_is_no_account(const Status& status) {
  return status.code == StatusCode::kInvalidArgument &&
         (status.details == "\x02" || status.message.contains("not found at block"));
}

Result<CountOnChain> read_count(const ::rpc::AccountResponse& response, const AccountId& account,
                                const StorageSlotName& slot) {
  const auto& details = response.details();
  const AccountHeader header = READ_FIELD(details, header);
  const auto& storage_message = details.storage_details();
  const AccountStorageHeader storage = READ_FIELD(storage_message, header);
  if (header.id != account) {
    return fail("OtherAccount", "it is about account " + header.id.to_hex());
  }
  if (storage.commitment() != header.storage_commitment) {
    return fail("OtherStorage", "the storage is not the account's");
  }
  const StorageSlotHeader* found = storage.find(slot);
  if (found == nullptr || found->type != StorageSlotType::kValue) {
    return fail("NoSuchSlot", "the account has no value slot " + slot.text());
  }
  return CountOnChain{.block_num = {response.block_num().block_num()},
                      .header = header,
                      .count = found->value[0].value()};
}

}  // namespace

std::string accept_of_network(const Word& genesis_commitment) {
  return "application/vnd.miden; genesis=" + genesis_commitment.to_hex();
}

Answer<BlockHeader> fetch_block_header(const std::shared_ptr<grpc::Channel>& rpc,
                                       BlockNum block_num, const CallOptions& options,
                                       const std::stop_token& stop) {
  ::rpc::BlockHeaderByNumberRequest request;
  request.set_block_num(block_num.value);
  const auto stub = ::rpc::Api::NewStub(rpc);
  const auto response =
      TRY((call_unary<Stub, ::rpc::BlockHeaderByNumberRequest, ::rpc::BlockHeaderByNumberResponse>(
          *stub, &Stub::GetBlockHeaderByNumber, request, options, stop)));
  Result<BlockHeader> header = from_message(response.block_header());
  if (!header) return std::unexpected(malformed("GetBlockHeaderByNumber", header.error().message));
  if (header->block_num != block_num) {
    return std::unexpected(malformed("GetBlockHeaderByNumber", "it is another block"));
  }
  return std::move(*header);
}

Answer<BlockNum> submit_transaction(const std::shared_ptr<grpc::Channel>& rpc, ByteView proven_tx,
                                    ByteView tx_inputs, const CallOptions& options,
                                    const std::stop_token& stop) {
  ::transaction::ProvenTransaction request;
  request.set_transaction(proven_tx.data(), proven_tx.size());
  request.set_transaction_inputs(tx_inputs.data(), tx_inputs.size());
  const auto stub = ::rpc::Api::NewStub(rpc);
  const auto answer =
      TRY((call_unary<Stub, ::transaction::ProvenTransaction, ::blockchain::BlockNumber>(
          *stub, &Stub::SubmitProvenTx, request, options, stop)));
  return BlockNum{answer.block_num()};
}

Answer<std::optional<CountOnChain>> look_up_count(const std::shared_ptr<grpc::Channel>& rpc,
                                                  const AccountId& account,
                                                  const StorageSlotName& slot,
                                                  const CallOptions& options,
                                                  const std::stop_token& stop) {
  ::rpc::AccountRequest request;
  *request.mutable_account_id() = to_message(account);
  request.mutable_details();  // the headers only
  const auto stub = ::rpc::Api::NewStub(rpc);
  const auto response = call_unary<Stub, ::rpc::AccountRequest, ::rpc::AccountResponse>(
      *stub, &Stub::GetAccount, request, options, stop);
  if (!response) {
    if (says_that_there_is_no_account(response.error())) return std::nullopt;
    return std::unexpected(response.error());
  }
  Result<CountOnChain> count = read_count(*response, account, slot);
  if (!count) return std::unexpected(malformed("GetAccount", count.error().message));
  return std::move(*count);
}

}  // namespace miden
