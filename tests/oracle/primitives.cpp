// The same questions as in src/primitives.rs.
#include "crypto/ecdsa.hpp"
#include "crypto/poseidon2.hpp"
#include "protocol/account_id.hpp"
#include "protocol/note.hpp"
#include "subjects.hpp"

namespace miden {
namespace {

Bytes to_text(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Result<Answer> hash(ByteView input) {
  ByteReader reader(input);
  const Felt domain = TRY(Felt::decode(reader));
  const auto elements = TRY(decode_items<Felt>(reader, reader.remaining() / sizeof(Felt)));
  const Word left(elements[0], elements[1], elements[2], elements[3]);
  const Word right(elements[4], elements[5], elements[6], elements[7]);
  return Answer{{},
                {hash_elements(elements), hash_elements_in_domain(elements, domain),
                 merge(left, right), merge_in_domain(left, right, domain)}};
}

Result<Answer> sign(ByteView input) {
  ByteReader reader(input);
  const SecretKey key = TRY(SecretKey::decode(reader));
  const Word message = TRY(Word::decode(reader));
  ByteWriter writer;
  key.public_key().encode(writer);
  key.sign(message).encode(writer);
  return Answer{std::move(writer).take(), {}};
}

Result<Answer> verify(ByteView input) {
  ByteReader reader(input);
  const PublicKey key = TRY(PublicKey::decode(reader));
  const Word message = TRY(Word::decode(reader));
  const Signature signature = TRY(Signature::decode(reader));
  const Result<PublicKey> recovered = PublicKey::recover(message, signature);
  return Answer{recovered ? to_bytes(*recovered) : Bytes(),
                {Word::of(key.verify(message, signature), 0, 0, 0)}};
}

Result<Answer> account_id_to_text(ByteView input) {
  const AccountId id = TRY(from_bytes<AccountId>(input));
  std::string text = id.to_hex() + "\n";
  for (const auto* network : {"mm", "mtst", "mdev"}) text += id.to_bech32(network) + "\n";
  return Answer{to_text(text), {}};
}

Result<Answer> account_id_from_text(ByteView input) {
  return Answer{to_bytes(TRY(AccountId::parse(as_string_view(input)))), {}};
}

Result<Answer> word_from_text(ByteView input) {
  const Word word = TRY(Word::from_hex(as_string_view(input)));
  return Answer{to_text(word.to_hex()), {word}};
}

Result<Answer> network_target(ByteView input) {
  const NoteAttachments attachments = TRY(from_bytes<NoteAttachments>(input));
  const auto target = network_note_target(NoteType::kPublic, attachments);
  if (!target) return fail("NoTarget", "the note is for no network account");
  ByteWriter writer;
  target->account.encode(writer);
  writer.u64(target->execution_hint);
  return Answer{std::move(writer).take(), {}};
}

}  // namespace

const std::map<std::string_view, Ask>& primitives() {
  static const std::map<std::string_view, Ask> all{
      {"Hash", hash},
      {"Sign", sign},
      {"Verify", verify},
      {"AccountId to text", account_id_to_text},
      {"AccountId from text", account_id_from_text},
      {"Word from text", word_from_text},
      {"Network target", network_target},
  };
  return all;
}

}  // namespace miden
