// Who listens on a port: "nginx (pid 812)". For the operator whose port is taken.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gateway::server {

// A process, as /proc shows it.
struct PortHolder {
  std::string name;
  std::string pid;

  // Whether it has that file open. False as well when we may not see.
  bool has_open(const std::string& file) const;
  bool operator==(const PortHolder&) const = default;
};

struct PortHolders {
  bool any = false;               // somebody listens
  std::vector<PortHolder> known;  // without those of other users and other process namespaces
};
// In this network namespace, whatever the address.
[[nodiscard]] PortHolders port_holders(uint16_t port);

// The first of them. Empty when it cannot be found out.
std::string port_owner(uint16_t port);

}  // namespace gateway::server
