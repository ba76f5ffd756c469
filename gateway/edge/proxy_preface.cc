#include "gateway/edge/proxy_preface.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>

#include "proto/proxy_header/address.h"

namespace gateway::edge {

using proto::Bytes;

namespace {

// The shorter one is the front of the longer one.
bool begin_alike(Bytes a, Bytes b) {
  const size_t common = std::min(a.size(), b.size());
  return std::equal(a.begin(), a.begin() + static_cast<ptrdiff_t>(common), b.begin());
}

std::optional<net::Address> client_of(const proto::proxy_header::Header& header) {
  if (!header.addresses) return std::nullopt;
  const proto::proxy_header::Address& source = header.addresses->source;
  return net::Address::parse(to_text(source), source.port);
}

}  // namespace

ProxyPreface::ProxyPreface(net::Loop& loop, net::UniqueFd fd, Rule rule, Handler& handler)
    : loop_(loop), fd_(std::move(fd)), rule_(rule), handler_(handler) {}

ProxyPreface::~ProxyPreface() { loop_.poller().forget(*this); }

void ProxyPreface::start() {
  // Edge-triggered: what is looked at and left in the socket does not wake the loop again.
  unwatched_ = loop_.poller().add(fd_.get(), *this, EPOLLIN | EPOLLRDHUP | EPOLLET);
  if (unwatched_ != 0) loop_.poller().schedule(*this);
}

void ProxyPreface::on_ready(uint32_t events) {
  if (unwatched_ != 0) {
    handler_.on_preface_unwatched(unwatched_);
    return;
  }
  if (rule_ == Rule::required) {
    take_header();
  } else {
    look_for_header((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
}

void ProxyPreface::take_header() {
  std::array<uint8_t, kMost> buffer{};
  while (!decoder_.header()) {
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_PEEK);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      lost();
      return;
    }
    const auto fed = decoder_.feed(Bytes(buffer).first(static_cast<size_t>(size)));
    if (!fed) {
      handler_.on_preface_refused(fed.error());
      return;
    }
    begun_ = true;
    // All of it is there: it has just been looked at.
    static_cast<void>(::recv(fd_.get(), buffer.data(), *fed, 0));
  }
  pass(client_of(*decoder_.header()));
}

// Looks without taking: without a header the bytes are what the client says to TLS or HTTP.
void ProxyPreface::look_for_header(bool is_all) {
  std::array<uint8_t, proto::proxy_header::kV2Signature.size()> buffer{};
  const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_PEEK);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    lost();
    return;
  }
  const Bytes seen = Bytes(buffer).first(static_cast<size_t>(size));
  bool undecided = false;
  for (const Bytes signature : {proto::bytes_of(proto::proxy_header::kV1Signature),
                                Bytes(proto::proxy_header::kV2Signature)}) {
    if (!begin_alike(seen, signature)) continue;
    if (seen.size() >= signature.size()) {
      handler_.on_preface_refused("a PROXY header from an address that is not trusted");
      return;
    }
    undecided = true;
  }
  if (!undecided || is_all) pass(std::nullopt);
}

bool ProxyPreface::has_begun() const {
  int waiting = 0;
  return begun_ || (::ioctl(fd_.get(), FIONREAD, &waiting) == 0 && waiting > 0);
}

void ProxyPreface::pass(const std::optional<net::Address>& client) {
  loop_.poller().remove(fd_.get(), *this);
  handler_.on_prefaced(std::move(fd_), client);
}

void ProxyPreface::lost() {
  if (begun_) {
    handler_.on_preface_refused("the connection ended within its PROXY header");
  } else {
    handler_.on_preface_abandoned();
  }
}

std::optional<ProxyPreface::Rule> preface_rule(const config::Document& document,
                                               std::string_view listener,
                                               const net::Address& peer) {
  for (const config::Listener& known : document.listeners) {
    if (known.name != listener || !known.proxy_protocol) continue;
    return config::any_contains(known.proxy_protocol->trusted, peer.host())
               ? ProxyPreface::Rule::required
               : ProxyPreface::Rule::refused;
  }
  return std::nullopt;
}

}  // namespace gateway::edge
