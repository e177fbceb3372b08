// HTML, written so that text cannot become markup.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace miden {

// Text for people: without control characters, marks that turn the reading direction, and bytes
// that are not UTF-8; at most `max_bytes` long, what is cut away is shown as "…".
std::string clean_text(std::string_view text, size_t max_bytes = 512);

// String literals are markup, everything else that is written is text: cleaned, and escaped for
// content and for attribute values in double quotes.
class Markup {
 public:
  template <size_t size>
  Markup& operator<<(const char (&markup)[size]) {
    written_.append(markup, size - 1);
    return *this;
  }
  template <size_t size>
  Markup& operator<<(char (&buffer)[size]) = delete;  // who knows what is in there
  Markup& operator<<(std::string_view text);
  // Drawing commands, lists of numbers and ids: of any length, and only of characters that mean
  // nothing to HTML; others are left out.
  Markup& plain(std::string_view data);
  Markup& operator<<(const Markup& part) {
    written_ += part.written_;
    return *this;
  }
  Markup& operator<<(std::integral auto number) {
    written_ += std::to_string(number);
    return *this;
  }

  bool is_empty() const { return written_.empty(); }
  size_t size() const { return written_.size(); }
  const std::string& html() const { return written_; }

 private:
  std::string written_;
};

}  // namespace miden
