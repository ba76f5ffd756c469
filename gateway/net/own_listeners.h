// Where this process itself listens: neither a redirect nor DNS is to lead a session back into it,
// least of all to the admin interface.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/net/address.h"

namespace gateway::net {

// Thread-safe.
class OwnListeners {
 public:
  // How long an address that an interface has just been given may stay unknown.
  static constexpr std::chrono::seconds kLook{10};

  // All of them, as they are bound.
  void use(std::vector<Address> listeners);

  // Whether a connection to that address and port would come to one of them. One that listens on
  // all addresses is met at each address of this machine.
  [[nodiscard]] bool hold(const Address& address) const;

 private:
  bool is_here(const Address& address) const;

  mutable std::mutex mutex_;
  std::vector<Address> listeners_;
  mutable std::vector<std::string> here_;  // what the interfaces have
  mutable std::chrono::steady_clock::time_point looked_{};
};

}  // namespace gateway::net
