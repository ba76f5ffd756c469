#include "gateway/cli/doctor/subject.h"

#include <algorithm>
#include <utility>

#include "gateway/cli/doctor/socket_io.h"
#include "gateway/origin/redirects.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::cli::doctor {

using proto::Unexpected;

namespace {

constexpr uint16_t kHttp = 80;
constexpr uint16_t kHttps = 443;

// What may stand in a request line.
bool is_target(std::string_view text) {
  return text.starts_with('/') &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

// Empty: both are good.
std::string fault_of(const Paths& paths) {
  if (paths.websocket && !is_target(*paths.websocket))
    return "--path is a path of a URL, such as /ws";
  const auto& socket_io = paths.socket_io;
  if (socket_io && (!is_target(*socket_io) || socket_io->find('?') != std::string::npos))
    return "--socket-io is a path of a URL, such as /socket.io/";
  return {};
}

std::string websocket_target(const Paths& paths) {
  if (paths.websocket) return *paths.websocket;
  return paths.socket_io ? upgrade_target(*paths.socket_io, Revision::four) : "/";
}

Entrance entrance_of(const config::Listener& listener) {
  Entrance entrance{.listener = listener.name,
                    .address = listener.address,
                    .ports = listener.ports,
                    .one_is_enough = listener.mode == config::Listener::Mode::first_available,
                    .tls = listener.tls,
                    .wants_proxy_header = listener.proxy_protocol.has_value()};
  // Which port the kernel has chosen for 0 is in no file.
  std::erase(entrance.ports, uint16_t{0});
  return entrance;
}

std::vector<Entrance> entrances_of(const route::Snapshot& snapshot, const route::Domain& domain) {
  std::vector<Entrance> entrances;
  for (const config::Listener& listener : snapshot.document.listeners) {
    Entrance entrance = entrance_of(listener);
    if (entrance.ports.empty() || (entrance.tls && !domain.server_tls)) continue;
    entrances.push_back(std::move(entrance));
  }
  const auto is_first = [](const Entrance& a, const Entrance& b) {
    return std::pair(!a.tls, a.wants_proxy_header) < std::pair(!b.tls, b.wants_proxy_header);
  };
  std::ranges::stable_sort(entrances, is_first);
  return entrances;
}

}  // namespace

bool Entrance::is_loopback() const {
  return address.starts_with("127.") || address == "::1" || address == "[::1]";
}

std::string Subject::host_field(uint16_t port, bool tls) const {
  return port == (tls ? kHttps : kHttp) ? host : host + ':' + std::to_string(port);
}

proto::Result<Subject, std::string> subject_of(const route::Snapshot& snapshot,
                                               std::string_view name, const Paths& paths) {
  if (std::string fault = fault_of(paths); !fault.empty()) return Unexpected{std::move(fault)};
  Subject subject{.host = proto::canonical_host(name),
                  .websocket = websocket_target(paths),
                  .socket_io = paths.socket_io,
                  .snapshot = &snapshot};
  if (subject.host.starts_with("*."))
    return Unexpected{"--domain is a name that a client uses: for " + std::string(name) +
                      " any one below it"};
  subject.domain = snapshot.router.find(subject.host);
  if (subject.domain == nullptr)
    return Unexpected{"no domain has the name " + std::string(name) + ": see names in " +
                      snapshot.document.files.front() + " and the files beside it"};
  subject.entrances = entrances_of(snapshot, *subject.domain);
  if (subject.entrances.empty())
    return Unexpected{"no listener has a port of its own for " + std::string(name) +
                      ": with ports: [0] use --url"};
  return subject;
}

proto::Result<Subject, std::string> subject_of(std::string_view url, const Paths& paths) {
  if (std::string fault = fault_of(paths); !fault.empty()) return Unexpected{std::move(fault)};
  const auto parsed = origin::resolve_location({}, url);
  if (url.find("://") == std::string_view::npos || !parsed)
    return Unexpected{"--url is one such as wss://chat.example.com/ws"};
  Subject subject{.host = proto::canonical_host(parsed->host),
                  .websocket = parsed->path_and_query,
                  .socket_io = paths.socket_io};
  const bool names_path = parsed->path_and_query != "/";
  if (paths.websocket || (paths.socket_io && !names_path))
    subject.websocket = websocket_target(paths);
  subject.entrances.push_back(
      {.listener = {}, .address = {}, .ports = {parsed->effective_port()}, .tls = parsed->tls});
  return subject;
}

}  // namespace gateway::cli::doctor
