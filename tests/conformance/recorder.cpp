#include "recorder.hpp"

#include <algorithm>
#include <array>

namespace miden {
namespace {

// These refusals of submissions come from the node itself; after them the validator is asked.
constexpr std::array<std::string_view, 10> kOwnRefusals{
    "invalid transaction",      "unknown block",        "reference block's",
    "Invalid proof for",        "invalid proven_batch", "invalid proposed_batch",
    "missing `proposed_batch`", "Number of inputs",     "proposed block proof failed",
    "batch proof did not match"};

// Not what depends on time or on other services, nor what would fill the file.
bool can_be_replayed(const Question& question, const Reply& reply) {
  if (question.most_repetitions > 1 || question.method() == "GetNetworkNoteStatus" ||
      question.group == "long" || question.about > 0) {
    return false;
  }
  if (question.group != "SubmitProvenTx" && question.group != "SubmitProvenTxBatch") return true;
  return std::ranges::any_of(
      kOwnRefusals, [&](std::string_view start) { return reply.message.starts_with(start); });
}

}  // namespace

void Recorder::add(const Question& question, const Reply& reference, bool is_ours_equal) {
  if (!can_be_replayed(question, reference)) return;
  by_group_[question.group].push_back(
      {question, is_ours_equal ? with_fingerprints(reference) : reference});
}

std::vector<Recording::Entry> Recorder::take() {
  std::vector<Recording::Entry> chosen;
  for (auto& [group, entries] : by_group_) {
    const size_t every = (entries.size() + most_in_group_ - 1) / most_in_group_;
    for (size_t i = 0; i < entries.size(); i += every) chosen.push_back(std::move(entries[i]));
  }
  by_group_.clear();
  return chosen;
}

}  // namespace miden
