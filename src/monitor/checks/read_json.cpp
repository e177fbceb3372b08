#include "monitor/checks/read_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "monitor/markup.hpp"

namespace miden {

void JsonReader::add_fault(std::string_view what) {
  if (fault_->has_value()) return;
  const std::string place = path_.empty() ? std::string("the answer") : path_;
  *fault_ = Fault{.reason = Reason::kMalformed,
                  .code = 0,
                  .text = clean_text(fmt::format("unexpected answer: {}: {}", place, what))};
}

JsonReader& JsonReader::members(std::initializer_list<std::string_view> required,
                                std::initializer_list<std::string_view> optional) {
  if (value_ == nullptr) return *this;
  if (!value_->is_object()) {
    add_fault("expected an object");
    return *this;
  }
  for (const auto& [name, value] : value_->items()) {
    const std::string_view view = name;
    if (std::ranges::find(required, view) == required.end() &&
        std::ranges::find(optional, view) == optional.end()) {
      add_fault(fmt::format("unknown field `{}`", clean_text(name, 64)));
    }
  }
  for (const std::string_view name : required) {
    if (!value_->contains(name)) add_fault(fmt::format("missing field `{}`", name));
  }
  return *this;
}

JsonReader JsonReader::member(std::string_view name) {
  const std::string path = path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
  const nlohmann::json* value = nullptr;
  if (value_ != nullptr && value_->is_object()) {
    const auto found = value_->find(name);
    if (found != value_->end()) value = &*found;
  }
  return {value, path, fault_};
}

JsonReader JsonReader::element(size_t index) {
  const bool is_there = value_ != nullptr && value_->is_array() && index < value_->size();
  return {is_there ? &(*value_)[index] : nullptr, fmt::format("{}[{}]", path_, index), fault_};
}

size_t JsonReader::size() {
  if (value_ == nullptr || !value_->is_array()) {
    add_fault("expected a list");
    return 0;
  }
  return value_->size();
}

std::string JsonReader::text() {
  if (value_ != nullptr && value_->is_string()) return value_->get<std::string>();
  add_fault("expected a string");
  return {};
}

uint64_t JsonReader::number() {
  if (value_ != nullptr && value_->is_number_unsigned()) return value_->get<uint64_t>();
  add_fault("expected a whole number up to 2^64 - 1");
  return 0;
}

uint64_t JsonReader::decimal_text() {
  uint64_t number = 0;
  if (value_ != nullptr && value_->is_string()) {
    const auto& digits = value_->get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size()) return number;
  }
  add_fault("expected a decimal string");
  return 0;
}

std::optional<std::string> JsonReader::text_or_null() {
  if (value_ == nullptr || value_->is_null()) return std::nullopt;
  return text();
}

}  // namespace miden
