#include "monitor/history_rows.hpp"

#include <bit>
#include <cstring>

namespace miden {

namespace {

constexpr uint8_t kFormat = 1;

// Texts of ours, but what came from outside stands in them: not held to be UTF-8.
Result<std::string> read_text(ByteReader& reader) {
  return std::string(as_string_view(TRY(reader.length_prefixed())));
}

template <class Enum>
Result<Enum> read_enum(ByteReader& reader, Enum last) {
  const uint8_t value = TRY(reader.u8());
  if (value > std::to_underlying(last)) return invalid_value("a word that is not ours");
  return static_cast<Enum>(value);
}

Result<void> read_format(ByteReader& reader) {
  if (TRY(reader.u8()) != kFormat) return invalid_value("written by a newer monitor");
  return {};
}

}  // namespace

Bytes encode_result(const CheckResult& result) {
  ByteWriter writer;
  writer.u8(kFormat);
  writer.u64(static_cast<uint64_t>(result.started_ms));
  writer.u64(static_cast<uint64_t>(result.duration_us));
  writer.u8(std::to_underlying(result.outcome));
  writer.u8(std::to_underlying(result.reason));
  writer.u32(static_cast<uint32_t>(result.code));
  writer.string(result.error);
  writer.string(result.headline);
  writer.vint(result.figures.size());
  for (const Figure& figure : result.figures) {
    writer.string(figure.name);
    writer.u64(std::bit_cast<uint64_t>(figure.value));
  }
  return std::move(writer).take();
}

Result<CheckResult> decode_result(ByteView bytes) {
  ByteReader reader(bytes);
  TRY(read_format(reader));
  CheckResult result;
  result.started_ms = static_cast<int64_t>(TRY(reader.u64()));
  result.duration_us = static_cast<int64_t>(TRY(reader.u64()));
  result.outcome = TRY(read_enum(reader, Outcome::kInconclusive));
  result.reason = TRY(read_enum(reader, Reason::kLocal));
  result.code = static_cast<int>(TRY(reader.u32()));
  result.error = TRY(read_text(reader));
  result.headline = TRY(read_text(reader));
  const size_t figures = TRY(reader.count(9));
  for (size_t i = 0; i < figures; ++i) {
    Figure figure;
    figure.name = TRY(read_text(reader));
    figure.value = std::bit_cast<double>(TRY(reader.u64()));
    result.figures.push_back(std::move(figure));
  }
  return result;
}

Bytes encode_incident(const Incident& incident) {
  ByteWriter writer;
  writer.u8(kFormat);
  writer.u64(incident.id);
  writer.string(incident.check_id);
  writer.string(incident.check_name);
  writer.u64(static_cast<uint64_t>(incident.opened_ms));
  writer.boolean(incident.closed_ms.has_value());
  writer.u64(static_cast<uint64_t>(incident.closed_ms.value_or(0)));
  writer.u8(std::to_underlying(incident.worst));
  writer.boolean(incident.is_minor);
  writer.boolean(incident.is_flapping);
  writer.u8(std::to_underlying(incident.reason));
  writer.string(incident.cause);
  writer.vint(incident.affected.size());
  for (const std::string& name : incident.affected) writer.string(name);
  writer.boolean(incident.parent.has_value());
  writer.u64(incident.parent.value_or(0));
  return std::move(writer).take();
}

Result<Incident> decode_incident(ByteView bytes) {
  ByteReader reader(bytes);
  TRY(read_format(reader));
  Incident incident;
  incident.id = TRY(reader.u64());
  incident.check_id = TRY(read_text(reader));
  incident.check_name = TRY(read_text(reader));
  incident.opened_ms = static_cast<int64_t>(TRY(reader.u64()));
  const bool is_closed = TRY(reader.boolean());
  const auto closed_ms = static_cast<int64_t>(TRY(reader.u64()));
  if (is_closed) incident.closed_ms = closed_ms;
  incident.worst = TRY(read_enum(reader, CheckState::kPaused));
  incident.is_minor = TRY(reader.boolean());
  incident.is_flapping = TRY(reader.boolean());
  incident.reason = TRY(read_enum(reader, Reason::kLocal));
  incident.cause = TRY(read_text(reader));
  const size_t affected = TRY(reader.count(1));
  for (size_t i = 0; i < affected; ++i) incident.affected.push_back(TRY(read_text(reader)));
  const bool has_parent = TRY(reader.boolean());
  const uint64_t parent = TRY(reader.u64());
  if (has_parent) incident.parent = parent;
  return incident;
}

Bytes encode_standing(const CheckStanding& standing) {
  ByteWriter writer;
  writer.u8(kFormat);
  writer.boolean(standing.memory.known.has_value());
  writer.u8(std::to_underlying(standing.memory.known.value_or(CheckState::kOk)));
  writer.u8(std::to_underlying(standing.memory.reason));
  writer.string(standing.memory.cause);
  writer.u64(static_cast<uint64_t>(standing.heard_ms));
  return std::move(writer).take();
}

Result<CheckStanding> decode_standing(ByteView bytes) {
  ByteReader reader(bytes);
  TRY(read_format(reader));
  CheckStanding standing;
  const bool is_known = TRY(reader.boolean());
  const CheckState known = TRY(read_enum(reader, CheckState::kDown));
  if (is_known) standing.memory.known = known;
  standing.memory.reason = TRY(read_enum(reader, Reason::kLocal));
  standing.memory.cause = TRY(read_text(reader));
  standing.heard_ms = static_cast<int64_t>(TRY(reader.u64()));
  return standing;
}

}  // namespace miden
