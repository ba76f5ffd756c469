// What TLS needs to know before a connection comes: certificates by server name, and ticket keys.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "proto/base/result.h"

namespace gateway::net::tls {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SslContextPtr = std::unique_ptr<SSL_CTX, SslFree>;
// Of domains and pools: those with equal settings have one.
using SharedSslContext = std::shared_ptr<SSL_CTX>;

// Those there are: nothing older is ever spoken.
enum class Version : uint8_t { tls1_2, tls1_3 };

// The keys of session tickets: they live as long as the process, across reloads, and change every
// 12 hours; the two before the current one still open tickets. Any thread.
class TicketKeys {
 public:
  static constexpr std::chrono::hours kLifetime{12};
  static constexpr size_t kKept = 3;

  struct Key {
    std::array<uint8_t, 16> name;
    std::array<uint8_t, 32> cipher;  // AES-256-CBC
    std::array<uint8_t, 32> mac;     // HMAC-SHA-256
  };
  enum class Found { none, current, old };  // old: the ticket is to be renewed

  TicketKeys();
  Key current();
  Found find(const uint8_t* name, Key& key);
  void rotate();  // also by itself, with the first handshake after kLifetime
  // Hangs these keys on a domain's context, with its first connection; on each connection they
  // would cost it 100 bytes. Here, because a context may serve listeners of two configurations at
  // once.
  void adopt(SSL_CTX* context);

 private:
  void rotate_locked();
  std::mutex adopt_mutex_;
  std::mutex mutex_;
  std::vector<Key> keys_;  // the current one first
  std::chrono::steady_clock::time_point rotated_;
};

// One domain's certificate and key as a server.
struct Certificate {
  std::string chain_file;  // PEM
  std::string key_file;    // PEM
  Version min_version = Version::tls1_2;
};

// What is wrong with a file that a context is made of.
struct Mistake {
  enum class In : uint8_t { certificate, key, authorities };
  In in = In::certificate;
  std::string text;  // which file, what is wrong, and what mends it or which user tried to read it
};

[[nodiscard]] proto::Result<SslContextPtr, Mistake> make_server_context(
    const Certificate& certificate);

// Seconds since the epoch at which the leaf certificate ends.
[[nodiscard]] int64_t not_after(SSL_CTX* context);

// Whether its certificate is made for that name: a host, "*.example.com", or an IP literal.
[[nodiscard]] bool is_made_for(SSL_CTX* context, const std::string& name);

// What a TLS listener starts its connections with. The ClientHello's server name chooses a domain
// before anything else is looked at, so that a ticket is only opened for the domain it was made for
// (CVE-2025-23419).
class ListenerContext {
 public:
  struct Choice {
    SSL_CTX* context = nullptr;
    Version min_version = Version::tls1_2;
    std::string_view domain;  // binds sessions and tickets to it
  };
  // `name` is lower case, without the root's dot, or empty when the client sent none; must always
  // return a context.
  using Choose = std::function<Choice(std::string_view name)>;

  ListenerContext(TicketKeys& keys, Choose choose);
  ListenerContext(const ListenerContext&) = delete;
  ListenerContext& operator=(const ListenerContext&) = delete;
  ~ListenerContext() = default;

  [[nodiscard]] SslPtr new_connection() const;

 private:
  static int on_client_hello(SSL* ssl, int* alert, void* self);

  TicketKeys& keys_;
  Choose choose_;
  SslContextPtr context_;
};

// In the form of RFC 7301 §3.1: all that we speak over TLS.
inline constexpr std::string_view kAlpnHttp11 = "\x08http/1.1";

// Of TLS 1.2; 1.3 has none but good ones.
enum class Ciphers : uint8_t {
  modern,  // ECDHE with AEAD: six suites
  legacy,  // all that the library offers: CBC and static RSA, too
};

// What contexts for clients and for origins have in common.
void set_common_tls(SSL_CTX* context, Ciphers ciphers = Ciphers::modern);

}  // namespace gateway::net::tls
