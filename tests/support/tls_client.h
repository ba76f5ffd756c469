// A client that shakes hands over TLS, in the test's loop.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <openssl/x509v3.h>

#include "gateway/net/tcp_stream.h"
#include "gateway/net/tls/origin.h"
#include "tests/support/certificates.h"
#include "tests/support/loop_stage.h"

namespace tests {

class TlsClient final : public gateway::net::tls::TlsStream::HandshakeHandler {
 public:
  // Asks for that name on a socket that has connected.
  TlsClient(LoopStage& stage, gateway::net::UniqueFd fd, Certificates& certificates,
            const std::string& name)
      : context_(gateway::net::tls::make_origin_context(
            {.verify = false, .ca_file = certificates.ca_file()})) {
    gateway::net::tls::SslPtr ssl = gateway::net::tls::new_origin_connection(context_->get(), name);
    ssl_ = ssl.get();
    auto tcp = std::make_unique<gateway::net::TcpStream>(stage.loop, non_blocking(std::move(fd)));
    stream_ = std::make_unique<gateway::net::tls::TlsStream>(
        stage.loop, std::move(tcp), std::move(ssl), gateway::net::tls::TlsStream::Role::client,
        this);
    stream_->start(told);
    REQUIRE(stage.run_until([this] { return secured_; }));
  }
  bool shows(const std::string& name) const {
    X509* certificate = SSL_get0_peer_certificate(ssl_);
    return X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
  }
  void send(const std::string& text) { stream_->write(proto::bytes_of(text)); }

  Recorder told;

 private:
  void on_secured() override { secured_ = true; }

  proto::Result<gateway::net::tls::SslContextPtr, gateway::net::tls::Mistake> context_;
  SSL* ssl_ = nullptr;  // the stream's
  std::unique_ptr<gateway::net::tls::TlsStream> stream_;
  bool secured_ = false;
};

}  // namespace tests
