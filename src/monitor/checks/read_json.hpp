// Reading JSON that must have exactly the members that are expected.
#pragma once

#include <expected>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/fault.hpp"

namespace miden {

// One object of an answer. What is wrong with it is kMalformed, and its text names the place:
// "data.blocks.edges[0].node.timestamp: expected a decimal string". Only the first fault is kept,
// so that an object can be read in one go and asked once, at its end.
class JsonReader {
 public:
  // An answer to its end: fault() tells whether what was read is what was expected.
  explicit JsonReader(const nlohmann::json& root) : value_(&root) {}

  // The object's members must be among these, and all of `required` there.
  JsonReader& members(std::initializer_list<std::string_view> required,
                      std::initializer_list<std::string_view> optional = {});
  JsonReader member(std::string_view name);
  JsonReader element(size_t index);
  size_t size();

  std::string text();
  uint64_t number();
  uint64_t decimal_text();  // a number written as a string
  std::optional<std::string> text_or_null();

  const std::optional<Fault>& fault() const { return *fault_; }
  void add_fault(std::string_view what);

 private:
  JsonReader(const nlohmann::json* value, std::string path,
             std::shared_ptr<std::optional<Fault>> fault)
      : value_(value), path_(std::move(path)), fault_(std::move(fault)) {}

  const nlohmann::json* value_;  // null: it is not there
  std::string path_;
  std::shared_ptr<std::optional<Fault>> fault_ = std::make_shared<std::optional<Fault>>();
};

}  // namespace miden
