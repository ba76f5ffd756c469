// Who listens on a port: "nginx (pid 812)". For the operator whose port is taken.
#pragma once

#include <cstdint>
#include <string>

namespace gateway::server {

// Empty when it cannot be found out (another user's process, another network namespace).
std::string port_owner(uint16_t port);

}  // namespace gateway::server
