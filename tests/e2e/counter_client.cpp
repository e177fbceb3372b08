// counter_client COMMAND --rpc URL --file F: a wallet and counters of the network monitor's kind,
// for tests of network transactions.
//
//   deploy: makes the accounts, puts the counters on chain and waits until they are; F keeps all
//   increment: sends transactions of the wallet that emit notes for the counters, in turn
//   read: says what the chain has of them
//   make: writes transaction.ProvenTransaction that create counters, to F.0, F.1, ...
//
// The first three print one line of JSON. Exit status 1: something did not work, and stderr says
// what.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "monitor/counter.hpp"
#include "monitor/counter_rpc.hpp"
#include "remote_prover.grpc.pb.h"
#include "types/transaction.pb.h"

namespace miden {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kCallTime = 30s;
constexpr auto kProofTime = 5min;
constexpr auto kPause = 500ms;
constexpr int kAttempts = 20;

struct Options {
  std::string rpc;
  std::string prover;  // empty: proven here
  std::string file;
  int counters = 1;
  bool takes_hostile_notes = false;
  std::vector<std::string> tx_scripts;  // roots
  int transactions = 1;
  int notes = 1;  // of each transaction
  CounterNote note = CounterNote::kIncrement;
  int wait_seconds = 120;  // for what is sent to be committed; 0: not at all
};

// What a test must not go on from.
[[noreturn]] void give_up(const std::string& what) {
  std::cerr << "counter_client: " << what << "\n";
  std::exit(1);
}
template <class T>
T need(Result<T> value, const std::string& what) {
  if (!value) give_up(what + ": " + std::string(value.error().code) + ": " + value.error().message);
  return std::move(*value);
}
template <class T>
T need(Answer<T> value, const std::string& what) {
  if (!value) {
    give_up(fmt::format("{}: {}: {}", what, to_string(value.error().code), value.error().message));
  }
  return std::move(*value);
}

std::shared_ptr<grpc::Channel> connect_to(const std::string& url) {
  return make_channel(need(ServiceUrl::parse(url), url));
}

// Asks again while the answer says that later may be better.
template <class Ask>
auto ask_until_it_works(const Ask& ask) {
  for (int attempt = 1;; ++attempt) {
    auto answer = ask();
    const bool may_work_later = !answer && (answer.error().code == StatusCode::kUnavailable ||
                                            answer.error().code == StatusCode::kResourceExhausted);
    if (!may_work_later || attempt == kAttempts) return answer;
    std::this_thread::sleep_for(kPause);
  }
}

// F: the accounts as their last transaction leaves them, and all notes that were asked for.
struct Kept {
  CounterWallet wallet;
  Account wallet_as_made;
  std::vector<Account> counters = {};
  std::vector<std::string> note_ids = {};
  uint64_t increments = 0;
};

template <class T>
std::string hex_of(const T& value) {
  return to_hex(to_bytes(value));
}
Account account_of(const json& hex) {
  return need(from_bytes<Account>(need(from_hex(hex.get<std::string>()), "file")), "file");
}

void keep(const std::string& file, const Kept& kept) {
  json document = {{"wallet", hex_of(kept.wallet.account)},
                   {"wallet_as_made", hex_of(kept.wallet_as_made)},
                   {"secret_key", to_hex(kept.wallet.secret_key)},
                   {"counters", json::array()},
                   {"note_ids", kept.note_ids},
                   {"increments", kept.increments}};
  for (const Account& counter : kept.counters) document["counters"].push_back(hex_of(counter));
  std::ofstream out(file + ".new");
  out << document.dump() << "\n";
  out.close();
  if (!out || std::rename((file + ".new").c_str(), file.c_str()) != 0) {
    give_up("cannot write " + file);
  }
}

Kept read_kept(const std::string& file) {
  std::ifstream in(file);
  const json document = json::parse(in, nullptr, false);
  if (document.is_discarded()) give_up(file + " is not what deploy wrote");
  Kept kept{
      .wallet = {.account = account_of(document["wallet"]),
                 .secret_key = need(from_hex(document["secret_key"].get<std::string>()), "file")},
      .wallet_as_made = account_of(document["wallet_as_made"])};
  for (const json& counter : document["counters"]) kept.counters.push_back(account_of(counter));
  kept.note_ids = document["note_ids"];
  kept.increments = document["increments"];
  return kept;
}

class Client {
 public:
  explicit Client(const Options& options)
      : options_(options),
        engine_(make_reference_engine(0)),
        code_(need(CounterCode::assemble(*engine_), "code")),
        rpc_(connect_to(options.rpc)),
        genesis_(need(ask_until_it_works([&] {
                        return fetch_block_header(rpc_, kGenesis, {.timeout = kCallTime});
                      }),
                      "genesis")) {
    if (!options.prover.empty()) prover_ = connect_to(options.prover);
  }

  void deploy() {
    const CounterWallet wallet = need(make_counter_wallet(*engine_, code_, seed()), "wallet");
    Kept kept{.wallet = wallet, .wallet_as_made = wallet.account};
    for (int i = 0; i < options_.counters; ++i) {
      ClientTransaction creation = creation_of_counter(wallet);
      send(creation);
      kept.counters.push_back(std::move(creation.account));
      keep(options_.file, kept);
    }
    for (const Account& counter : kept.counters) wait_for(counter, counter_count_slot());
    json answer = {{"wallet", wallet.account.id.to_hex()}, {"counters", json::array()}};
    for (const Account& counter : kept.counters) {
      answer["counters"].push_back(counter.id.to_hex());
    }
    std::cout << answer.dump() << std::endl;
  }

  void make() {
    const CounterWallet wallet = need(make_counter_wallet(*engine_, code_, seed()), "wallet");
    for (int i = 0; i < options_.counters; ++i) {
      const ClientTransaction creation = creation_of_counter(wallet);
      const Bytes proven = prove(creation);
      ::transaction::ProvenTransaction submission;
      submission.set_transaction(proven.data(), proven.size());
      submission.set_transaction_inputs(creation.inputs.data(), creation.inputs.size());
      std::ofstream out(fmt::format("{}.{}", options_.file, i), std::ios::binary);
      if (!submission.SerializeToOstream(&out) || !out.flush()) {
        give_up("cannot write " + options_.file);
      }
    }
  }

  void increment() {
    Kept kept = read_kept(options_.file);
    json answer = {{"transactions", json::array()}, {"note_ids", json::array()}};
    size_t turn = 0;
    for (int i = 0; i < options_.transactions; ++i) {
      std::vector<CounterRequest> requests;
      for (int n = 0; n < options_.notes; ++n) {
        requests.push_back({.counter = kept.counters[turn++ % kept.counters.size()].id,
                            .note = options_.note,
                            .serial_num = random_word()});
      }
      ClientTransaction transaction =
          need(request_counts(*engine_, code_, kept.wallet, requests, genesis_), "request");
      const BlockNum tip = send(transaction);
      answer["transactions"].push_back({{"id", transaction.id.to_hex()}, {"tip", tip.value}});
      kept.wallet.account = std::move(transaction.account);
      if (options_.note == CounterNote::kIncrement) kept.increments += requests.size();
      for (const Note& note : transaction.notes) {
        kept.note_ids.push_back(note.id().to_hex());
        answer["note_ids"].push_back(note.id().to_hex());
      }
      keep(options_.file, kept);
    }
    if (options_.wait_seconds > 0) wait_for(kept.wallet.account, wallet_count_slot());
    std::cout << answer.dump() << std::endl;
  }

  void read() {
    const Kept kept = read_kept(options_.file);
    uint64_t observed = 0;
    json counters = json::array();
    for (const Account& counter : kept.counters) {
      const auto found = look_up(counter, counter_count_slot());
      if (found) observed += found->count;
      counters.push_back({{"id", counter.id.to_hex()},
                          {"count", found ? json(found->count) : json()},
                          {"nonce", found ? found->header.nonce.value() : 0}});
    }
    const auto wallet = look_up(kept.wallet.account, wallet_count_slot());
    if (wallet) {
      need(restore_account(kept.wallet_as_made, wallet_count_slot(), wallet->count, wallet->header),
           "wallet");
    }
    const json answer = {{"observed", observed},
                         {"expected", wallet ? wallet->count : 0},
                         {"sent", kept.increments},
                         {"counters", counters},
                         {"note_ids", kept.note_ids}};
    std::cout << answer.dump() << std::endl;
  }

 private:
  static AccountSeed seed() {
    AccountSeed seed;
    std::random_device random;
    for (uint8_t& byte : seed) byte = static_cast<uint8_t>(random());
    return seed;
  }
  static Word random_word() {
    std::random_device random;
    Word word;
    for (Felt& element : word.elements) {
      element = Felt::reduce(uint64_t{random()} << 32 | random());
    }
    return word;
  }

  ClientTransaction creation_of_counter(const CounterWallet& owner) const {
    std::vector<Word> tx_scripts;
    for (const std::string& root : options_.tx_scripts) {
      tx_scripts.push_back(need(Word::from_hex(root), root));
    }
    const Account counter = need(make_counter(*engine_, code_, seed(),
                                              {.owner = owner.account.id,
                                               .takes_hostile_notes = options_.takes_hostile_notes,
                                               .tx_scripts = tx_scripts}),
                                 "counter");
    return need(create_account(*engine_, counter, {}, genesis_), "creation");
  }

  Bytes prove(const ClientTransaction& transaction) const {
    if (!prover_) return need(engine_->prove_transaction(transaction.inputs), "proof");
    ::remote_prover::ProofRequest request;
    request.set_proof_type(::remote_prover::TRANSACTION);
    request.set_payload(transaction.inputs.data(), transaction.inputs.size());
    const auto stub = ::remote_prover::Api::NewStub(prover_);
    const ::remote_prover::Proof proof =
        need(ask_until_it_works([&] {
               return call_unary<::remote_prover::Api::Stub, ::remote_prover::ProofRequest,
                                 ::remote_prover::Proof>(*stub, &::remote_prover::Api::Stub::Prove,
                                                         request, {.timeout = kProofTime});
             }),
             "remote proof");
    const ByteView payload = as_bytes(proof.payload());
    return Bytes(payload.begin(), payload.end());
  }

  BlockNum send(const ClientTransaction& transaction) const {
    const Bytes proven = prove(transaction);
    const CallOptions options{.timeout = kCallTime,
                              .accept = accept_of_network(genesis_.commitment())};
    return need(ask_until_it_works(
                    [&] { return submit_transaction(rpc_, proven, transaction.inputs, options); }),
                "submission of " + transaction.id.to_hex());
  }

  std::optional<CountOnChain> look_up(const Account& account, const StorageSlotName& slot) const {
    return need(ask_until_it_works(
                    [&] { return look_up_count(rpc_, account.id, slot, {.timeout = kCallTime}); }),
                "account " + account.id.to_hex());
  }

  // Until the chain has what the account's last transaction made of it.
  void wait_for(const Account& account, const StorageSlotName& slot) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options_.wait_seconds);
    while (std::chrono::steady_clock::now() < end) {
      const auto found = look_up(account, slot);
      if (found && found->header.nonce.value() >= account.nonce.value()) return;
      std::this_thread::sleep_for(kPause);
    }
    give_up(fmt::format("account {} is not at nonce {} after {} s", account.id.to_hex(),
                        account.nonce.value(), options_.wait_seconds));
  }

  const Options& options_;
  std::unique_ptr<Engine> engine_;
  CounterCode code_;
  std::shared_ptr<grpc::Channel> rpc_;
  std::shared_ptr<grpc::Channel> prover_;  // null: proven here
  BlockHeader genesis_;
};

CLI::App* add_command(CLI::App& app, const char* name, const char* meaning, Options& options) {
  CLI::App* command = app.add_subcommand(name, meaning);
  command->add_option("--rpc", options.rpc, "URL of a node's public API")->required();
  command->add_option("--file", options.file, "What is kept between commands")->required();
  command->add_option("--prover", options.prover,
                      "URL of a remote prover (default: proves itself)");
  command->add_option(
      "--wait", options.wait_seconds,
      "Seconds to wait for what is sent to be committed; 0 for increment: not at all");
  return command;
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  using namespace miden;
  Options options;
  CLI::App app("A wallet and counters for tests of network transactions");
  app.require_subcommand(1);
  auto* deploy =
      add_command(app, "deploy", "Make the accounts, put the counters on chain", options);
  deploy->add_option("--counters", options.counters, "How many")->check(CLI::Range(1, 10'000));
  deploy->add_flag("--hostile", options.takes_hostile_notes,
                   "They accept notes that fail and notes that never end, too");
  deploy->add_option("--allow-script", options.tx_scripts,
                     "Root of a transaction script that their transactions may run");
  auto* increment = add_command(app, "increment", "Send notes to the counters, in turn", options);
  increment->add_option("--count", options.transactions, "Transactions")
      ->check(CLI::Range(1, 1'000'000));
  increment->add_option("--notes", options.notes, "Notes of each transaction")
      ->check(CLI::Range(1, 256));
  increment->add_flag_callback(
      "--failing", [&] { options.note = CounterNote::kFailing; }, "Notes that cannot be consumed");
  increment->add_flag_callback(
      "--endless", [&] { options.note = CounterNote::kEndless; }, "Notes that never end");
  auto* read = add_command(app, "read", "Say what the chain has of them", options);
  auto* make = add_command(app, "make",
                           "Write creations of counters to F.0, F.1, ... and send none", options);
  make->add_option("--counters", options.counters, "How many")->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);

  Client client(options);
  if (deploy->parsed()) client.deploy();
  if (increment->parsed()) client.increment();
  if (read->parsed()) client.read();
  if (make->parsed()) client.make();
  return 0;
}
