// Questions about single notes and their scripts.
#include "net/convert_note.hpp"
#include "questions.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

constexpr size_t kMostNotes = 100;  // in one request

void ask_for_lists(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  const auto some_note = [&] { return to_message(dice.pick(chain.notes).note.id()); };
  const auto unknown = [&] { return to_message(NoteId(dice.word())); };
  // Each note alone, so that a difference names it.
  for (const ChainContent::SeenNote& seen : chain.notes) {
    if (chain.notes.size() > 300 && dice.below(chain.notes.size()) >= 300) continue;
    ::note::NoteIdList request;
    *request.add_ids() = to_message(seen.note.id());
    questions.add("GetNotesById", request);
  }
  for (size_t i = 0; i < 150; ++i) {
    ::note::NoteIdList request;
    const size_t count = i < 5 ? i : dice.below(kMostNotes + 1);
    for (size_t k = 0; k < count; ++k) {
      *request.add_ids() = dice.below(6) == 0 || chain.notes.empty() ? unknown() : some_note();
    }
    questions.add("GetNotesById", request);
  }
  if (chain.notes.empty()) return;
  for (const size_t count : {kMostNotes - 1, kMostNotes, kMostNotes + 1, 10 * kMostNotes}) {
    ::note::NoteIdList request;
    const ::note::NoteId one = some_note();
    for (size_t k = 0; k < count; ++k) *request.add_ids() = one;
    questions.add("GetNotesById", request);
    for (size_t k = 0; k < count; ++k) *request.mutable_ids(static_cast<int>(k)) = unknown();
    questions.add("GetNotesById", request);
    // Too many is told before what is wrong with one.
    request.mutable_ids(0)->mutable_id()->set_d3(Felt::kModulus);
    questions.add("GetNotesById", request);
  }
}

void ask_with_bad_ids(QuestionList& questions) {
  for (int element = 0; element < 4; ++element) {
    for (const uint64_t value : {Felt::kModulus - 1, Felt::kModulus, ~uint64_t{0}}) {
      ::primitives::Digest digest;
      if (element == 0) digest.set_d0(value);
      if (element == 1) digest.set_d1(value);
      if (element == 2) digest.set_d2(value);
      if (element == 3) digest.set_d3(value);
      ::note::NoteIdList list;
      *list.add_ids()->mutable_id() = to_message(Word());
      *list.add_ids()->mutable_id() = digest;
      questions.add("GetNotesById", list);
      ::note::NoteScriptRoot root;
      *root.mutable_root() = digest;
      questions.add("GetNoteScriptByRoot", root);
      ::note::NoteId id;
      *id.mutable_id() = digest;
      questions.add("GetNetworkNoteStatus", id);
    }
  }
  ::note::NoteIdList list;
  *list.add_ids()->mutable_id() = to_message(Word());
  list.add_ids();
  questions.add("GetNotesById", list);
  ::note::NoteIdList none;
  none.add_ids();
  questions.add("GetNotesById", none);
  questions.add("GetNoteScriptByRoot", ::note::NoteScriptRoot());
  questions.add("GetNetworkNoteStatus", ::note::NoteId());
}

void ask_for_scripts(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  std::map<NoteScriptRoot, size_t> roots;
  for (const ChainContent::SeenNote& seen : chain.notes) {
    if (const Note* note = seen.note.public_note())
      ++roots[note->details().recipient.script.root()];
  }
  for (size_t i = 0; i < 10; ++i) ++roots[NoteScriptRoot(dice.word())];
  ++roots[NoteScriptRoot()];
  for (const auto& [root, count] : roots) {
    ::note::NoteScriptRoot request;
    *request.mutable_root() = to_digest(root);
    questions.add("GetNoteScriptByRoot", request);
  }
}

}  // namespace

void ask_about_notes(const ChainContent& chain, Dice& dice, QuestionList& questions) {
  ask_for_lists(chain, dice, questions);
  ask_for_scripts(chain, dice, questions);
  ask_with_bad_ids(questions);
  for (size_t i = 0; i < 20; ++i) {
    ::note::NoteId request = to_message(NoteId(dice.word()));
    // What the stand-in of the builder answers by.
    if (i < 10) request.mutable_id()->set_d0(i);
    questions.add("GetNetworkNoteStatus", request);
  }
}

}  // namespace miden
