#include "gateway/postgres/target.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <libpq-fe.h>
#include <memory>
#include <netdb.h>
#include <system_error>
#include <thread>

#include "proto/base/database_url.h"

namespace gateway::postgres {

namespace {

using Place = Target::Place;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

Error wrong_setting(const std::string& why) {
  return {.kind = Error::Kind::setting,
          .state = {},
          .text = "the connection string is wrong: " + why,
          .advice =
              "it is postgresql://user:password@host:port/database, with special characters "
              "of the password as %xx"};
}

// What libpq quotes may be a piece of the password that was cut off at a stray '@' or '/'.
std::string without_quotes(const std::string& text) {
  std::string clean;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == '"') clean += quoted ? "\"..." : "\"";
    if (c != '"' && c != '\n' && !quoted) clean += c;
  }
  return clean;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items(1);
  for (const char c : list) {
    if (c == ',') {
      items.emplace_back();
    } else {
      items.back() += c;
    }
  }
  return items;
}

bool is_port(const std::string& text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// One item for all places or one for each; empty: the counts contradict each other.
std::vector<std::string> spread(std::vector<std::string> items, size_t count) {
  if (items.size() == 1) items.resize(count, items.front());
  if (items.size() != count) items.clear();
  return items;
}

struct Lists {
  std::string host;
  std::string address;
  std::string port;
};

proto::Result<std::vector<Place>, Error> places_of(const Lists& lists) {
  std::vector<std::string> hosts = split(lists.host);
  std::vector<std::string> addresses = split(lists.address);
  const size_t count = std::max(hosts.size(), addresses.size());
  if (lists.host.empty()) hosts.assign(count, "");
  if (lists.address.empty()) addresses.assign(count, "");
  const std::vector<std::string> ports = spread(split(lists.port), count);
  if (hosts.size() != count || addresses.size() != count || ports.size() != count) {
    return proto::Unexpected{wrong_setting("as many hosts as ports, please, or one port for all")};
  }
  std::vector<Place> places;
  for (size_t i = 0; i < count; ++i) {
    // The port is not repeated: an unescaped '/' in a password makes a piece of it the port.
    if (!is_port(ports[i])) return proto::Unexpected{wrong_setting("the port is no number")};
    // Nor is such a host: an unescaped '@' in a password makes a piece of it the host. One in front
    // is an abstract socket.
    if (hosts[i].find('@', 1) != std::string::npos)
      return proto::Unexpected{wrong_setting("there is an '@' in the host's name")};
    places.push_back({hosts[i], addresses[i], ports[i]});
  }
  return places;
}

bool is_name(const Place& place) {
  if (!place.address.empty() || place.host.empty()) return false;
  if (place.host.front() == '/' || place.host.front() == '@') return false;
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  return ::inet_pton(AF_INET, place.host.c_str(), binary.data()) != 1 &&
         ::inet_pton(AF_INET6, place.host.c_str(), binary.data()) != 1;
}

std::vector<std::string> addresses_of(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<std::string> addresses;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  ::freeaddrinfo(found);
  return addresses;
}

std::vector<Place> with_addresses(const std::vector<Place>& places) {
  std::vector<Place> all;
  for (const Place& place : places) {
    const std::vector<std::string> addresses =
        is_name(place) ? addresses_of(place.host) : std::vector<std::string>{};
    if (addresses.empty()) all.push_back(place);
    for (const std::string& address : addresses) all.push_back({place.host, address, place.port});
  }
  return all;
}

// Belongs to the asker and the thread that looks up; whoever is last frees it.
struct LookUp {
  Waker waker;
  std::vector<Place> places;
  std::atomic<bool> done{false};
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Whole words alone: a user is often called as a part of other names.
void replace_words(std::string& text, const std::string& word, const std::string& with) {
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos;) {
    const size_t end = at + word.size();
    const bool whole =
        (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
    if (whole) text.replace(at, word.size(), with);
    at += whole ? with.size() : 1;
  }
}

// The settings whose words libpq looks at when it connects, and not before (its 15th version).
struct Words {
  std::string_view name;
  std::vector<std::string_view> allowed;
};
const std::vector<Words>& settings_of_words() {
  static const std::vector<Words> kAll{
      {"sslmode", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
      {"channel_binding", {"disable", "prefer", "require"}},
      {"gssencmode", {"disable", "prefer", "require"}},
      {"target_session_attrs",
       {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}}};
  return kAll;
}

// Empty, or what is wrong; the value is not repeated.
std::string wrong_word(const std::string& name, const std::string& value) {
  for (const Words& words : settings_of_words()) {
    if (words.name != name || value.empty()) continue;
    if (std::ranges::find(words.allowed, value) != words.allowed.end()) return {};
    std::string text = name + " is none of";
    for (const std::string_view word : words.allowed) text += ' ' + std::string(word);
    return text;
  }
  return {};
}

// "postgresql://u:12/ret@host/db": the rest of a password passes for a database.
bool has_stray_at(std::string_view url) {
  const size_t scheme = url.find("://");
  if (!url.starts_with("postgres") || scheme == std::string_view::npos) return false;
  std::string_view rest = url.substr(scheme + 3);
  const size_t user = proto::user_info(url).size();
  if (user > 0) rest.remove_prefix(user + 1);
  return rest.substr(0, rest.find('?')).find('@', 1) != std::string_view::npos;
}

}  // namespace

std::string Target::redact(std::string text) const {
  if (!doubtful_user.empty()) replace_words(text, doubtful_user, "***");
  for (const std::string& secret : secrets) {
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

proto::Result<Target, Error> parse_target(const std::string& url) {
  char* complaint = nullptr;
  const Options options(PQconninfoParse(url.c_str(), &complaint));
  if (options == nullptr) {
    const std::string why = without_quotes(complaint != nullptr ? complaint : "no memory");
    PQfreemem(complaint);
    return proto::Unexpected{wrong_setting(why)};
  }
  if (has_stray_at(url))
    return proto::Unexpected{wrong_setting("there is an '@' behind the host's place")};
  Target target;
  const std::string_view user = proto::user_info(url);
  const bool colon_forgotten = !user.empty() && user.find(':') == std::string_view::npos;
  Lists lists;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string name = option->keyword;
    const std::string value = option->val;
    if (option->dispchar[0] == '*' && !value.empty()) target.secrets.push_back(value);
    if (name == "user" && colon_forgotten) target.doubtful_user = value;
    if (std::string wrong = wrong_word(name, value); !wrong.empty())
      return proto::Unexpected{wrong_setting(wrong)};
    if (name == "host") lists.host = value;
    if (name == "hostaddr") lists.address = value;
    if (name == "port") lists.port = value;
    if (name != "host" && name != "hostaddr" && name != "port") {
      target.options.emplace_back(name, value);
    }
  }
  auto places = places_of(lists);
  if (!places) return proto::Unexpected{std::move(places.error())};
  target.places = std::move(*places);
  return target;
}

proto::Result<std::vector<Place>, Error> look_up(const Target& target, Waker& waker,
                                                 Waker::Time until) {
  if (std::none_of(target.places.begin(), target.places.end(), is_name)) return target.places;
  // getaddrinfo() cannot be interrupted, so nobody waits for its thread.
  const auto shared = std::make_shared<LookUp>();
  const auto job = [shared, places = target.places] {
    shared->places = with_addresses(places);
    shared->done.store(true);
    shared->waker.wake();
  };
  try {
    std::thread(job).detach();
  } catch (const std::system_error&) {
    return target.places;
  }
  while (!shared->done.load()) {
    // A stop of the sink shortens this wait, too: its own waker is looked at again and again.
    const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds{50};
    static_cast<void>(shared->waker.wait(-1, 0, std::min(until, soon)));
    if (shared->done.load() || !waker.late(until)) continue;
    return proto::Unexpected{Error{.kind = Error::Kind::slow,
                                   .state = {},
                                   .text = "no name server answered in time for its host name"}};
  }
  return shared->places;
}

}  // namespace gateway::postgres
