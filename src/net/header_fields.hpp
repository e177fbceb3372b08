// The header fields of a message, in one piece of memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace miden {

class HeaderFields {
 public:
  void add(std::string_view name, std::string_view value) {
    places_.push_back({static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
    text_.append(name).append(value);
  }
  void clear() {
    places_.clear();
    text_.clear();
  }

  size_t count() const { return places_.size(); }
  size_t bytes() const { return text_.size(); }

  // The first value of that (lower-case) name. Holds until something is added.
  std::optional<std::string_view> first(std::string_view name) const {
    std::optional<std::string_view> found;
    for_each([&](std::string_view field, std::string_view value) {
      if (!found && field == name) found = value;
    });
    return found;
  }

  // `function`: void(name, value), in the order of adding.
  template <class Function>
  void for_each(Function function) const {
    std::string_view rest = text_;
    for (const auto& [name_size, value_size] : places_) {
      function(rest.substr(0, name_size), rest.substr(name_size, value_size));
      rest.remove_prefix(name_size + value_size);
    }
  }

 private:
  struct Place {
    uint32_t name_size;
    uint32_t value_size;
  };
  std::string text_;  // names and values, one after the other
  std::vector<Place> places_;
};

}  // namespace miden
