#include "gateway/log/redaction.h"

#include <algorithm>
#include <optional>

namespace gateway::log {

namespace {

constexpr std::string_view kLeftOut = "***";

constexpr std::string_view kUsual[] = {
    "token",     "access_token", "id_token", "refresh_token", "jwt",    "auth",
    "auth_key",  "key",          "key1",     "key2",          "sig",    "sign",
    "signature", "secret",       "password", "passwd",        "pwd",    "code",
    "state",     "session",      "sid",      "api_key",       "apikey", "x-amz-*"};

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Nothing: a '%' without two digits behind it.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
      return std::nullopt;
    out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '-' || c == '_') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

Redaction::Redaction(const std::vector<std::string>& more) {
  for (const std::string_view name : kUsual) add(name);
  for (const std::string& name : more) add(name);
  std::sort(names_.begin(), names_.end());
}

void Redaction::add(std::string_view name) {
  const bool prefix = name.ends_with('*');
  if (prefix) name.remove_suffix(1);
  (prefix ? prefixes_ : names_).push_back(plain(name));
}

// Frameworks nest parameters: user[password], auth.token; each part counts.
bool Redaction::is_secret(std::string_view name) const {
  const auto known = [this](std::string_view part) {
    const std::string text = plain(part);
    return std::binary_search(names_.begin(), names_.end(), text) ||
           std::any_of(prefixes_.begin(), prefixes_.end(),
                       [&text](const std::string& prefix) { return text.starts_with(prefix); });
  };
  if (known(name)) return true;
  while (!name.empty()) {
    const size_t length = static_cast<size_t>(
        std::find_if_not(name.begin(), name.end(), is_name_char) - name.begin());
    if (length > 0 && known(name.substr(0, length))) return true;
    name.remove_prefix(std::min(length + 1, name.size()));
  }
  return false;
}

bool Redaction::holds_secret(std::string value) const {
  // An address within an address is encoded once more each time.
  constexpr int kDeepest = 3;
  for (int depth = 0; depth < kDeepest; ++depth) {
    for (size_t end = value.find_first_of("=:"); end != std::string::npos;
         end = value.find_first_of("=:", end + 1)) {
      size_t begin = end;
      while (begin > 0 && value[begin - 1] == '"') --begin;  // JSON
      const size_t name_end = begin;
      while (begin > 0 && is_name_char(value[begin - 1])) --begin;
      if (begin < name_end && is_secret(std::string_view(value).substr(begin, name_end - begin)))
        return true;
    }
    if (value.find('%') == std::string::npos) return false;
    auto inner = decoded(value);
    if (!inner) return false;
    value = std::move(*inner);
  }
  return true;
}

std::string Redaction::apply(std::string_view query) const {
  std::string out;
  while (true) {
    const size_t length = std::min(query.find_first_of("&;"), query.size());
    const std::string_view part = query.substr(0, length);
    const size_t equals = part.find('=');
    const auto name = decoded(part.substr(0, equals));
    const auto value =
        decoded(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
    if (!name || !value) return std::string(kLeftOut);
    if (equals == std::string_view::npos) {
      if (!part.empty()) out += kLeftOut;
    } else if (is_secret(*name) || holds_secret(*value)) {
      out += part.substr(0, equals + 1);
      out += kLeftOut;
    } else {
      out += part;
    }
    if (length == query.size()) return out;
    out += query[length];
    query.remove_prefix(length + 1);
  }
}

}  // namespace gateway::log
