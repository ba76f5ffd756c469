#include "gateway/config/database_url.h"

#include <algorithm>
#include <iterator>

namespace gateway::config {

namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kSpaces = " \t\r\n\f\v";

// Of libpq's settings, those whose values anybody may see.
constexpr std::string_view kPublic[] = {"application_name",
                                        "channel_binding",
                                        "client_encoding",
                                        "connect_timeout",
                                        "dbname",
                                        "fallback_application_name",
                                        "gssencmode",
                                        "gsslib",
                                        "host",
                                        "hostaddr",
                                        "keepalives",
                                        "keepalives_count",
                                        "keepalives_idle",
                                        "keepalives_interval",
                                        "krbsrvname",
                                        "options",
                                        "passfile",
                                        "port",
                                        "requirepeer",
                                        "service",
                                        "ssl_max_protocol_version",
                                        "ssl_min_protocol_version",
                                        "sslcert",
                                        "sslcrl",
                                        "sslkey",
                                        "sslmode",
                                        "sslrootcert",
                                        "sslsni",
                                        "target_session_attrs",
                                        "tcp_user_timeout",
                                        "user"};

bool is_public(std::string_view name) {
  return std::find(std::begin(kPublic), std::end(kPublic), name) != std::end(kPublic);
}

// One setting as it may be shown. A name that nobody knows may be a piece of a password that was
// quoted wrongly.
std::string shown_setting(std::string_view name, std::string_view value) {
  if (is_public(name)) return std::string(name) + '=' + std::string(value);
  if (name != "password" && name != "sslpassword") return std::string(kHidden);
  return std::string(name) + '=' + std::string(kHidden);
}

// Where the part behind "postgresql://" begins; 0: it is no URI.
size_t after_scheme(std::string_view url) {
  for (std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (url.starts_with(scheme)) return scheme.size();
  }
  return 0;
}

// "a=1&password=x", where names may be percent-encoded and so are no longer recognised: hidden.
std::string without_secrets_of_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    if (!out.empty()) out += '&';
    std::string_view name = item.substr(0, item.find('='));
    out += shown_setting(name, item.substr(std::min(name.size() + 1, item.size())));
  }
  return out;
}

// A password that should have been percent-encoded may hold '@', '/' or '?', so everything from the
// first colon to the last '@' is taken for one.
std::string without_password_of_uri(std::string_view url) {
  size_t begin = after_scheme(url);
  std::string out(url.substr(0, begin));
  std::string_view rest = url.substr(begin);
  size_t at = rest.rfind('@');
  size_t colon = rest.find(':');
  if (at != std::string_view::npos && colon < at) {
    out += std::string(rest.substr(0, colon + 1)) + std::string(kHidden);
    rest.remove_prefix(at);
  }
  size_t query = rest.find('?');
  out += rest.substr(0, query);
  if (query == std::string_view::npos) return out;
  return out + '?' + without_secrets_of_query(rest.substr(query + 1));
}

std::string_view without_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text;
}

// The length of a value: to the closing quote, or to the next space; a backslash takes the
// character behind it along (libpq, "Keyword/Value Connection Strings").
size_t value_length(std::string_view text) {
  bool quoted = text.starts_with('\'');
  for (size_t i = quoted ? 1 : 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (quoted && text[i] == '\'') {
      return i + 1;
    } else if (!quoted && kSpaces.find(text[i]) != std::string_view::npos) {
      return i;
    }
  }
  return text.size();
}

std::string without_password_of_pairs(std::string_view text) {
  std::string out;
  text = without_spaces(text);
  while (!text.empty()) {
    size_t equals = text.find('=');
    std::string_view name = text.substr(0, std::min(equals, text.find_first_of(kSpaces)));
    if (equals == std::string_view::npos)
      return out + (out.empty() ? "" : " ") + std::string(kHidden);
    text = without_spaces(text.substr(equals + 1));
    std::string_view value = text.substr(0, value_length(text));
    text = without_spaces(text.substr(value.size()));
    if (!out.empty()) out += ' ';
    out += shown_setting(name, value);
  }
  return out;
}

}  // namespace

std::optional<std::string> database_url_problem(std::string_view url) {
  if (after_scheme(url) > 0) return std::nullopt;
  if (url.find("://") == std::string_view::npos && url.find('=') != std::string_view::npos) {
    return std::nullopt;
  }
  return "is not the address of a PostgreSQL database: write "
         "postgresql://user:password@host:5432/database or host=... dbname=... user=...";
}

std::string without_password(std::string_view url) {
  return after_scheme(url) > 0 ? without_password_of_uri(url) : without_password_of_pairs(url);
}

bool has_password(std::string_view url) {
  return without_password(url).find(kHidden) != std::string::npos;
}

}  // namespace gateway::config
