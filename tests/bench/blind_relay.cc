#include "tests/bench/blind_relay.h"

#include <stdexcept>
#include <sys/socket.h>
#include <utility>

namespace bench {

namespace {

// Events carry the client's descriptor and the side; a listener's carry its own, as a client's.
uint64_t tag_of(int descriptor, RelayPair::Side side) {
  return static_cast<uint64_t>(descriptor) << 1 | static_cast<uint64_t>(side);
}

size_t index_of(int descriptor) { return static_cast<size_t>(descriptor); }

}  // namespace

BlindRelay::BlindRelay(const Settings& settings)
    : settings_(settings), server_tls_(make_server_context(settings.certificate, settings.key)) {
  if (!server_tls_) throw std::runtime_error("cannot use this certificate and key");
  SSL_CTX_set_session_cache_mode(server_tls_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(server_tls_.get(), 1);
  if (settings.secure_origin)
    origin_tls_ = std::make_unique<ClientTls>(settings.certificate, "bench.test", true);
  plain_ = listen(settings_.plain_port);
  secure_ = listen(settings_.secure_port);
}

Socket BlindRelay::listen(uint16_t& port) {
  Socket listener(listen_on(port));
  const int descriptor = listener.descriptor();
  const uint64_t tag = tag_of(descriptor, RelayPair::Side::client);
  if (descriptor < 0 || !poller_.watch_level(descriptor, tag, EPOLLIN))
    throw std::runtime_error("cannot listen on port " + std::to_string(port));
  return listener;
}

void BlindRelay::turn(int64_t timeout_ns) {
  poller_.wait(timeout_ns, [this](uint64_t tag, uint32_t events) { serve(tag, events); });
  over_.clear();
}

void BlindRelay::serve(uint64_t tag, uint32_t events) {
  const auto descriptor = static_cast<int>(tag >> 1);
  if (descriptor == plain_.descriptor() || descriptor == secure_.descriptor()) {
    const bool secure = descriptor == secure_.descriptor();
    accept_all(secure ? secure_ : plain_, secure);
    return;
  }
  // One event of the wait may have ended a pair that another one is about. Its sockets stay open
  // until the wait is dealt with, so that no new pair has their numbers meanwhile.
  auto& pair = pairs_[index_of(descriptor)];
  if (pair && !pair->on_event(static_cast<RelayPair::Side>(tag & 1), events))
    over_.push_back(std::move(pair));
}

void BlindRelay::accept_all(const Socket& listener, bool secure) {
  RelayPair::Dialer& dialer = *this;
  for (;;) {
    const int descriptor =
        accept4(listener.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    Tls tls = secure ? make_server_tls(server_tls_.get()) : nullptr;
    if (pairs_.size() <= index_of(descriptor)) pairs_.resize(index_of(descriptor) + 1);
    auto& pair = pairs_[index_of(descriptor)];
    pair = std::make_unique<RelayPair>(buffers_, dialer, descriptor, std::move(tls));
    if (!poller_.watch(descriptor, tag_of(descriptor, RelayPair::Side::client))) pair.reset();
  }
}

bool BlindRelay::dial(RelayPair& pair, RelayEnd& origin) {
  const auto& addresses = settings_.origin_addresses;
  const int descriptor =
      connect_to(addresses[next_address_++ % addresses.size()], settings_.origin_port);
  if (descriptor < 0) return false;
  origin.open(descriptor, origin_tls_ ? origin_tls_->new_connection() : nullptr);
  return poller_.watch(descriptor, tag_of(pair.client_descriptor(), RelayPair::Side::origin));
}

}  // namespace bench
