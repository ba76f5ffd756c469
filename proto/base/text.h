// ASCII text as the protocols use it: tokens, case, numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto {

char to_lower(char c);
std::string to_lower(std::string_view text);
[[nodiscard]] bool same_letters(std::string_view a,
                                std::string_view b);  // of one length, case apart
// Field names are compared by the hundred in each handshake, and most differ in length.
[[nodiscard]] inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_letters(a, b);
}
bool is_token_char(char c);                    // RFC 9110 §5.6.2
bool is_token(std::string_view text);          // at least one character
std::string_view trim(std::string_view text);  // SP and HTAB
std::vector<std::string_view> split_list(
    std::string_view value);  // at commas, trimmed, empty elements left out (§5.6.1)
// Decimal digits only, no sign, no space; nothing on overflow or any other character.
std::optional<uint64_t> parse_decimal(std::string_view text);

}  // namespace proto
