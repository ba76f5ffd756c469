// The certificates that origins show, each kept once however many connections are open.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include <openssl/x509.h>

#include "gateway/net/tls/files.h"

namespace gateway::net::tls {

// OpenSSL parses the chain of a peer anew in every full handshake and keeps it with the connection,
// 3 KB and more for each certificate. The origins of a context show the same few again and again.
// One for a context; any thread.
class PeerCertificates {
 public:
  static constexpr size_t kMost = 16;  // the one that was least recently shown goes

  // While a handshake verifies: what the peer has sent is replaced by equal certificates of earlier
  // handshakes, in the chain that the connection will keep, too.
  void replace_known(X509_STORE_CTX* verification);
  // Keeps what the peer has sent, once it was accepted: a peer that nobody believes leaves nothing.
  void keep(X509_STORE_CTX* verification);

 private:
  X509* find(X509* shown);  // null: nothing equal is kept

  std::mutex mutex_;
  std::vector<CertificatePtr> kept_;  // the most recently shown last
};

}  // namespace gateway::net::tls
