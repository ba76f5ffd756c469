#include "gateway/cli/tomcat_import.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/cli/yaml_block.h"
#include "gateway/config/addresses.h"
#include "gateway/config/plain_text.h"
#include "gateway/config/units.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"

namespace gateway::cli {

namespace {

using Property = TomcatProperty;

// Where a password comes from in the file that is written.
struct Login {
  const char* user;
  const char* password;
  const char* realm;
  const char* file;  // proposed name
};
constexpr Login kOriginLogin{"WS_AUTHENTICATION_USER_NAME", "WS_AUTHENTICATION_PASSWORD",
                             "WS_AUTHENTICATION_REALM", "origin-password"};
constexpr Login kProxyLogin{"WS_AUTHENTICATION_PROXY_USER_NAME", "WS_AUTHENTICATION_PROXY_PASSWORD",
                            "WS_AUTHENTICATION_PROXY_REALM", "proxy-password"};
// What Tomcat's manual calls the same; its code never reads it.
constexpr Login kManualProxyLogin{"WS_PROXY_AUTHENTICATION_USER_NAME",
                                  "WS_PROXY_AUTHENTICATION_PASSWORD",
                                  "WS_PROXY_AUTHENTICATION_REALM", nullptr};

struct Bounds {
  int64_t least;
  int64_t most;
};
constexpr int64_t kSecond = 1'000;
constexpr Bounds kIdle{kSecond, 30LL * 86'400 * kSecond};
constexpr Bounds kStall{100, 3'600 * kSecond};
constexpr Bounds kClose{100, 300 * kSecond};
constexpr Bounds kAbnormalClose{1, 10 * kSecond};
constexpr Bounds kStep{100, 60 * kSecond};
constexpr Bounds kRedirects{0, 20};
constexpr Bounds kHead{1'024, 65'536};
constexpr Bounds kMessage{125, 1'073'741'824};

std::string duration(int64_t time) {
  return config::format_duration(std::chrono::milliseconds(time));
}
std::string number(int64_t value) { return std::to_string(value); }

// "10.*" and the like, as Java matches addresses by their text; nothing for other patterns.
std::optional<std::string> network_of(std::string_view pattern) {
  if (!pattern.ends_with(".*")) return std::nullopt;
  const std::string_view front = pattern.substr(0, pattern.size() - 2);
  std::string address(front);
  const auto parts = 1 + std::count(front.begin(), front.end(), '.');
  for (auto i = parts; i < 4; ++i) address += ".0";
  if (parts > 3 || !config::is_ipv4(address)) return std::nullopt;
  return address + '/' + std::to_string(8 * parts);
}

// An entry of http.nonProxyHosts as one of no_proxy.
std::optional<std::string> direct_host(std::string_view pattern) {
  if (auto network = network_of(pattern)) return network;
  if (pattern.size() > 2 && pattern.front() == '[' && pattern.back() == ']')
    pattern = pattern.substr(1, pattern.size() - 2);
  if (config::is_ip(pattern)) return std::string(pattern);
  const std::string_view name = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
  if (config::host_name_problem(name)) return std::nullopt;
  return proto::to_lower(pattern);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = proto::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

class Importer {
 public:
  Importer(const std::vector<Property>& properties, const std::string& secrets)
      : properties_(properties), secrets_(secrets) {}

  TomcatImport run() {
    add_websocket();
    add_origin();
    add_rest();
    YamlBlock all(0);
    all.comment("Below a domain's names, in domains/*.yaml:");
    all.block("websocket", websocket_);
    all.block("origin", origin_);
    std::stable_sort(complaints_.begin(), complaints_.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return {all.text(), std::move(complaints_)};
  }

 private:
  void add_websocket() {
    websocket_.key("enabled", "true");
    add_idle("READ_IDLE_TIMEOUT_MS", "read_idle");
    add_idle("WRITE_IDLE_TIMEOUT_MS", "write_idle");
    add_stall();
    add_close("SESSION_CLOSE_TIMEOUT", "close_timeout", kClose);
    add_close("ABNORMAL_SESSION_CLOSE_SEND_TIMEOUT", "abnormal_close_send_timeout", kAbnormalClose);
    add_messages();
  }

  void add_origin() {
    if (const Property* found = take("IO_TIMEOUT_MS")) {
      const auto time = whole_number(*found);
      if (time && *time <= 0) {
        complain(*found, "of 0 or less lets every step fail at once: leave it out, or give a time");
      } else if (time) {
        origin_.key("io_timeout", duration(within(origin_, *found, *time, kStep, duration)));
      }
    }
    if (const Property* found = take("MAX_REDIRECTIONS")) {
      if (const auto most = whole_number(*found))
        origin_.key("max_redirects", number(within(origin_, *found, *most, kRedirects, number)));
    }
    if (const Property* found = take("MAX_HTTP_RESPONSE_HEADER_BYTES")) {
      if (const auto most = whole_number(*found))
        origin_.key("max_response_head", number(within(origin_, *found, *most, kHead, number)));
    }
    add_tls();
    YamlBlock auth(4);
    add_login(auth, kOriginLogin);
    if (!auth.empty())
      auth.comment("For Basic over plain http, as Tomcat does it: allow_basic_plaintext: true");
    origin_.block("auth", auth);
    add_proxy();
  }

  void add_idle(const char* name, const char* key) {
    const Property* found = take(name);
    const auto time = found != nullptr ? whole_number(*found) : std::nullopt;
    if (!time || *time <= 0) return;  // off, as here
    websocket_.comment("Of what the origin sends and gets; for the clients add client: to it.");
    const int64_t kept = within(websocket_, *found, *time, kIdle, duration);
    websocket_.key(key, "{ origin: " + duration(kept) + " }");
  }

  void add_stall() {
    const Property* found = take("BLOCKING_SEND_TIMEOUT");
    const auto time = found != nullptr ? whole_number(*found) : std::nullopt;
    if (!time) return;
    if (*time == 0) {
      complain(*found, "of 0 lets every send fail at once: leave it out, or give a time");
      return;
    }
    websocket_.comment("For any progress; Tomcat gave it to a whole message.");
    websocket_.key(
        "send_stall_timeout",
        *time < 0 ? "off" : duration(within(websocket_, *found, *time, kStall, duration)));
  }

  // Tomcat ignores what is not positive.
  void add_close(const char* name, const char* key, Bounds bounds) {
    const Property* found = take(name);
    const auto time = found != nullptr ? whole_number(*found) : std::nullopt;
    if (!time || *time <= 0) return;
    websocket_.key(key, duration(within(websocket_, *found, *time, bounds, duration)));
  }

  void add_messages() {
    const Property* text = take("textBufferSize");
    const Property* binary = take("binaryBufferSize");
    YamlBlock below(4);
    const auto add = [&](const char* key, const Property* found) {
      const auto most = found != nullptr ? whole_number(*found) : std::nullopt;
      if (most) below.key(key, number(within(below, *found, *most, kMessage, number)));
    };
    if (text != nullptr) {
      below.comment(
          "Bytes. Tomcat counts UTF-16 units: a message that is not ASCII may have up to "
          "three times as many bytes.");
    }
    add("text", text);
    add("binary", binary);
    websocket_.block("max_message", below);
  }

  void add_tls() {
    YamlBlock tls(4);
    if (const Property* found = take("SSL_PROTOCOLS")) {
      bool only_new = true;
      bool old = false;
      for (const std::string_view one : proto::split_list(found->value)) {
        only_new = only_new && one == "TLSv1.3";
        old = old || (one != "TLSv1.3" && one != "TLSv1.2");
      }
      if (old) tls.comment("Weir speaks no version below TLS 1.2.");
      tls.key("min_version", only_new ? "\"1.3\"" : "\"1.2\"");
    }
    if (const Property* found = take("SSL_TRUSTSTORE")) {
      tls.comment("SSL_TRUSTSTORE (line " + std::to_string(found->line) +
                  "): a Java trust store cannot be read here. Write its certificates to a PEM file "
                  "with `keytool -list -rfc -keystore STORE` and name that:");
      tls.comment("ca: file:" + secrets_ + "/origin-ca.pem");
    }
    origin_.block("tls", tls);
    static_cast<void>(take("SSL_TRUSTSTORE_PWD"));
  }

  void add_proxy() {
    YamlBlock proxy(4);
    const Property* http = take("http.proxyHost");
    const Property* https = take("https.proxyHost");
    const Property* http_port = take("http.proxyPort");
    const Property* https_port = take("https.proxyPort");
    const Property* direct = take("http.nonProxyHosts");
    const Property* host = https != nullptr ? https : http;
    const auto url = https != nullptr  ? proxy_url(*https, https_port, "443")
                     : http != nullptr ? proxy_url(*http, http_port, "80")
                                       : std::nullopt;
    if (http != nullptr && https != nullptr && url && url != proxy_url(*http, http_port, "80")) {
      complain(*https, "names another proxy than http.proxyHost (line " +
                           std::to_string(http->line) + "): a domain has one for both");
    }
    if (url) proxy.key("url", yaml_text(*url));
    join_spellings();
    add_login(proxy, kProxyLogin);
    if (direct != nullptr) add_direct(proxy, *direct);
    if (url) {
      origin_.block("forward_proxy", proxy);
    } else if (!proxy.empty() && host == nullptr) {
      origin_.comment(
          "What is told of a forward proxy has no effect: neither http.proxyHost nor "
          "https.proxyHost is given.");
    }
  }

  std::optional<std::string> proxy_url(const Property& host, const Property* port,
                                       std::string_view usual) {
    const bool good = config::is_ip(host.value) || !config::host_name_problem(host.value);
    if (!good) complain(host, "is no host name or address");
    const std::string number_text = port != nullptr ? port->value : std::string(usual);
    const auto read = proto::parse_decimal(number_text);
    const bool in_range = read && *read >= 1 && *read <= 65'535;
    if (!in_range) complain(*port, "is no port; allowed is 1 to 65535");
    if (!good || !in_range) return std::nullopt;
    return "http://" +
           config::join_host_port(proto::to_lower(host.value), static_cast<uint16_t>(*read));
  }

  void add_direct(YamlBlock& proxy, const Property& property) {
    std::string list;
    std::string_view rest = property.value;
    while (!rest.empty()) {
      const size_t bar = std::min(rest.find('|'), rest.size());
      const std::string_view pattern = proto::trim(rest.substr(0, bar));
      rest.remove_prefix(std::min(bar + 1, rest.size()));
      if (pattern.empty()) continue;
      if (const auto host = direct_host(pattern)) {
        list += (list.empty() ? "" : ", ") + yaml_text(*host);
      } else {
        complain(property,
                 "has an entry that no_proxy cannot say: it takes names, *.suffix, "
                 "addresses and networks");
      }
    }
    if (!list.empty()) proxy.key("no_proxy", '[' + list + ']');
  }

  // Both spellings of the proxy's login are one; two of different values are an error.
  void join_spellings() {
    join(kProxyLogin.user, kManualProxyLogin.user);
    join(kProxyLogin.password, kManualProxyLogin.password);
    join(kProxyLogin.realm, kManualProxyLogin.realm);
  }

  void join(const char* name, const char* other) {
    const Property* a = find(name);
    const Property* b = take(other);
    if (b == nullptr) return;
    if (a == nullptr) {
      joined_.push_back({name, b->value, b->line});
    } else if (a->value != b->value) {
      complain(*b, std::string("has another value than ") + name + " (line " +
                       std::to_string(a->line) + "), which is the same setting");
    }
  }

  void add_login(YamlBlock& block, const Login& login) {
    const Property* user = take(login.user);
    const Property* password = take(login.password);
    const Property* realm = take(login.realm);
    if (user == nullptr && password == nullptr) {
      if (realm != nullptr) complain(*realm, "has no user name and password beside it");
      return;
    }
    if (user == nullptr || password == nullptr) {
      complain(
          user == nullptr ? *password : *user,
          std::string("needs ") + (user == nullptr ? login.user : login.password) + " beside it");
      return;
    }
    if (!printable(*user) || (realm != nullptr && !printable(*realm))) return;
    block.key("username", yaml_text(user->value));
    block.comment("Put the password of line " + std::to_string(password->line) +
                  " into this file, which nobody but Weir may read:");
    block.key("password", "file:" + secrets_ + '/' + login.file);
    if (realm != nullptr) block.key("realm", yaml_text(std::string(proto::trim(realm->value))));
  }

  // What is left has no counterpart.
  void add_rest() {
    for (const Property& property : properties_) {
      if (taken(property.name)) continue;
      origin_.comment(property.name + " (line " + std::to_string(property.line) +
                      ") has no counterpart here.");
    }
  }

  const Property* find(std::string_view name) const {
    for (const auto* list : {&properties_, &joined_}) {
      for (const Property& property : *list) {
        if (property.name == name) return &property;
      }
    }
    return nullptr;
  }

  const Property* take(std::string_view name) {
    taken_.emplace_back(name);
    return find(name);
  }
  bool taken(std::string_view name) const {
    return std::find(taken_.begin(), taken_.end(), name) != taken_.end();
  }

  // With a sign; what is larger than any bound is as good as the largest number.
  std::optional<int64_t> whole_number(const Property& property) {
    std::string_view text = proto::trim(property.value);
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.ends_with('L') || text.ends_with('l')) text.remove_suffix(1);
    const auto read = proto::parse_decimal(text);
    if (!read) {
      complain(property, "is no whole number");
      return std::nullopt;
    }
    const auto size =
        static_cast<int64_t>(std::min<uint64_t>(*read, std::numeric_limits<int64_t>::max()));
    return negative ? -size : size;
  }

  template <class Show>
  static int64_t within(YamlBlock& block, const Property& property, int64_t value, Bounds bounds,
                        Show show) {
    const int64_t kept = std::clamp(value, bounds.least, bounds.most);
    if (kept != value) {
      block.comment(property.name + " (line " + std::to_string(property.line) +
                    ") is beyond what may stand here; allowed is " + show(bounds.least) + " to " +
                    show(bounds.most) + ".");
    }
    return kept;
  }

  bool printable(const Property& property) {
    const bool good = !property.value.empty() && is_utf8(property.value) &&
                      !config::has_control_character(property.value);
    if (!good) complain(property, "must be one line of UTF-8 text");
    return good;
  }

  void complain(const Property& property, const std::string& text) {
    complaints_.push_back({property.line, property.name + ' ' + text});
  }

  const std::vector<Property>& properties_;
  const std::string& secrets_;
  std::vector<Property> joined_;  // under the name that the code of Tomcat reads
  std::vector<std::string> taken_;
  std::vector<TomcatComplaint> complaints_;
  YamlBlock websocket_{2};
  YamlBlock origin_{2};
};

}  // namespace

TomcatImport import_tomcat_properties(const std::vector<TomcatProperty>& properties,
                                      const std::string& secrets) {
  return Importer(properties, secrets).run();
}

}  // namespace gateway::cli
