#include "proto/ws/extensions.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <utility>

#include "proto/base/text.h"

namespace proto::ws {
namespace {

constexpr std::string_view kDeflate = "permessage-deflate";

// RFC 7692 §7.1. The first two take no value, the others window bits.
constexpr std::array<std::string_view, 4> kParameters = {
    "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
    "client_max_window_bits"};
constexpr size_t kServerTakeover = 0;
constexpr size_t kFirstWithBits = 2;
constexpr size_t kServerBits = 2;
constexpr size_t kClientBits = 3;
constexpr uint64_t kMostBits = 15;

enum class Role { offer, answer };

// Reads the grammar of RFC 6455 §9.1 from front to back. The first fault sticks.
class Reader {
 public:
  explicit Reader(std::string_view left) : left_(left) {}

  Result<std::vector<Extension>, std::string> read() {
    std::vector<Extension> extensions;
    skip_empty_elements();
    while (!left_.empty() && fault_.empty()) {
      if (extensions.size() == kMaxExtensions) return fail("lists too many extensions");
      extensions.push_back(extension());
      if (fault_.empty() && !left_.empty() && left_.front() != ',') {
        fault_ = "has something other than ';' or ',' after an extension";
      }
      skip_empty_elements();
    }
    if (!fault_.empty()) return fail(fault_);
    return extensions;
  }

 private:
  static Unexpected<std::string> fail(std::string_view fault) {
    return {"Sec-WebSocket-Extensions " + std::string(fault)};
  }

  Extension extension() {
    Extension extension{token("has an extension without a name"), {}};
    while (fault_.empty() && take(';')) {
      if (extension.parameters.size() == kMaxExtensionParameters) {
        fault_ = "has an extension with too many parameters";
        break;
      }
      extension.parameters.push_back(parameter());
    }
    return extension;
  }

  ExtensionParameter parameter() {
    ExtensionParameter parameter{token("has a parameter without a name"), std::nullopt};
    if (fault_.empty() && take('=')) {
      parameter.value = take('"') ? quoted() : token("has a parameter with an empty value");
    }
    return parameter;
  }

  std::string token(std::string_view fault) {
    skip_blanks();
    const auto end = std::find_if_not(left_.begin(), left_.end(), is_token_char);
    const auto size = static_cast<size_t>(end - left_.begin());
    std::string text(left_.substr(0, size));
    left_.remove_prefix(size);
    if (text.empty()) fault_ = fault;
    skip_blanks();
    return text;
  }

  // After the opening quote. What it says must itself be a token (§9.1).
  std::string quoted() {
    std::string text;
    while (!left_.empty() && left_.front() != '"') {
      if (left_.front() == '\\') left_.remove_prefix(1);
      if (left_.empty()) break;
      text.push_back(left_.front());
      left_.remove_prefix(1);
    }
    if (!take('"')) fault_ = "has a quoted value without an end";
    if (fault_.empty() && !is_token(text)) fault_ = "has a quoted value that is not a token";
    skip_blanks();
    return text;
  }

  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    if (c != '"') skip_blanks();
    return true;
  }

  void skip_blanks() { left_ = trim_front(left_, " \t"); }
  // A recipient must bear empty elements in a list (RFC 9110 §5.6.1.2).
  void skip_empty_elements() { left_ = trim_front(left_, " \t,"); }

  static std::string_view trim_front(std::string_view text, std::string_view characters) {
    return text.substr(std::min(text.find_first_not_of(characters), text.size()));
  }

  std::string_view left_;
  std::string_view fault_;  // static text
};

// 8 to 15, without leading zeros (RFC 7692 §7.1.2).
bool are_window_bits(std::string_view value) {
  if (value.empty() || value.front() == '0') return false;
  const auto bits = parse_decimal(value);
  return bits && *bits >= 8 && *bits <= 15;
}

std::string_view judge_value(size_t parameter, const std::optional<std::string>& value, Role role) {
  if (parameter < kFirstWithBits) return value ? "has a value where none is allowed" : "";
  // Without a value an offer says that it can do what the answer asks (RFC 7692 §7.1.2.2).
  if (!value && parameter == kClientBits && role == Role::offer) return "";
  if (!value || !are_window_bits(*value)) return "has window bits that are not 8 to 15";
  return "";
}

// What is wrong with permessage-deflate's parameters; empty: nothing.
std::string_view judge_parameters(const Extension& extension, Role role) {
  std::bitset<kParameters.size()> seen;
  for (const ExtensionParameter& parameter : extension.parameters) {
    const auto known = std::find(kParameters.begin(), kParameters.end(), parameter.name);
    if (known == kParameters.end()) return "has an unknown parameter";
    const auto index = static_cast<size_t>(known - kParameters.begin());
    if (seen[index]) return "has a parameter twice";
    seen[index] = true;
    const std::string_view why = judge_value(index, parameter.value, role);
    if (!why.empty()) return why;
  }
  return "";
}

bool is_good_offer(const Extension& offer) {
  return offer.name == kDeflate && judge_parameters(offer, Role::offer).empty();
}

const ExtensionParameter* find_parameter(const Extension& extension, std::string_view name) {
  const auto found = std::ranges::find(extension.parameters, name, &ExtensionParameter::name);
  return found == extension.parameters.end() ? nullptr : &*found;
}

// Of a parameter that has been judged; without a value the most (RFC 7692 §7.1.2.2).
uint64_t bits_of(const ExtensionParameter& parameter) {
  return parameter.value ? parse_decimal(*parameter.value).value_or(kMostBits) : kMostBits;
}

// Why an answer does not accept that offer; empty: it does. What an offer asks of the server the
// answer has to repeat, or it is not accepted (§7.1.1.1, §7.1.2.1); what the client is able to do
// the answer must not exceed (§7.1.2.2). client_no_context_takeover may stand in any answer
// (§7.1.1.2).
std::string_view why_unfit(const Extension& answer, const Extension& offer) {
  const auto* const asked_takeover = find_parameter(offer, kParameters[kServerTakeover]);
  if (asked_takeover != nullptr && find_parameter(answer, asked_takeover->name) == nullptr)
    return "lacks server_no_context_takeover, which was offered";
  if (const auto* const asked = find_parameter(offer, kParameters[kServerBits])) {
    const auto* const given = find_parameter(answer, asked->name);
    if (given == nullptr) return "lacks server_max_window_bits, which was offered";
    if (bits_of(*given) > bits_of(*asked))
      return "has a server_max_window_bits above the one that was offered";
  }
  if (const auto* const given = find_parameter(answer, kParameters[kClientBits])) {
    const auto* const able = find_parameter(offer, given->name);
    if (able == nullptr) return "has client_max_window_bits, which was not offered";
    if (bits_of(*given) > bits_of(*able))
      return "has a client_max_window_bits above the one that was offered";
  }
  return "";
}

}  // namespace

Result<std::vector<Extension>, std::string> parse_extensions(std::string_view value) {
  return Reader(value).read();
}

std::string to_text(const Extension& extension) {
  std::string text = extension.name;
  for (const ExtensionParameter& parameter : extension.parameters) {
    text += "; " + parameter.name;
    if (parameter.value) text += "=" + *parameter.value;
  }
  return text;
}

std::string offers_to_forward(const std::vector<Extension>& offers) {
  std::string text;
  for (const Extension& offer : offers) {
    if (!is_good_offer(offer)) continue;
    if (!text.empty()) text += ", ";
    text += to_text(offer);
  }
  return text;
}

Result<bool, std::string> judge_answer(const std::vector<Extension>& answer,
                                       const std::vector<Extension>& offers) {
  const auto fail = [](std::string_view why) {
    return Unexpected{"Sec-WebSocket-Extensions " + std::string(why)};
  };
  if (answer.empty()) return false;
  if (answer.size() > 1) return fail("answers with more than one extension");
  const Extension& chosen = answer.front();
  if (chosen.name != kDeflate || std::none_of(offers.begin(), offers.end(), is_good_offer)) {
    return fail("answers with an extension that was not offered");
  }
  const std::string_view why = judge_parameters(chosen, Role::answer);
  if (!why.empty()) return fail(why);
  // Of several offers the first fault is told: clients name first what they like best.
  std::string_view fault;
  for (const Extension& offer : offers) {
    if (!is_good_offer(offer)) continue;
    const std::string_view unfit = why_unfit(chosen, offer);
    if (unfit.empty()) return true;
    if (fault.empty()) fault = unfit;
  }
  return fail(fault);
}

}  // namespace proto::ws
