// What is said of a connection to an origin that did not come to be: to the client without an
// address of the inside, to the log with what the system said, and whose doing it is.
#pragma once

#include <string>

#include "gateway/config/origin.h"
#include "gateway/outcome/failure.h"
#include "gateway/route/pool.h"

namespace gateway::origin {

// Of one connection; the server and the proxy outlive it. `place`: which address it was about.
class ConnectFailures {
 public:
  // `proxy`: the one on the way; null: none.
  ConnectFailures(const route::Server& server, const config::ForwardProxy* proxy)
      : server_(server), proxy_(proxy) {}

  outcome::Failure spoken_to_over_http_alone() const;

  // The name, the proxy's where there is one.
  const std::string& name() const;
  outcome::Failure cannot_look_up(const std::string& error) const;
  outcome::Failure not_resolved(const std::string& error) const;
  outcome::Failure denied(std::string which) const;  // by deny_addresses
  outcome::Failure not_resolved_in_time() const;
  // To a listener of this process. `redirected`: by an origin's answer, and not by DNS.
  outcome::Failure leads_to_ourselves(bool redirected, std::string which) const;
  outcome::Failure no_other_address() const;

  // `missing`: addresses of origin.source that this machine does not have; empty: all ports of
  // those that it has are taken.
  outcome::Failure no_local_port(const std::string& place, const std::string& missing) const;
  outcome::Failure refused(const std::string& place, const std::string& what) const;
  outcome::Failure not_accepted_in_time(const std::string& place) const;

  outcome::Failure no_tls(const std::string& place, const std::string& tls_name,
                          const std::string& what) const;
  outcome::Failure no_tls_in_time(const std::string& place) const;

 private:
  outcome::Failure unresolved(int status, const std::string& what, std::string detail) const;

  const route::Server& server_;
  const config::ForwardProxy* proxy_;
};

// A forward proxy that did not give what it was asked for.
[[nodiscard]] outcome::Failure proxy_failure(int status, std::string why, std::string detail);

}  // namespace gateway::origin
