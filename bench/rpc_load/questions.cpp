#include "questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <stdexcept>

#include "connection.hpp"
#include "net/convert_account.hpp"
#include "net/convert_primitives.hpp"
#include "protocol/block.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

constexpr uint64_t kSeed = 20251125;
constexpr size_t kQuestions = 512;      // of each kind
constexpr uint32_t kMaxBlocks = 200;    // read to learn what to ask about
constexpr uint32_t kRecentBlocks = 10;  // how far back a client that comes often asks
constexpr size_t kTagsOfAClient = 5;

// What questions may name.
struct Contents {
  BlockNum tip;
  std::vector<uint32_t> tags;
  std::vector<AccountId> public_accounts;
  std::vector<AccountId> private_accounts;
  std::vector<AccountId> active_accounts;  // that have transactions
};

template <class Response, class Request>
Response ask_for(Connection& connection, std::string_view method, const Request& request) {
  Response response;
  const std::string path = fmt::format("/rpc.Api/{}", method);
  if (!response.ParseFromString(ask(connection, path, request.SerializeAsString()))) {
    throw std::runtime_error(fmt::format("{}: the answer does not decode", method));
  }
  return response;
}

::rpc::RpcStatus status_of(Connection& connection) {
  return ask_for<::rpc::RpcStatus>(connection, "Status", google::protobuf::Empty());
}

template <class T>
std::vector<T> as_vector(const std::set<T>& set) {
  return {set.begin(), set.end()};
}

// Of the newest blocks.
Contents read_contents(const Target& target) {
  Connection connection(target.server, target.accept);
  Contents contents;
  contents.tip = {status_of(connection).chain_tip()};
  std::set<uint32_t> tags;
  std::set<AccountId> accounts;
  std::set<AccountId> active;
  const uint32_t first =
      contents.tip.value > kMaxBlocks ? contents.tip.value - kMaxBlocks : kGenesis.value;
  for (uint32_t block_num = first; block_num <= contents.tip.value; ++block_num) {
    ::blockchain::BlockRequest request;
    request.set_block_num(block_num);
    const auto answer = ask_for<::blockchain::MaybeBlock>(connection, "GetBlockByNumber", request);
    const auto block = from_bytes<SignedBlock>(as_bytes(answer.block()));
    if (!block) throw std::runtime_error("a block does not decode: " + block.error().message);
    for (const auto& batch : block->body.output_note_batches) {
      for (const auto& [index, note] : batch.notes) {
        tags.insert(note.header().metadata.partial.tag);
      }
    }
    for (const auto& update : block->body.updated_accounts) accounts.insert(update.account_id);
    for (const auto& transaction : block->body.transactions.transactions) {
      active.insert(transaction.account_id);
    }
  }
  contents.tags = as_vector(tags);
  contents.active_accounts = as_vector(active);
  for (const AccountId& account : accounts) {
    (account.is_public() ? contents.public_accounts : contents.private_accounts).push_back(account);
  }
  return contents;
}

class Asker {
 public:
  explicit Asker(Contents contents) : contents_(std::move(contents)) {}

  std::vector<QuestionKind> all() {
    std::vector<QuestionKind> kinds;
    const auto add = [&](std::string name, std::string_view method, auto make) {
      QuestionKind kind{std::move(name), {}};
      for (size_t i = 0; i < kQuestions; ++i) {
        kind.questions.push_back(
            {fmt::format("/rpc.Api/{}", method), (this->*make)().SerializeAsString()});
      }
      kinds.push_back(std::move(kind));
    };
    add("GetBlockHeaderByNumber", "GetBlockHeaderByNumber", &Asker::header);
    add("GetBlockHeaderByNumber, with path", "GetBlockHeaderByNumber", &Asker::header_with_path);
    add("SyncChainMmr", "SyncChainMmr", &Asker::chain_mmr);
    add("SyncNotes, none found", "SyncNotes", &Asker::absent_notes);
    if (!contents_.tags.empty()) add("SyncNotes, some found", "SyncNotes", &Asker::notes);
    if (!contents_.active_accounts.empty()) {
      add("SyncTransactions", "SyncTransactions", &Asker::transactions);
    }
    if (!contents_.private_accounts.empty()) {
      add("GetAccount, private", "GetAccount", &Asker::private_account);
    }
    if (!contents_.public_accounts.empty()) {
      add("GetAccount, public, all of it", "GetAccount", &Asker::public_account);
    }
    add("GetBlockByNumber", "GetBlockByNumber", &Asker::block);
    return kinds;
  }

 private:
  template <class T>
  const T& any(const std::vector<T>& values) {
    return values[random_() % values.size()];
  }
  uint32_t any_block() { return static_cast<uint32_t>(random_() % (contents_.tip.value + 1)); }

  ::rpc::BlockHeaderByNumberRequest header() {
    ::rpc::BlockHeaderByNumberRequest request;
    request.set_block_num(any_block());
    return request;
  }
  ::rpc::BlockHeaderByNumberRequest header_with_path() {
    ::rpc::BlockHeaderByNumberRequest request = header();
    request.set_include_mmr_proof(true);
    return request;
  }

  ::blockchain::BlockRequest block() {
    ::blockchain::BlockRequest request;
    request.set_block_num(any_block());
    return request;
  }

  ::rpc::SyncChainMmrRequest chain_mmr() {
    ::rpc::SyncChainMmrRequest request;
    request.set_current_client_block_height(any_block());
    request.set_finality_level(::rpc::FINALITY_LEVEL_COMMITTED);
    return request;
  }

  ::rpc::BlockRange recent_blocks() {
    const uint32_t tip = contents_.tip.value;
    const uint32_t from = tip - std::min(tip, any_block() % (2 * kRecentBlocks));
    ::rpc::BlockRange range;
    range.set_block_from(from);
    range.set_block_to(std::min(tip, from + kRecentBlocks));
    return range;
  }

  ::rpc::SyncNotesRequest absent_notes() {
    ::rpc::SyncNotesRequest request;
    *request.mutable_block_range() = recent_blocks();
    while (request.note_tags_size() < static_cast<int>(kTagsOfAClient)) {
      const auto tag = static_cast<uint32_t>(random_());
      if (!std::ranges::binary_search(contents_.tags, tag)) request.add_note_tags(tag);
    }
    return request;
  }
  ::rpc::SyncNotesRequest notes() {
    ::rpc::SyncNotesRequest request = absent_notes();
    request.set_note_tags(0, any(contents_.tags));
    return request;
  }

  ::rpc::SyncTransactionsRequest transactions() {
    ::rpc::SyncTransactionsRequest request;
    *request.mutable_block_range() = recent_blocks();
    for (int i = 0; i < 2; ++i) {
      *request.add_account_ids() = to_message(any(contents_.active_accounts));
    }
    return request;
  }

  ::rpc::AccountRequest private_account() {
    ::rpc::AccountRequest request;
    *request.mutable_account_id() = to_message(any(contents_.private_accounts));
    return request;
  }
  // As the reference's client imports an account: everything.
  ::rpc::AccountRequest public_account() {
    ::rpc::AccountRequest request;
    *request.mutable_account_id() = to_message(any(contents_.public_accounts));
    auto& details = *request.mutable_details();
    *details.mutable_code_commitment() = to_message(Word());
    *details.mutable_asset_vault_commitment() = to_message(Word());
    details.set_all_storage_maps(true);
    return request;
  }

  Contents contents_;
  std::mt19937_64 random_{kSeed};
};

}  // namespace

std::string accept_header_of(const SocketAddress& server) {
  Connection connection(server, {});
  const ::rpc::RpcStatus status = status_of(connection);
  const auto genesis = from_message(status.genesis_commitment());
  if (!genesis) throw std::runtime_error("Status names no genesis");
  return fmt::format("application/vnd.miden; version={}; genesis={}", status.version(),
                     genesis->to_hex());
}

std::vector<QuestionKind> questions_about(const Target& target) {
  return Asker(read_contents(target)).all();
}

}  // namespace miden
