// Opens the ports of the listeners, for all workers at once, and knows which ones are open.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/net/acceptor.h"
#include "gateway/net/address.h"

namespace gateway::server {

// One port of one listener. The key names it across reloads: unchanged, it is not touched.
struct Port {
  std::string key;
  std::string listener;
  bool tls = false;
  net::Address address;            // with the actual port
  std::vector<net::UniqueFd> fds;  // by worker, until they are handed over
};

// "web: 0.0.0.0:80: address already in use, by nginx (pid 812)": what, why, and the next step.
std::string explain_bind_failure(const std::string& what, const net::Address& address,
                                 const net::BindError& failure);

class Ports {
 public:
  explicit Ports(size_t workers) : workers_(workers) {}

  struct Change {
    std::vector<Port> opened;         // new ones, with descriptors
    std::vector<std::string> closed;  // keys of those no longer wanted
    std::vector<std::string> errors;  // why it cannot be; then nothing is to be changed
  };
  // Opens what is missing; says what is to be closed.
  [[nodiscard]] Change plan(const std::vector<config::Listener>& listeners);
  // The change has been carried out.
  void commit(const Change& change);

  const std::map<std::string, Port>& open() const { return open_; }

 private:
  void plan_listener(const config::Listener& listener, std::vector<std::string>& wanted,
                     Change& change);
  bool open_port(const config::Listener& listener, uint16_t port, const std::string& key,
                 Change& change, std::vector<std::string>& reasons);

  size_t workers_;
  std::map<std::string, Port> open_;  // without descriptors
};

}  // namespace gateway::server
