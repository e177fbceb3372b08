#include "recording.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <zstd.h>

#include <fstream>
#include <map>
#include <stdexcept>

#include "base/read_file.hpp"
#include "base/serialize.hpp"

namespace miden {
namespace {

constexpr std::string_view kMagic = "conformance 1\n";
constexpr size_t kLongMessage = 1500;
constexpr size_t kMostBytes = size_t{1} << 30;  // of a recording, before compression

void write_text(ByteWriter& writer, const std::string& text) {
  writer.vint(text.size());
  writer.bytes(as_bytes(text));
}

Result<std::string> read_text(ByteReader& reader) {
  return std::string(as_string_view(TRY(reader.length_prefixed())));
}

// Bodies repeat each other for most of their length (a transaction with one bit flipped): those of
// one size are written as what differs from the first of that size.
class BodyWriter {
 public:
  void write(ByteWriter& writer, const std::string& body) {
    const auto first = first_of_size_.find(body.size());
    if (body.size() < 256 || first == first_of_size_.end()) {
      writer.boolean(false);
      write_text(writer, body);
      first_of_size_.try_emplace(body.size(), body);
      return;
    }
    writer.boolean(true);
    writer.vint(body.size());
    std::vector<size_t> places;
    for (size_t i = 0; i < body.size(); ++i) {
      if (body[i] != first->second[i]) places.push_back(i);
    }
    writer.vint(places.size());
    size_t last = 0;
    for (const size_t place : places) {
      writer.vint(place - last);
      writer.u8(static_cast<uint8_t>(body[place]));
      last = place;
    }
  }

 private:
  std::map<size_t, std::string> first_of_size_;
};

class BodyReader {
 public:
  Result<std::string> read(ByteReader& reader) {
    if (!TRY(reader.boolean())) {
      std::string body = TRY(read_text(reader));
      first_of_size_.try_emplace(body.size(), body);
      return body;
    }
    const auto first = first_of_size_.find(TRY(reader.vint()));
    if (first == first_of_size_.end()) return fail("InvalidValue", "no body of that size before");
    std::string body = first->second;
    size_t place = 0;
    for (size_t left = TRY(reader.count(2)); left > 0; --left) {
      place += TRY(reader.vint());
      if (place >= body.size()) return fail("InvalidValue", "a change behind the body's end");
      body[place] = static_cast<char>(TRY(reader.u8()));
    }
    return body;
  }

 private:
  std::map<size_t, std::string> first_of_size_;
};

void write_pairs(ByteWriter& writer, const auto& pairs) {
  writer.vint(pairs.size());
  for (const auto& [name, value] : pairs) {
    write_text(writer, name);
    write_text(writer, value);
  }
}

Result<std::vector<std::pair<std::string, std::string>>> read_pairs(ByteReader& reader) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t left = TRY(reader.count(2)); left > 0; --left) {
    std::string name = TRY(read_text(reader));
    std::string value = TRY(read_text(reader));
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

void write_entry(ByteWriter& writer, BodyWriter& bodies, const Recording::Entry& entry) {
  const Question& question = entry.question;
  write_text(writer, question.group);
  write_text(writer, question.path);
  bodies.write(writer, question.body);
  write_pairs(writer, question.metadata);
  writer.u32(question.messages);
  writer.u32(question.held_open);
  writer.u32(question.most_repetitions);
  const Reply& reply = entry.reply;
  writer.boolean(reply.is_open);
  writer.u32(static_cast<uint32_t>(reply.code));
  write_text(writer, reply.message);
  write_text(writer, reply.details);
  write_pairs(writer, reply.metadata);
  writer.vint(reply.messages.size());
  for (const std::string& message : reply.messages) write_text(writer, message);
}

Result<Recording::Entry> read_entry(ByteReader& reader, BodyReader& bodies) {
  Recording::Entry entry;
  entry.question.group = TRY(read_text(reader));
  entry.question.path = TRY(read_text(reader));
  entry.question.body = TRY(bodies.read(reader));
  entry.question.metadata = TRY(read_pairs(reader));
  entry.question.messages = TRY(reader.u32());
  entry.question.held_open = TRY(reader.u32());
  entry.question.most_repetitions = TRY(reader.u32());
  entry.reply.is_open = TRY(reader.boolean());
  entry.reply.code = static_cast<int>(TRY(reader.u32()));
  entry.reply.message = TRY(read_text(reader));
  entry.reply.details = TRY(read_text(reader));
  for (auto& [name, value] : TRY(read_pairs(reader))) entry.reply.metadata.emplace(name, value);
  for (size_t left = TRY(reader.count(1)); left > 0; --left) {
    entry.reply.messages.push_back(TRY(read_text(reader)));
  }
  return entry;
}

Result<Bytes> decompress(ByteView compressed) {
  const auto size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > kMostBytes) {
    return fail("InvalidRecording", "not a compressed recording");
  }
  Bytes bytes(size);
  const size_t written =
      ZSTD_decompress(bytes.data(), bytes.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(written) || written != size) {
    return fail("InvalidRecording", "damaged: it does not decompress");
  }
  return bytes;
}

// A window over the whole file: the same account code stands in many places.
Bytes compress(ByteView bytes) {
  constexpr int kLevel = 19;
  constexpr int kWindowLog = 26;
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kWindowLog);
  Bytes compressed(ZSTD_compressBound(bytes.size()));
  const size_t written =
      ZSTD_compress2(context, compressed.data(), compressed.size(), bytes.data(), bytes.size());
  ZSTD_freeCCtx(context);
  if (ZSTD_isError(written)) throw std::runtime_error("the recording does not compress");
  compressed.resize(written);
  return compressed;
}

}  // namespace

Result<Recording> Recording::read(const std::filesystem::path& file) {
  const Bytes bytes = TRY(decompress(TRY(read_file(file))));
  ByteReader reader(bytes);
  if (as_string_view(TRY(reader.bytes(kMagic.size()))) != kMagic) {
    return fail("InvalidRecording", "a recording of another version");
  }
  Recording recording;
  recording.proven_tip = {TRY(reader.u32())};
  for (size_t left = TRY(reader.count(1)); left > 0; --left) {
    recording.blocks.push_back(TRY(read_text(reader)));
  }
  BodyReader bodies;
  for (size_t left = TRY(reader.count(1)); left > 0; --left) {
    recording.entries.push_back(TRY(read_entry(reader, bodies)));
  }
  return recording;
}

void Recording::write(const std::filesystem::path& file) const {
  ByteWriter writer;
  writer.bytes(as_bytes(kMagic));
  writer.u32(proven_tip.value);
  writer.vint(blocks.size());
  for (const std::string& block : blocks) write_text(writer, block);
  writer.vint(entries.size());
  BodyWriter bodies;
  for (const Entry& entry : entries) write_entry(writer, bodies, entry);
  const Bytes compressed = compress(writer.view());
  std::ofstream out(file, std::ios::binary);
  out << as_string_view(compressed);
  if (!out.flush()) throw std::runtime_error(fmt::format("cannot write {}", file.string()));
}

Reply with_fingerprints(Reply canonical) {
  for (std::string& message : canonical.messages) {
    if (message.size() < kLongMessage) continue;
    std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const uint8_t*>(message.data()), message.size(), digest.data());
    message = fmt::format("{} bytes with SHA-256 {}", message.size(), to_hex(digest));
  }
  return canonical;
}

}  // namespace miden
