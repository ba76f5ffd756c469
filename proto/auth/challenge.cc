#include "proto/auth/challenge.h"

#include <algorithm>

#include "proto/base/text.h"

namespace proto::auth {
namespace {

bool is_token68_char(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool digit = c >= '0' && c <= '9';
  return letter || digit || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

bool is_control(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return (octet < 0x20 && c != '\t') || octet == 0x7f;
}

// Reads from front to back. The first fault sticks.
class Reader {
 public:
  explicit Reader(std::string_view left) : left_(left) {}

  // What follows a comma is a parameter of the last challenge when a '=' follows its name, and the
  // scheme of the next challenge otherwise: the grammar has no other sign.
  Result<std::vector<Challenge>, std::string> read() {
    skip_empty_elements();
    while (!left_.empty() && fault_.empty()) {
      const std::string_view name = token();
      if (fault_.empty()) element(name);
      if (fault_.empty() && !left_.empty() && left_.front() != ',') {
        fault_ = "has something other than ',' after a value";
      }
      skip_empty_elements();
    }
    if (!fault_.empty()) return Unexpected{"a challenge " + std::string(fault_)};
    return std::move(challenges_);
  }

  // As if the scheme had been read already.
  Result<std::vector<ChallengeParameter>, std::string> read_parameters() {
    challenges_.emplace_back();
    auto all = read();
    if (!all) return Unexpected{all.error()};
    if (all->size() > 1) return Unexpected{std::string("a field has more than parameters")};
    return std::move(all->front().parameters);
  }

 private:
  void element(std::string_view name) {
    const bool blank_follows = !left_.empty() && (left_.front() == ' ' || left_.front() == '\t');
    skip_blanks();
    if (take('=')) return parameter(name);
    start_challenge(name);
    if (!fault_.empty() || left_.empty() || left_.front() == ',') return;
    if (!blank_follows) return fail("has a character in its scheme that is not allowed");
    if (take_token68()) return;
    const std::string_view first = token();
    if (!fault_.empty()) return;
    skip_blanks();
    if (!take('=')) return fail("has a parameter without a value");
    parameter(first);
  }

  void start_challenge(std::string_view scheme) {
    if (challenges_.size() == kMaxChallenges) return fail("is one of too many in a field");
    if (scheme.size() > kMaxSchemeName) return fail("has too long a scheme");
    challenges_.push_back({to_lower(scheme), {}, {}});
  }

  // After the '='.
  void parameter(std::string_view name) {
    if (challenges_.empty()) return fail("has a parameter before its scheme");
    Challenge& challenge = challenges_.back();
    if (!challenge.token68.empty()) return fail("has both a token68 and parameters");
    if (challenge.parameters.size() == kMaxChallengeParameters) {
      return fail("has too many parameters");
    }
    skip_blanks();
    std::string value = take('"') ? quoted() : std::string(token());
    const std::string lower = to_lower(name);
    if (challenge.parameter(lower)) return fail("has a parameter twice");
    challenge.parameters.push_back({lower, std::move(value)});
    skip_blanks();
  }

  // Only where it fills the rest of its element: `a=` and `a==` are a token68, `a=b` is not.
  bool take_token68() {
    const auto end = std::find_if_not(left_.begin(), left_.end(), is_token68_char);
    auto size = static_cast<size_t>(end - left_.begin());
    if (size == 0) return false;
    size = std::min(left_.find_first_not_of('=', size), left_.size());
    const std::string_view rest = trim(left_.substr(size));
    if (!rest.empty() && rest.front() != ',') return false;
    challenges_.back().token68 = left_.substr(0, size);
    left_.remove_prefix(size);
    skip_blanks();
    return true;
  }

  std::string_view token() {
    const auto end = std::find_if_not(left_.begin(), left_.end(), is_token_char);
    const std::string_view text = left_.substr(0, static_cast<size_t>(end - left_.begin()));
    left_.remove_prefix(text.size());
    if (text.empty()) fail("has an empty name or value");
    return text;
  }

  // After the opening quote (RFC 9110 §5.6.4).
  std::string quoted() {
    std::string text;
    while (!left_.empty() && left_.front() != '"') {
      if (left_.front() == '\\') left_.remove_prefix(1);
      if (left_.empty()) break;
      if (is_control(left_.front())) fail("has a control character in quotes");
      text.push_back(left_.front());
      left_.remove_prefix(1);
    }
    if (!take('"')) fail("has a quoted value without an end");
    return text;
  }

  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }

  void skip_blanks() {
    while (take(' ') || take('\t')) {
    }
  }

  void skip_empty_elements() {
    while (take(' ') || take('\t') || take(',')) {
    }
  }

  void fail(std::string_view fault) {
    if (fault_.empty()) fault_ = fault;
  }

  std::string_view left_;
  std::string_view fault_;
  std::vector<Challenge> challenges_;
};

}  // namespace

std::optional<std::string_view> Challenge::parameter(std::string_view lower_case_name) const {
  for (const ChallengeParameter& parameter : parameters) {
    if (parameter.name == lower_case_name) return parameter.value;
  }
  return std::nullopt;
}

bool Challenge::flag(std::string_view lower_case_name) const {
  return equals_ignoring_case(parameter(lower_case_name).value_or(""), "true");
}

Result<std::vector<Challenge>, std::string> parse_challenges(std::string_view value) {
  if (value.size() > kMaxChallengeField) {
    return Unexpected{std::string("a field of challenges is too long")};
  }
  return Reader(value).read();
}

Result<std::vector<ChallengeParameter>, std::string> parse_parameters(std::string_view value) {
  if (value.size() > kMaxChallengeField) {
    return Unexpected{std::string("a field of parameters is too long")};
  }
  return Reader(value).read_parameters();
}

}  // namespace proto::auth
