// The certificate that a server shows, and what a browser would say to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/net/tls/context.h"

namespace gateway::cli::doctor {

// Makes connections that go on whatever is shown, so that what stands behind a bad certificate is
// seen as well. Believes the system's authorities.
class Onlooker {
 public:
  Onlooker();

  // `host` as in a URL: a name is the SNI, an address is none. ALPN offers HTTP/1.1, which is what
  // a WebSocket is opened with.
  [[nodiscard]] net::tls::SslPtr new_connection(const std::string& host) const;

 private:
  net::tls::SslContextPtr context_;
};

struct Shown {
  std::string common_name;         // or the first name, where there is none
  std::vector<std::string> names;  // that it is made for, as they stand in it
  int64_t not_before = 0;          // seconds since the epoch
  int64_t not_after = 0;
  bool is_for_host = false;
  std::string chain_fault;  // empty: it leads to an authority that the system believes
};
// Of a connection whose handshake is done; `host` as it was made for.
[[nodiscard]] Shown shown_by(SSL* ssl, const std::string& host);

// Empty: a browser would go on. The dates come first: what else is wrong with a certificate that
// has expired does not matter.
[[nodiscard]] std::string objection(const Shown& shown, int64_t now);
// "CN bi.example.com, 61 days left"
[[nodiscard]] std::string praise(const Shown& shown, int64_t now);

}  // namespace gateway::cli::doctor
