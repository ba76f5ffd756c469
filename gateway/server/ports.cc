#include "gateway/server/ports.h"

#include <algorithm>
#include <cerrno>

#include "gateway/server/port_owner.h"

namespace gateway::server {

namespace {

// `place` in the listener's list of ports: it tells several "any port" apart.
std::string key_of(const config::Listener& listener, size_t place) {
  const uint16_t port = listener.ports[place];
  const std::string mode = listener.mode == config::Listener::Mode::all ? "all" : "first";
  const std::string which = port == 0 ? "any#" + std::to_string(place) : std::to_string(port);
  return listener.name + " " + listener.address + " " + which +
         (listener.tls ? " tls " : " plain ") + mode;
}

}  // namespace

std::string explain_bind_failure(const std::string& what, const net::Address& address,
                                 const net::BindError& failure) {
  std::string text = what + ": " + address.to_string() + ": " + failure.text;
  if (failure.error == EADDRINUSE) {
    const std::string owner = port_owner(address.port());
    text += owner.empty() ? " (find who listens with: ss -ltnp)" : ", by " + owner;
  } else if (failure.error == EACCES) {
    text += "; ports below 1024 need CAP_NET_BIND_SERVICE or root";
  } else if (failure.error == EADDRNOTAVAIL) {
    text += "; no interface of this machine has that address";
  }
  return text;
}

bool Ports::open_port(const config::Listener& listener, uint16_t port, const std::string& key,
                      Change& change, std::vector<std::string>& reasons) {
  const auto address = net::Address::parse(listener.address, port);
  if (!address) {
    reasons.push_back(listener.address + " is not an IP address");
    return false;
  }
  // A port that this process has open already may be shared for the moment of the change.
  const bool ours = std::ranges::any_of(
      open_, [&](const auto& entry) { return entry.second.address == *address; });
  Port opened{
      .key = key, .listener = listener.name, .tls = listener.tls, .address = *address, .fds = {}};
  if (const auto failure = net::open_listeners(*address, workers_, ours, opened.fds)) {
    reasons.push_back(explain_bind_failure("listener " + listener.name, *address, *failure));
    return false;
  }
  if (const auto local = net::Address::local_of(opened.fds.front().get())) opened.address = *local;
  change.opened.push_back(std::move(opened));
  return true;
}

void Ports::plan_listener(const config::Listener& listener, std::vector<std::string>& wanted,
                          Change& change) {
  const bool first = listener.mode == config::Listener::Mode::first_available;
  std::vector<std::string> reasons;
  bool any = false;
  // The port that was chosen before stays chosen, as long as it stands in the list.
  for (size_t place = 0; place < listener.ports.size(); ++place) {
    if (!first || !open_.contains(key_of(listener, place))) continue;
    wanted.push_back(key_of(listener, place));
    return;
  }
  for (size_t place = 0; place < listener.ports.size(); ++place) {
    const std::string key = key_of(listener, place);
    wanted.push_back(key);
    any = open_.contains(key) || open_port(listener, listener.ports[place], key, change, reasons) ||
          any;
    if (any && first) return;
  }
  if (reasons.empty()) return;
  if (first) {
    change.errors.push_back("listener " + listener.name +
                            ": none of its ports can be opened, each for a reason:");
  }
  change.errors.insert(change.errors.end(), reasons.begin(), reasons.end());
}

Ports::Change Ports::plan(const std::vector<config::Listener>& listeners) {
  Change change;
  std::vector<std::string> wanted;
  for (const config::Listener& listener : listeners) plan_listener(listener, wanted, change);
  for (const auto& [key, port] : open_) {
    if (std::ranges::find(wanted, key) == wanted.end()) change.closed.push_back(key);
  }
  return change;
}

void Ports::commit(const Change& change) {
  for (const std::string& key : change.closed) open_.erase(key);
  for (const Port& port : change.opened) {
    open_[port.key] = {.key = port.key,
                       .listener = port.listener,
                       .tls = port.tls,
                       .address = port.address,
                       .fds = {}};
  }
}

}  // namespace gateway::server
