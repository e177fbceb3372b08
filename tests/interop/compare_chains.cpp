// compare_chains URL URL BLOCKS: do two nodes hold the same chain?
//
// Waits until both have BLOCKS blocks, then asks both for each block up to there, for its header,
// and for every account it changed, with all details, as of the last block. Prints one line; exit
// status 1 names the first difference.
#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include <charconv>
#include <iostream>
#include <set>
#include <thread>

#include "net/channel.hpp"
#include "net/convert_account.hpp"
#include "net/convert_primitives.hpp"
#include "protocol/block.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongestWait = 300s;

struct Node {
  std::string url;
  std::unique_ptr<::rpc::Api::Stub> api;
};

Result<Node> connect(std::string_view url) {
  const ServiceUrl parsed = TRY(ServiceUrl::parse(url));
  return Node{std::string(url), ::rpc::Api::NewStub(make_channel(parsed))};
}

template <class Request, class Response>
Result<Response> ask(const Node& node,
                     grpc::Status (::rpc::Api::Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                     const Request& request) {
  Answer<Response> answer = call_unary(*node.api, method, request, {.timeout = 20s});
  if (answer) return std::move(*answer);
  return fail("Refused", fmt::format("{} answers {}: {}", node.url, to_string(answer.error().code),
                                     answer.error().message));
}

// The same request to both; their one answer.
template <class Request, class Response>
Result<Response> ask_both(const std::array<Node, 2>& nodes,
                          grpc::Status (::rpc::Api::Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                          const Request& request, const std::string& what) {
  const Response first = TRY(ask(nodes[0], method, request));
  const Response second = TRY(ask(nodes[1], method, request));
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  if (differencer.Compare(first, second)) return first;
  return fail("Different", fmt::format("{} differs between {} and {}:\n{}", what, nodes[0].url,
                                       nodes[1].url, difference));
}

// Its tip, which is at least `tip`.
Result<uint32_t> wait_for_tip(const Node& node, uint32_t tip) {
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  std::string last = "it was never asked";
  while (std::chrono::steady_clock::now() < deadline) {
    const auto header =
        ask(node, &::rpc::Api::Stub::GetBlockHeaderByNumber, ::rpc::BlockHeaderByNumberRequest());
    if (header && header->block_header().block_num() >= tip) {
      return header->block_header().block_num();
    }
    last = header ? fmt::format("its tip is {}", header->block_header().block_num())
                  : header.error().message;
    std::this_thread::sleep_for(500ms);
  }
  return fail("Behind", fmt::format("{} does not reach block {} within {} s: {}", node.url, tip,
                                    kLongestWait.count(), last));
}

struct Content {
  std::set<AccountId> accounts;
  size_t transactions = 0;
  size_t nullifiers = 0;
  size_t notes = 0;
};

Result<void> compare_block(const std::array<Node, 2>& nodes, uint32_t number, Content& content) {
  ::rpc::BlockHeaderByNumberRequest header_request;
  header_request.set_block_num(number);
  TRY(ask_both(nodes, &::rpc::Api::Stub::GetBlockHeaderByNumber, header_request,
               fmt::format("header {}", number)));

  ::blockchain::BlockRequest block_request;
  block_request.set_block_num(number);
  const auto answer = TRY(ask_both(nodes, &::rpc::Api::Stub::GetBlockByNumber, block_request,
                                   fmt::format("block {}", number)));
  const auto block = TRY(from_bytes<SignedBlock>(as_bytes(answer.block())));
  for (const auto& update : block.body.updated_accounts) content.accounts.insert(update.account_id);
  for (const auto& batch : block.body.output_note_batches) content.notes += batch.notes.size();
  content.transactions += block.body.transactions.transactions.size();
  content.nullifiers += block.body.created_nullifiers.size();
  return {};
}

Result<void> compare_account(const std::array<Node, 2>& nodes, const AccountId& id, uint32_t tip) {
  ::rpc::AccountRequest request;
  *request.mutable_account_id() = to_message(id);
  request.mutable_block_num()->set_block_num(tip);
  if (id.is_public()) {
    auto& details = *request.mutable_details();
    *details.mutable_code_commitment() = to_message(Word());
    *details.mutable_asset_vault_commitment() = to_message(Word());
    details.set_all_storage_maps(true);
  }
  TRY(ask_both(nodes, &::rpc::Api::Stub::GetAccount, request,
               fmt::format("account {} at block {}", id.to_hex(), tip)));
  return {};
}

Result<void> compare(const std::array<Node, 2>& nodes, uint32_t blocks) {
  const uint32_t first = TRY(wait_for_tip(nodes[0], blocks));
  const uint32_t second = TRY(wait_for_tip(nodes[1], blocks));
  const uint32_t tip = std::min(first, second);
  Content content;
  for (uint32_t number = 0; number <= tip; ++number) TRY(compare_block(nodes, number, content));
  for (const AccountId& id : content.accounts) TRY(compare_account(nodes, id, tip));
  if (content.transactions == 0) return fail("Empty", "the chain has no transactions");
  fmt::print("blocks 0 to {} are the same: {} transactions, {} accounts, {} nullifiers, {} notes\n",
             tip, content.transactions, content.accounts.size(), content.nullifiers, content.notes);
  return {};
}

Result<void> run(std::string_view first, std::string_view second, uint32_t blocks) {
  std::array<Node, 2> nodes{TRY(connect(first)), TRY(connect(second))};
  return compare(nodes, blocks);
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  const std::string_view blocks = argc == 4 ? argv[3] : "";
  uint32_t tip = 0;
  if (std::from_chars(blocks.data(), blocks.data() + blocks.size(), tip).ec != std::errc()) {
    std::cerr << "usage: compare_chains URL URL BLOCKS\n";
    return 2;
  }
  const auto compared = miden::run(argv[1], argv[2], tip);
  if (compared) return 0;
  std::cerr << compared.error().message << "\n";
  return 1;
}
