#include "compare.hpp"

#include <fmt/format.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

constexpr size_t kMostShown = 1500;

const MethodDescriptor* method_of(const Question& question) {
  const size_t slash = question.path.rfind('/');
  const auto* service =
      DescriptorPool::generated_pool()->FindServiceByName(question.path.substr(1, slash - 1));
  return service == nullptr ? nullptr : service->FindMethodByName(std::string(question.method()));
}

std::unique_ptr<Message> parse(const Descriptor* type, const std::string& bytes) {
  const Message* prototype = MessageFactory::generated_factory()->GetPrototype(type);
  if (prototype == nullptr) return nullptr;
  std::unique_ptr<Message> message(prototype->New());
  const google::protobuf::LogSilencer damaged_requests_are_no_news;
  return message->ParseFromString(bytes) ? std::move(message) : nullptr;
}

std::string deterministic_bytes(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// Where no order is specified: notes by id, a vault's assets, map entries that changed in one block
// (spec/store-rpc.md §17.5, §17.12, §17.13).
void sort_unordered(Message& message) {
  if (auto* list = dynamic_cast<::note::CommittedNoteList*>(&message)) {
    std::ranges::sort(*list->mutable_notes(), {}, deterministic_bytes);
  } else if (auto* account = dynamic_cast<::rpc::AccountResponse*>(&message)) {
    if (!account->has_details() || !account->details().has_vault_details()) return;
    std::ranges::sort(*account->mutable_details()->mutable_vault_details()->mutable_assets(), {},
                      deterministic_bytes);
  } else if (auto* maps = dynamic_cast<::rpc::SyncAccountStorageMapsResponse*>(&message)) {
    auto& updates = *maps->mutable_updates();
    for (auto first = updates.begin(); first != updates.end();) {
      const auto last = std::find_if(first, updates.end(), [&](const auto& update) {
        return update.block_num() != first->block_num();
      });
      std::ranges::sort(first, last, {}, deterministic_bytes);
      first = last;
    }
  }
}

std::string shorten(std::string text) {
  if (text.size() > kMostShown) {
    text = fmt::format("{}... ({} characters)", text.substr(0, kMostShown), text.size());
  }
  return text;
}

std::string field_differences(const Descriptor* type, const std::string& reference,
                              const std::string& ours) {
  const auto a = parse(type, reference);
  const auto b = parse(type, ours);
  if (!a || !b) return "one of the messages cannot be read\n";
  std::string report;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&report);
  differencer.Compare(*a, *b);
  return shorten(report);
}

}  // namespace

Reply canonical(const Question& question, const Reply& reply) {
  Reply result = reply;
  const MethodDescriptor* method = method_of(question);
  if (method == nullptr) return result;
  for (std::string& bytes : result.messages) {
    if (const auto message = parse(method->output_type(), bytes)) {
      sort_unordered(*message);
      bytes = deterministic_bytes(*message);
    }
  }
  return result;
}

std::string differences(const Question& question, const Reply& reference, const Reply& ours) {
  const Reply theirs = canonical(question, reference);
  const Reply mine = canonical(question, ours);
  if (theirs == mine) return {};
  std::string text;
  if (outcome_of(theirs) != outcome_of(mine)) {
    text += fmt::format("reference: {}\nours:      {}\n", outcome_of(theirs), outcome_of(mine));
  }
  if (theirs.metadata != mine.metadata) {
    const auto list = [](const std::map<std::string, std::string>& metadata) {
      std::string listed;
      for (const auto& [name, value] : metadata) listed += fmt::format("{}={} ", name, value);
      return listed;
    };
    text += fmt::format("metadata of the reference: {}\nmetadata of ours: {}\n",
                        list(theirs.metadata), list(mine.metadata));
  }
  if (theirs.messages.size() != mine.messages.size()) {
    text += fmt::format("{} messages of the reference, {} of ours\n", theirs.messages.size(),
                        mine.messages.size());
  }
  const MethodDescriptor* method = method_of(question);
  for (size_t i = 0; i < std::min(theirs.messages.size(), mine.messages.size()); ++i) {
    if (theirs.messages[i] == mine.messages[i]) continue;
    text += fmt::format("message {}:\n", i);
    if (method != nullptr) {
      text += field_differences(method->output_type(), theirs.messages[i], mine.messages[i]);
    }
  }
  return text;
}

std::optional<std::string> known_part(const Question& question) {
  const MethodDescriptor* method = method_of(question);
  const auto message = method == nullptr ? nullptr : parse(method->input_type(), question.body);
  if (!message) return std::nullopt;
  message->DiscardUnknownFields();
  return deterministic_bytes(*message);
}

std::string describe(const Question& question) {
  std::string text = question.path;
  for (const auto& [name, value] : question.metadata) text += fmt::format(" {}={}", name, value);
  const MethodDescriptor* method = method_of(question);
  const auto message = method == nullptr ? nullptr : parse(method->input_type(), question.body);
  text += message ? fmt::format("\n  {{{}}}", shorten(message->ShortDebugString())) : "";
  if (question.body.size() <= 200 || !message) {
    text += fmt::format("\n  {} bytes: {}", question.body.size(),
                        shorten(to_hex(as_bytes(question.body))));
  }
  return text;
}

}  // namespace miden
