#include "gateway/net/blame.h"

#include <cerrno>

namespace gateway::net {

using outcome::Blame;

namespace {

bool is_lack(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:  // epoll's limit of watched descriptors
    case EADDRNOTAVAIL:
      return true;
    default:
      return false;
  }
}

}  // namespace

Blame blame_of(const IoError& error, Blame peer) {
  // A router may answer "network unreachable" or "not permitted" as well, so these count as ours
  // only when nobody else can have said so.
  if (is_lack(-error.code)) return Blame::us;
  return error.begun ? peer : Blame::network;
}

OwnFault explain_own_fault(int code) {
  switch (-code) {
    case EMFILE:
      return {"this node has no file descriptor left",
              "this process may open no more files: raise its limit (LimitNOFILE, ulimit -n), or "
              "lower limits.max_connections"};
    case ENFILE:
      return {"this node has no file descriptor left",
              "this system may open no more files: raise fs.file-max"};
    case ENOMEM:
      return {"this node has no memory left for another connection",
              "the system gives this process no memory"};
    case ENOBUFS:
      return {"this node has no memory left for another connection",
              "the system gives sockets no memory: look at net.ipv4.tcp_mem"};
    case ENOSPC:
      return {"this node can watch no more connections", "raise fs.epoll.max_user_watches"};
    case EADDRNOTAVAIL:
      return {"no local port is free towards the origin",
              "name more addresses in origin.source, or widen net.ipv4.ip_local_port_range"};
    case EPERM:
    case EACCES:
      return {"this node is not permitted to connect to the origin",
              "a firewall rule or a security policy of this machine forbids it"};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
      return {"this node has no route to the origin", "this machine has no route there: ip route"};
    case EAFNOSUPPORT:
      return {"this node does not speak the origin's address family",
              "that family is switched off on this machine"};
    default:
      return {"this node cannot begin a connection to the origin", "this machine says so itself"};
  }
}

std::string own_fault_text(const IoError& error) {
  return error.text + ": " + std::string(explain_own_fault(error.code).remedy);
}

outcome::Failure own_failure(const IoError& error, Blame blame, const std::string& place) {
  return {.cause = outcome::Cause::overload,
          .status = 503,
          .blame = blame,
          .retry = outcome::Retry::elsewhere,
          .why = std::string(explain_own_fault(error.code).what),
          .detail = place + ": " + own_fault_text(error)};
}

}  // namespace gateway::net
