#include "gateway/edge/client_stream.h"

#include <cassert>
#include <utility>

#include "gateway/net/blame.h"
#include "gateway/net/tcp_stream.h"

namespace gateway::edge {

using outcome::Blame;
using outcome::Cause;
using std::chrono::milliseconds;

ClientStream::ClientStream(const WorkerContext& context, const Entrance& entrance, net::UniqueFd fd,
                           const net::Address& peer, Handler& handler)
    : context_(context),
      snapshot_(context.snapshot),
      handler_(handler),
      facts_{.entrance = entrance,
             .address = peer,
             .proxy = std::nullopt,
             .server = own_end(entrance, fd.get(), peer),
             .accepted = context.loop.now(),
             .number = entrance.counters.accepted.value()} {
  if (const auto rule = preface_rule(snapshot_->document, entrance.name, peer)) {
    preface_ = std::make_unique<ProxyPreface>(context.loop, std::move(fd), *rule, *this);
  } else {
    fd_ = std::move(fd);
  }
}

void ClientStream::advance(Stage to) {
  [[maybe_unused]] const auto is_step = [&] {
    switch (stage_) {
      case Stage::prefacing:
        return to == Stage::securing || to == Stage::over;
      case Stage::securing:
        return to == Stage::parting || to == Stage::over;
      case Stage::parting:
        return to == Stage::over;
      case Stage::over:
        return false;
    }
    return false;
  };
  assert(is_step());
  stage_ = to;
}

milliseconds ClientStream::due() const {
  return facts_.accepted + snapshot_->document.limits.header_timeout;
}

void ClientStream::start() {
  if (!preface_) {
    open(std::move(fd_));
    return;
  }
  context_.loop.wheel().set(*this, due());
  preface_->start();
}

void ClientStream::on_prefaced(net::UniqueFd fd, const std::optional<net::Address>& client) {
  if (client) facts_.proxy = std::exchange(facts_.address, *client);
  preface_.reset();
  open(std::move(fd));
}

void ClientStream::on_preface_refused(const std::string& why) {
  lose(Refusal{.cause = Cause::proxy_header, .why = why, .gate = Gate::proxy_header});
}

void ClientStream::open(net::UniqueFd fd) {
  auto tcp = std::make_unique<net::TcpStream>(context_.loop, std::move(fd));
  // A head and what may be kept behind it is little.
  tcp->read_at_most(net::Stream::kSmallRead);
  if (facts_.entrance.tls) {
    secure(std::move(tcp));
    return;
  }
  advance(Stage::over);
  handler_.on_ready(ready(std::move(tcp)));
}

void ClientStream::secure(std::unique_ptr<net::Stream> transport) {
  advance(Stage::securing);
  tls_ = std::make_unique<net::tls::TlsStream>(context_.loop, std::move(transport),
                                               snapshot_->listener_tls->new_connection(),
                                               net::tls::TlsStream::Role::server, this);
  context_.loop.wheel().set(*this, due());
  tls_->start(*this);
}

ClientStream::Ready ClientStream::ready(std::unique_ptr<net::Stream> stream) {
  return {.stream = std::move(stream), .facts = facts_, .snapshot = std::move(snapshot_)};
}

void ClientStream::on_secured() {
  // A handshake cannot end behind our FIN, but that is the client's word.
  if (stage_ != Stage::securing) return;
  facts_.tls = tls_->facts();
  const size_t version = facts_.tls.version == net::tls::Version::tls1_3 ? 1 : 0;
  facts_.entrance.counters.tls[version][facts_.tls.resumed ? 1 : 0].add(1);
  advance(Stage::over);
  handler_.on_ready(ready(std::move(tls_)));
}

void ClientStream::on_failed(const net::IoError& error) {
  if (stage_ == Stage::parting) {
    lose(std::nullopt);
  } else if (net::blame_of(error, Blame::client) != Blame::client) {
    lose(lost_by_own_fault(error.code));
  } else if (tls_->peer_was_silent()) {
    lose(std::nullopt);
  } else {
    fail_tls(error);
  }
}

void ClientStream::fail_tls(const net::IoError& error) {
  if (!tls_->peer_spoke_plain()) {
    lose(Refusal{
        .cause = Cause::bad_request, .why = "no TLS handshake: " + error.text, .gate = Gate::tls});
    return;
  }
  advance(Stage::over);
  const bool head = tls_->plain_peer_asked_head();
  handler_.on_spoke_plain(ready(tls_->take_transport()), head);
}

void ClientStream::on_deadline(milliseconds) {
  switch (stage_) {
    case Stage::prefacing:
      if (preface_->rule() == ProxyPreface::Rule::required) {
        on_preface_refused("no PROXY header came within header_timeout");
      } else {
        // What has come is no header, but may be the beginning of a request.
        preface_->give_up_waiting();
      }
      return;
    case Stage::securing:
      lose(Refusal{.cause = Cause::request_timeout,
                   .why = "the TLS handshake did not end within header_timeout",
                   .gate = Gate::tls});
      return;
    case Stage::parting:
      lose(std::nullopt);
      return;
    case Stage::over:
      return;
  }
}

void ClientStream::turn_away() {
  switch (stage_) {
    case Stage::prefacing:
      if (!preface_->has_begun()) lose(std::nullopt);
      return;
    case Stage::securing:
      if (!tls_->has_unread()) part();
      return;
    case Stage::parting:
    case Stage::over:
      return;
  }
}

// A handshake that is under way all the same must not meet a reset: it is read, if not answered.
void ClientStream::part() {
  advance(Stage::parting);
  tls_->end();
  context_.loop.wheel().set(*this, context_.loop.now() + kLinger);
}

void ClientStream::lose(const std::optional<Refusal>& why) {
  advance(Stage::over);
  context_.loop.wheel().clear(*this);
  // Its owner may only be retired: what the peer says in this very turn must find nobody.
  preface_.reset();
  tls_.reset();
  handler_.on_lost(why);
}

}  // namespace gateway::edge
