// Bytes that are no request, or hardly one.
#include <array>

#include "questions.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

constexpr std::array<const char*, 15> kMethods{"Status",
                                               "GetLimits",
                                               "GetAccount",
                                               "GetBlockByNumber",
                                               "GetBlockHeaderByNumber",
                                               "GetNotesById",
                                               "SyncNotes",
                                               "SyncNullifiers",
                                               "SyncTransactions",
                                               "SyncAccountVault",
                                               "SyncChainMmr",
                                               "SubmitProvenTx",
                                               "GetNoteScriptByRoot",
                                               "SyncAccountStorageMaps",
                                               "GetNetworkNoteStatus"};

std::string random_bytes(size_t count, Dice& dice) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(dice.below(256));
  return bytes;
}

std::string damage(std::string body, Dice& dice) {
  const size_t size = body.size();
  switch (dice.below(10)) {
    case 0:  // cut off
      return body.substr(0, size == 0 ? 0 : dice.below(size));
    case 1:  // a byte too many
      return body.insert(dice.below(size + 1), 1, static_cast<char>(dice.below(256)));
    case 2:  // a byte too few
      return size == 0 ? body : body.erase(dice.below(size), 1);
    case 3:  // rubbish behind
      return body + random_bytes(1 + dice.below(8), dice);
    case 4:  // twice: messages merge, lists grow
      return body + body;
    case 5: {  // a field that nobody knows, of each wire type
      const std::array<std::string, 6> unknown{std::string("\xc0\x3e\x05"),
                                               std::string("\xc1\x3e") + std::string(8, 'x'),
                                               std::string("\xc2\x3e\x03xyz"),
                                               std::string("\xc5\x3e") + std::string(4, 'x'),
                                               std::string("\xc3\x3e\x08\x01\xc4\x3e"),
                                               std::string("\xc3\x3e\x08\x01")};
      return body.insert(dice.below(2) == 0 ? 0 : size, unknown.at(dice.below(unknown.size())));
    }
    case 6:  // another wire type or field
      if (size > 0) body[0] = static_cast<char>(dice.below(256));
      return body;
    default: {  // flipped bits
      const size_t flips = 1 + dice.below(3);
      for (size_t i = 0; i < flips && size > 0; ++i) {
        char& byte = body[dice.below(size)];
        byte = static_cast<char>(byte ^ 1 << dice.below(8));
      }
      return body;
    }
  }
}

void add(const char* method, std::string body, QuestionList& questions) {
  questions.add(Question{
      .group = "damaged", .path = std::string("/rpc.Api/") + method, .body = std::move(body)});
}

// What decoders of protobuf are known to differ in.
void ask_with_odd_encodings(QuestionList& questions) {
  const std::string never_ending(11, '\xff');
  const std::vector<std::string> bodies{
      std::string("\x00", 1), "\x07", "\x0f", "\x80", never_ending,
      // field 1 in every wire type, whole and cut off
      "\x08\x01", std::string("\x09\x01\0\0\0\0\0\0\0", 9), std::string("\x0a\x00", 2), "\x0b\x0c",
      "\x0b", "\x0c", std::string("\x0d\x01\0\0\0", 5), "\x0e", "\x0d\x01", "\x08", "\x08\x80",
      "\x08" + never_ending, "\x0a\x05xyz", "\x0a\xff\xff\xff\xff\x0f",
      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
      // numbers beyond the field's width, and longer than they need to be
      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x08\x80\x80\x80\x80\x10",
      std::string("\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11), "\x10\x02",
      "\x10\xff\xff\xff\xff\x0f", "\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
      // a field with the highest number, and one above
      "\xf8\xff\xff\xff\x0f\x01", "\xf8\xff\xff\xff\x1f\x01",
      // groups in groups
      std::string(90, '\x0b') + std::string(90, '\x0c'),
      std::string(200, '\x0b') + std::string(200, '\x0c')};
  for (const char* method : kMethods) {
    for (const std::string& body : bodies) add(method, body, questions);
  }
  // A packed list and the same unpacked.
  add("SyncNotes", std::string("\x0a\x05\x15\x02\0\0\0\x12\x08\x01\0\0\0\x02\0\0\0", 17),
      questions);
  add("SyncNotes", std::string("\x0a\x05\x15\x02\0\0\0\x15\x01\0\0\0\x15\x02\0\0\0", 17),
      questions);
  add("SyncNotes", std::string("\x0a\x05\x15\x02\0\0\0\x12\x07\x01\0\0\0\x02\0\0", 16), questions);
  // Text that is none.
  ::rpc::AccountRequest text;
  text.mutable_account_id();
  text.mutable_details()->mutable_storage_maps()->add_storage_maps()->set_slot_name("a::bc");
  std::string body = text.SerializeAsString();
  body.replace(body.find("bc"), 2, "\xff\xfe");
  add("GetAccount", body, questions);
}

void ask_with_long_bodies(QuestionList& questions) {
  constexpr size_t kMostBytes = 4'194'304;
  for (const size_t size : {kMostBytes - 1, kMostBytes, kMostBytes + 1, 2 * kMostBytes}) {
    for (const char* method : {"Status", "GetNotesById"}) {
      // One unknown field that fills the message.
      std::string body("\xc2\x3e", 2);
      const size_t content = size - 6;
      for (int shift = 0; shift < 28; shift += 7) {
        body += static_cast<char>((content >> shift & 0x7f) | (shift < 21 ? 0x80 : 0));
      }
      body.append(content, 'x');
      questions.add(Question{
          .group = "long", .path = std::string("/rpc.Api/") + method, .body = std::move(body)});
    }
  }
}

}  // namespace

void ask_with_damaged_bytes(const std::vector<Question>& valid, size_t count, Dice& dice,
                            QuestionList& questions) {
  for (size_t i = 0; i < count; ++i) {
    const Question& original = dice.pick(valid);
    if (!original.path.starts_with("/rpc.Api/") || original.body.size() > 4096) continue;
    questions.add(
        Question{.group = "damaged", .path = original.path, .body = damage(original.body, dice)});
  }
  for (const char* method : kMethods) {
    for (size_t i = 0; i < 8; ++i) add(method, random_bytes(dice.below(40), dice), questions);
  }
  ask_with_odd_encodings(questions);
  ask_with_long_bodies(questions);
}

}  // namespace miden
