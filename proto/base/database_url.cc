#include "proto/base/database_url.h"

#include <algorithm>
#include <iterator>

namespace proto {

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

bool is_password(std::string_view name) { return name == "password" || name == "sslpassword"; }

// One setting as it may be shown. A name that nobody knows may be a piece of a password that was
// quoted wrongly.
std::string shown_setting(std::string_view name, std::string_view value) {
  if (is_public(name)) return std::string(name) + '=' + std::string(value);
  if (!is_password(name)) return std::string(kHidden);
  return std::string(name) + '=' + std::string(kHidden);
}

// Where the part behind "postgresql://" begins; 0: it is no URI.
size_t after_scheme(std::string_view url) {
  for (std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (url.starts_with(scheme)) return scheme.size();
  }
  return 0;
}

// "a=1&password=x" as it may be shown; names may be percent-encoded and so are no longer
// recognised: hidden. Nothing: an '@' stands where no setting is, so the '?' was one of the
// password.
std::optional<std::string> shown_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    std::string_view name = item.substr(0, item.find('='));
    if (!is_public(name) && !is_password(name) && item.find('@') != std::string_view::npos)
      return std::nullopt;
    if (!out.empty()) out += '&';
    out += shown_setting(name, item.substr(std::min(name.size() + 1, item.size())));
  }
  return out;
}

bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "one,[::1]:5432/database": no '@', and a colon outside brackets has a port behind it. Else it is
// a piece of a password that should have been percent-encoded.
bool is_place(std::string_view text) {
  if (text.find('@') != std::string_view::npos) return false;
  std::string_view hosts = text.substr(0, text.find('/'));
  while (!hosts.empty()) {
    std::string_view host = hosts.substr(0, hosts.find(','));
    hosts.remove_prefix(std::min(host.size() + 1, hosts.size()));
    if (host.starts_with('[')) host.remove_prefix(std::min(host.find(']'), host.size()));
    size_t colon = host.find(':');
    if (colon != std::string_view::npos && !is_number(host.substr(colon + 1))) return false;
  }
  return true;
}

std::string without_password_of_uri(std::string_view url) {
  std::string out(url.substr(0, after_scheme(url)));
  std::string_view user = user_info(url);
  std::string_view rest = url.substr(out.size());
  if (!user.empty() || rest.starts_with('@')) rest.remove_prefix(user.size() + 1);
  size_t mark = rest.find('?');
  std::optional<std::string> query =
      mark == std::string_view::npos ? std::string() : shown_query(rest.substr(mark + 1));
  if (!is_place(rest.substr(0, mark)) || !query) return out + std::string(kHidden);
  size_t colon = user.find(':');
  if (colon != std::string_view::npos) out += std::string(user.substr(0, colon + 1));
  if (!user.empty()) out += std::string(kHidden) + '@';
  out += rest.substr(0, mark);
  return query->empty() ? out : out + '?' + *query;
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
  size_t equals = url.find('=');
  bool is_other = url.substr(0, equals).find("://") != std::string_view::npos;
  if (after_scheme(url) > 0 || (equals != std::string_view::npos && !is_other)) return std::nullopt;
  return "is not the address of a PostgreSQL database: write "
         "postgresql://user:password@host:5432/database or host=... dbname=... user=...";
}

std::string_view user_info(std::string_view url) {
  size_t begin = after_scheme(url);
  if (begin == 0) return {};
  // As libpq looks for it: up to the first '@' that no '/' stands before.
  std::string_view rest = url.substr(begin);
  size_t end = rest.find_first_of("@/");
  if (end == std::string_view::npos || rest[end] != '@') return {};
  return rest.substr(0, end);
}

std::string without_password(std::string_view url) {
  return after_scheme(url) > 0 ? without_password_of_uri(url) : without_password_of_pairs(url);
}

bool has_password(std::string_view url) {
  std::string shown = without_password(url);
  // A user alone is hidden, but no reason for a warning.
  std::string_view user = user_info(url);
  if (!user.empty() && user.find(':') == std::string_view::npos) {
    constexpr std::string_view kUser = "***@";
    size_t at = shown.find(kUser);
    if (at != std::string::npos) shown.erase(at, kUser.size());
  }
  return shown.find(kHidden) != std::string::npos;
}

}  // namespace proto
