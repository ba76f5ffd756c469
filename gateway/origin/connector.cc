#include "gateway/origin/connector.h"

#include <algorithm>
#include <utility>

namespace gateway::origin {

using log::Cause;

Connector::Connector(net::Loop& loop, net::Resolver& resolver, Plan plan, Handler& handler)
    : loop_(loop), plan_(std::move(plan)), handler_(handler) {
  if (plan_.server.address) {
    addresses_.push_back(*plan_.server.address);
    dial_next();
    return;
  }
  // The thread pool has its own time limits; ours is the connect timeout.
  loop_.wheel().set(*this, loop_.now() + plan_.domain.config->origin.connect_timeout);
  query_ = resolver.resolve(plan_.server.host,
                            [this](const net::Resolver::Answer& answer) { resolved(answer); });
}

void Connector::resolved(const net::Resolver::Answer& answer) {
  query_.reset();
  if (answer.addresses.empty()) {
    handler_.on_connect_failed({.cause = Cause::origin_resolve,
                                .status = 502,
                                .why = "the origin's name cannot be resolved",
                                .detail = plan_.server.host + ": " + answer.error,
                                .nothing_asked = true});
    return;
  }
  addresses_.assign(answer.addresses.rbegin(), answer.addresses.rend());
  dial_next();
}

void Connector::dial_next() {
  address_ = addresses_.back();
  addresses_.pop_back();
  address_.set_port(plan_.target.port);
  loop_.wheel().set(*this, loop_.now() + plan_.domain.config->origin.connect_timeout);
  dialer_ = std::make_unique<net::Dialer>(loop_, address_, *this);
}

void Connector::on_dial_failed(const net::IoError& error) { connect_failed(error.text, false); }

void Connector::connect_failed(const std::string& what, bool timed_out) {
  if (!addresses_.empty()) {
    dial_next();
    return;
  }
  handler_.on_connect_failed({.cause = timed_out ? Cause::origin_timeout : Cause::origin_connect,
                              .status = timed_out ? 504 : 502,
                              .why = timed_out ? "the origin did not accept the connection in time"
                                               : "the origin refuses connections",
                              .detail = address_.to_string() + ": " + what,
                              .nothing_asked = true});
}

void Connector::on_connected(std::unique_ptr<net::TcpStream> stream) {
  dialer_.reset();
  if (!plan_.target.tls) {
    loop_.wheel().clear(*this);
    handler_.on_connected(std::move(stream), address_);
    return;
  }
  loop_.wheel().set(*this, loop_.now() + plan_.domain.config->origin.io_timeout);
  tls_ = std::make_unique<net::TlsStream>(
      loop_, std::move(stream),
      net::new_origin_connection(plan_.domain.origin_tls.get(), plan_.tls_name),
      net::TlsStream::Role::client, this);
  tls_->start(*this);
}

void Connector::on_secured() {
  loop_.wheel().clear(*this);
  handler_.on_connected(std::move(tls_), address_);
}

void Connector::on_failed(const net::IoError& error) {
  handler_.on_connect_failed(
      {.cause = Cause::origin_tls,
       .status = 502,
       .why = "no TLS connection to the origin: " + error.text,
       .detail = address_.to_string() + " (" + plan_.tls_name + "): " + error.text,
       .nothing_asked = true});
}

void Connector::on_deadline(std::chrono::milliseconds) {
  if (query_) {
    handler_.on_connect_failed({.cause = Cause::origin_resolve,
                                .status = 504,
                                .why = "the origin's name was not resolved in time",
                                .detail = plan_.server.host,
                                .nothing_asked = true});
  } else if (dialer_) {
    dialer_.reset();
    connect_failed("connection timed out", true);
  } else {
    handler_.on_connect_failed({.cause = Cause::origin_timeout,
                                .status = 504,
                                .why = "the origin did not finish the TLS handshake in time",
                                .detail = address_.to_string(),
                                .nothing_asked = true});
  }
}

}  // namespace gateway::origin
