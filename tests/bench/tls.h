// TLS contexts of the bench: a server with one certificate, a client that can resume sessions.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace bench {

struct TlsFree {
  void operator()(SSL* tls) const;
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Tls = std::unique_ptr<SSL, TlsFree>;
using TlsContext = std::unique_ptr<SSL_CTX, TlsFree>;
using TlsSession = std::unique_ptr<SSL_SESSION, TlsFree>;

// nullptr when a file cannot be read or the two do not belong together.
[[nodiscard]] TlsContext make_server_context(const std::string& certificate,
                                             const std::string& key);
[[nodiscard]] Tls make_server_tls(SSL_CTX* context);

// Verifies the server against one CA file and name. With `resume` it keeps the tickets it is sent
// and spends each on one later connection, as RFC 8446 §C.4 asks.
class ClientTls {
 public:
  // Throws std::runtime_error when the CA file cannot be read.
  ClientTls(const std::string& ca, std::string name, bool resume);

  [[nodiscard]] Tls new_connection();

 private:
  static int on_session(SSL* tls, SSL_SESSION* session);

  TlsContext context_;
  std::string name_;
  std::deque<TlsSession> sessions_;
};

}  // namespace bench
