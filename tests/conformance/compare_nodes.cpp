// compare_nodes: asks two nodes that hold the same chain the same questions and compares the
// replies field by field. Exit status 1: they differ where no row of docs/differences.md says so.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <thread>

#include "accepted_differences.hpp"
#include "base/read_file.hpp"
#include "compare.hpp"
#include "questions.hpp"
#include "recorder.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

struct Options {
  std::string reference;
  std::string ours;
  uint64_t seed = 20251125;
  std::filesystem::path submitted;
  std::filesystem::path fresh;
  std::filesystem::path record;
  size_t recorded_in_group = 110;
  size_t damaged = 3000;
  size_t shown = 40;
  std::string only;
  bool shows_replies = false;
  std::optional<uint32_t> tip;
  std::optional<uint32_t> proven_tip;
};

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

std::vector<SignedBlock> fetch_blocks(grpc::Channel& channel, std::vector<std::string>& bytes,
                                      BlockNum& proven_tip) {
  std::vector<SignedBlock> blocks;
  for (uint32_t number = 0;; ++number) {
    ::blockchain::BlockRequest request;
    request.set_block_num(number);
    request.set_include_proof(true);
    const Reply reply =
        ask(channel,
            {.group = "", .path = "/rpc.Api/GetBlockByNumber", .body = request.SerializeAsString()},
            number);
    ::blockchain::MaybeBlock answer;
    if (reply.messages.size() != 1 || !answer.ParseFromString(reply.messages[0])) {
      give_up(fmt::format("block {}: {}", number, outcome_of(reply)));
    }
    if (!answer.has_block()) return blocks;
    if (answer.has_proof()) proven_tip = {number};
    auto block = from_bytes<SignedBlock>(as_bytes(answer.block()));
    if (!block) give_up(fmt::format("block {}: {}", number, block.error().message));
    blocks.push_back(*std::move(block));
    bytes.push_back(answer.block());
  }
}

// N.transaction and N.inputs, as the stand-in of the validator keeps them.
std::vector<Submission> read_submissions(const std::filesystem::path& folder) {
  std::vector<Submission> submissions;
  if (folder.empty()) return submissions;
  for (size_t i = 0;; ++i) {
    const auto transaction = read_file(folder / fmt::format("{}.transaction", i));
    const auto inputs = read_file(folder / fmt::format("{}.inputs", i));
    if (!transaction || !inputs) return submissions;
    submissions.push_back(
        {std::string(as_string_view(*transaction)), std::string(as_string_view(*inputs))});
  }
}

std::vector<Question> questions_about(const ChainContent& chain, const Options& options) {
  Dice dice(options.seed);
  QuestionList questions;
  ask_about_blocks(chain, dice, questions);
  ask_about_accounts(chain, dice, questions);
  ask_about_notes(chain, dice, questions);
  ask_for_pages(chain, dice, questions);
  const std::vector<Question> valid = questions.all();
  ask_with_damaged_bytes(valid, options.damaged, dice, questions);
  ask_with_accept_headers(chain, questions);
  ask_for_unknown_methods(questions);
  ask_for_streams(chain, questions);
  ask_too_often(questions);
  ask_to_refuse(chain, read_submissions(options.submitted), dice, questions);
  ask_to_admit(chain, read_submissions(options.fresh), questions);
  std::vector<Question> all = questions.take();
  if (!options.only.empty()) {
    std::erase_if(all, [&](const Question& q) { return q.group != options.only; });
  }
  return all;
}

struct Counts {
  size_t asked = 0;
  size_t equal = 0;
  size_t accepted = 0;
  size_t different = 0;
};

class Comparison {
 public:
  Comparison(const Options& options)
      : options_(options),
        reference_(open_channel(options.reference)),
        ours_(open_channel(options.ours)) {}

  // True: they are equal but for what is accepted.
  bool run() {
    if (options_.tip && options_.proven_tip) wait_for(*options_.tip, *options_.proven_tip);
    Recording recording;
    std::vector<SignedBlock> blocks =
        fetch_blocks(*reference_, recording.blocks, recording.proven_tip);
    const auto chain = ChainContent::of(std::move(blocks), recording.proven_tip);
    if (!chain) give_up("the chain cannot be followed: " + chain.error().message);
    fmt::print("chain: {} blocks, proven up to {}, {} accounts, {} notes, {} nullifiers; seed {}\n",
               chain->tip() + 1, chain->proven_tip.value, chain->accounts.size(),
               chain->notes.size(), chain->nullifiers.size(), options_.seed);
    const std::vector<Question> questions = questions_about(*chain, options_);
    Recorder recorder(options_.recorded_in_group);
    for (const Question& question : questions) compare(question, recorder);
    check_standing_still(chain->tip());
    if (!options_.record.empty()) {
      recording.entries = recorder.take();
      recording.write(options_.record);
    }
    return report();
  }

 private:
  // Full nodes may still be following.
  void wait_for(uint32_t tip, uint32_t proven_tip) {
    for (const auto& channel : {reference_, ours_}) {
      for (int attempt = 0; reached(*channel, ::rpc::FINALITY_LEVEL_COMMITTED) != tip ||
                            reached(*channel, ::rpc::FINALITY_LEVEL_PROVEN) != proven_tip;
           ++attempt) {
        if (attempt == 600) give_up(fmt::format("a node did not reach block {} in time", tip));
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
      }
    }
  }

  std::optional<uint32_t> reached(grpc::Channel& channel, ::rpc::FinalityLevel finality) {
    ::rpc::SyncChainMmrRequest request;
    request.set_finality_level(finality);
    const Reply reply =
        ask(channel,
            {.group = "", .path = "/rpc.Api/SyncChainMmr", .body = request.SerializeAsString()},
            ++caller_);
    ::rpc::SyncChainMmrResponse response;
    if (reply.messages.size() != 1 || !response.ParseFromString(reply.messages[0])) {
      return std::nullopt;
    }
    return response.block_range().block_to();
  }

  void compare(const Question& question, Recorder& recorder) {
    ++caller_;
    const Reply theirs = ask(*reference_, question, caller_);
    const Reply mine = ask(*ours_, question, caller_);
    if (options_.shows_replies) fmt::print("{}: {}\n", question.path, outcome_of(theirs));
    Counts& counts = counts_[question.group];
    ++counts.asked;
    const Reply reference = canonical(question, theirs);
    const Reply given = canonical(question, mine);
    if (reference == given) {
      ++counts.equal;
      encoded_differently_ += theirs.messages != mine.messages ? 1 : 0;
      return recorder.add(question, reference, true);
    }
    Reply expected = reference;
    auto rows = apply_accepted_differences(question, expected, given);
    if (expected == given) {
      recorder.add(question, reference, false);
    } else if (const auto known = without_unknown_fields(question, reference)) {
      expected = canonical(*known, ask(*reference_, *known, ++caller_));
      rows = apply_accepted_differences(*known, expected, given);
      rows.push_back(kUnknownFields);
    }
    if (expected == given) {
      ++counts.accepted;
      for (const std::string_view row : rows) ++met_[row];
    } else if (counts.different++ < options_.shown) {
      fmt::print("\n--- {}\n{}", describe(question), differences(question, expected, given));
    }
  }

  void check_standing_still(uint32_t tip) {
    for (const auto& channel : {reference_, ours_}) {
      const Reply reply =
          ask(*channel, {.group = "", .path = "/rpc.Api/Status", .body = ""}, ++caller_);
      ::rpc::RpcStatus status;
      if (reply.messages.size() != 1 || !status.ParseFromString(reply.messages[0]) ||
          status.chain_tip() != tip) {
        give_up("a chain moved during the comparison");
      }
    }
  }

  bool report() const {
    fmt::print("\n{:<26}{:>8}{:>8}{:>10}{:>11}\n", "", "asked", "equal", "accepted", "different");
    Counts all;
    for (const auto& [group, counts] : counts_) {
      fmt::print("{:<26}{:>8}{:>8}{:>10}{:>11}\n", group, counts.asked, counts.equal,
                 counts.accepted, counts.different);
      all.asked += counts.asked;
      all.equal += counts.equal;
      all.accepted += counts.accepted;
      all.different += counts.different;
    }
    fmt::print("{:<26}{:>8}{:>8}{:>10}{:>11}\n", "all", all.asked, all.equal, all.accepted,
               all.different);
    fmt::print("equal messages in other bytes: {}\n", encoded_differently_);
    std::vector<std::string_view> rows{kUnknownFields};
    for (const AcceptedDifference& row : accepted_differences()) rows.push_back(row.row);
    for (const std::string_view row : rows) {
      const auto met = met_.find(row);
      fmt::print("accepted difference {}: {}\n", row,
                 met == met_.end() ? "not met" : std::to_string(met->second));
    }
    return all.different == 0 && all.asked > 0;
  }

  const Options options_;
  std::shared_ptr<grpc::Channel> reference_;
  std::shared_ptr<grpc::Channel> ours_;
  uint32_t caller_ = 0x10000;
  std::map<std::string, Counts> counts_;
  std::map<std::string_view, size_t> met_;
  size_t encoded_differently_ = 0;
};

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  miden::Options options;
  CLI::App app("Asks two nodes with one chain the same and compares what they reply",
               "compare_nodes");
  app.add_option("--reference", options.reference, "Address of the reference's node")->required();
  app.add_option("--ours", options.ours, "Address of our node")->required();
  app.add_option("--seed", options.seed, "Of the random questions")->capture_default_str();
  app.add_option("--submitted", options.submitted, "Folder with transactions of the chain");
  app.add_option("--fresh", options.fresh, "Folder with transactions that fit the tip");
  app.add_option("--tip", options.tip, "Wait until both have reached this block");
  app.add_option("--proven", options.proven_tip, "Wait until both have its proof");
  app.add_option("--damaged", options.damaged, "How many damaged requests")->capture_default_str();
  app.add_option("--record", options.record, "Write questions and the reference's replies here");
  app.add_option("--recorded-in-group", options.recorded_in_group, "About so many of each group")
      ->capture_default_str();
  app.add_option("--shown", options.shown, "How many differences of a group to show")
      ->capture_default_str();
  app.add_flag("--replies", options.shows_replies, "Show how the reference replies to each");
  app.add_option("--only", options.only, "Only this group of questions");
  CLI11_PARSE(app, argc, argv);
  try {
    return miden::Comparison(options).run() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "Error: " << error.what() << '\n';
    return 2;
  }
}
