// What domains take from the files of TLS: whom to believe, and who we say we are.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "gateway/files/file_version.h"
#include "gateway/net/tls/context.h"
#include "gateway/net/tls/identity.h"
#include "gateway/net/tls/origin.h"
#include "proto/base/result.h"

namespace gateway::route {

// What is equal is read and made once, so that ten thousand domains cost hardly more than one: the
// authorities of a CA source, the context of a certificate and its key, that of one way to speak to
// origins. As long as the files say the same it is even the object of the configuration before.
//
// A file is looked at once for each configuration, when something first needs it: a certificate
// that is renewed meanwhile comes with the next one, for all who share it. Filled by one thread
// while its configuration is built, and then only read, by the next one.
class Trust {
 public:
  struct Identity {
    net::tls::SharedSslContext context;  // never null
    net::tls::IdentityFacts facts;       // of its certificate; empty: it has none
  };
  using Made = proto::Result<std::shared_ptr<const Identity>, net::tls::Mistake>;

  // `before`: of the configuration in force, and as long-lived as the filling; null at the start.
  explicit Trust(const Trust* before) : before_(before) {}
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;
  ~Trust() = default;

  // As make_server_context() and make_origin_context() have it.
  [[nodiscard]] Made server(const net::tls::Certificate& certificate);
  [[nodiscard]] Made origin(const net::tls::OriginOptions& options);

  // It is filled: what was before is let go.
  void seal() { before_ = nullptr; }

 private:
  using Authorities = proto::Result<net::tls::SharedAuthorities, std::string>;
  struct File {
    files::FileVersion version;
    bool unchanged = false;  // since the configuration before
  };
  using Pair = std::pair<std::string, std::string>;  // chain, key

  const Authorities& authorities(const std::string& file);
  bool unchanged(const std::string& file);
  bool unchanged_authorities(const std::string& file);
  Made make_server(const net::tls::Certificate& certificate);
  Made make_origin(const net::tls::OriginOptions& options, const Authorities& whom);
  [[nodiscard]] std::shared_ptr<const Identity> identity_of(net::tls::SslContextPtr context);

  const Trust* before_;
  std::map<std::string, File> files_;
  std::map<std::string, Authorities> authorities_;  // by file; empty: the system's
  std::map<Pair, Made> servers_;
  std::map<net::tls::OriginOptions, Made> origins_;
};

}  // namespace gateway::route
