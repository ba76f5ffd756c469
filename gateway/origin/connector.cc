#include "gateway/origin/connector.h"

#include <cassert>
#include <cerrno>
#include <utility>

#include "gateway/net/blame.h"
#include "gateway/net/tls/origin.h"
#include "gateway/origin/deny_list.h"
#include "gateway/origin/origin_paths.h"
#include "gateway/origin/port_candidates.h"
#include "proto/proxy_header/encoder.h"

namespace gateway::origin {

using outcome::Blame;
using outcome::Failure;
using outcome::Retry;
using std::chrono::milliseconds;

namespace {

std::string proxy_header(config::Origin::ProxyProtocol protocol,
                         const std::optional<proto::proxy_header::Addresses>& client) {
  using proto::proxy_header::Version;
  const Version version = protocol == config::Origin::ProxyProtocol::v1 ? Version::v1 : Version::v2;
  return client ? proto::proxy_header::write_header(version, *client)
                : proto::proxy_header::write_local(version);
}

// Of several failures the last is told. But an address that could not be tried for what we lack
// leaves the server unjudged, and one that cannot be reached from here says nothing of the others.
int weight_of(const Failure& failure) {
  if (failure.retry == Retry::no) return 3;  // nothing else is tried
  switch (failure.blame) {
    case Blame::us:
      return 2;
    case Blame::server:
    case Blame::proxy:
    case Blame::client:
      return 1;
    case Blame::network:
      break;
  }
  return 0;
}

}  // namespace

Connector::Connector(net::Loop& loop, net::dns::Resolver& resolver, Plan plan, Trail& trail,
                     Handler& handler)
    : loop_(loop),
      resolver_(resolver),
      plan_(std::move(plan)),
      trail_(trail),
      handler_(handler),
      lineage_{.pool = &plan_.pool, .server = &plan_.server, .asked = plan_.target} {
  // As with curl, only no_proxy makes exceptions: a loopback address is none by itself, it may mean
  // the proxy's own machine.
  const auto& proxy = settings().forward_proxy;
  if (proxy && !proxy->is_direct(plan_.server.host)) {
    proxy_ = &*proxy;
    tunnel_ = std::make_unique<ProxyTunnel>(loop_, *proxy_, plan_.paths.proxies(), *this);
  }
  // A connection that stands already must not be handed over from inside this call.
  loop_.poller().schedule(*this);
}

Connector::~Connector() { loop_.poller().forget(*this); }

// Dialing may be begun again from any later stage, for the next candidate.
void Connector::advance(Stage next, milliseconds patience) {
  assert(next > stage_ || (next == Stage::dialing && stage_ != Stage::told));
  stage_ = next;
  loop_.wheel().set(*this, loop_.now() + patience);
}

void Connector::on_ready(uint32_t) {
  if (plan_.target.tls && !plan_.pool.tls) {
    fail(failures().spoken_to_over_http_alone());
  } else if (!take_kept() && !take_warm()) {
    resolve();
  }
}

bool Connector::take_kept() {
  if (plan_.kept == Kept::none || plan_.fresh || !trail_.tried.empty()) return false;
  auto taken = plan_.paths.reuse().take({.pool = plan_.pool,
                                         .server = plan_.server,
                                         .target = plan_.target,
                                         .tls_name = plan_.tls_name,
                                         .kept = plan_.kept});
  if (!taken) return false;
  stage_ = Stage::told;
  lineage_ = std::move(taken->lineage);
  plan_.target.port = lineage_.port;
  trail_.add_tried(lineage_.address);
  const net::Address address = lineage_.address;
  handler_.on_connected(std::move(taken->stream), address);
  return true;
}

bool Connector::take_warm() {
  if (settings().warm == 0 || plan_.fresh || !trail_.tried.empty()) return false;
  auto taken = plan_.paths.warm().take(plan_.pool, plan_.server, plan_.target, plan_.tls_name);
  if (!taken) return false;
  stage_ = Stage::told;
  warm_ = true;
  plan_.target.port = taken->port;
  trail_.add_tried(taken->address);
  hand_over(std::move(taken->stream), taken->address, taken->made);
  return true;
}

void Connector::resolve() {
  const auto literal =
      proxy_ != nullptr ? net::Address::parse(proxy_->host, 0) : plan_.server.address;
  if (literal) {
    list_candidates({*literal}, true);
    return;
  }
  advance(Stage::resolving, settings().connect_timeout);
  const config::Resolve& life = settings().resolve;
  query_ =
      resolver_.resolve(failures().name(), {.min = life.min, .max = life.max},
                        [this](const net::dns::Resolver::Answer& answer) { resolved(answer); });
}

void Connector::resolved(const net::dns::Resolver::Answer& answer) {
  query_.reset();
  Sifted sifted = sift(failures().name(), answer, settings().deny_addresses);
  const bool denied = !sifted.denied.empty();
  if (!sifted.allowed.empty()) {
    if (denied) trail_.miss(std::move(sifted.denied));
    list_candidates(sifted.allowed, answer.written);
  } else if (denied) {
    fail(failures().denied(std::move(sifted.denied)));
  } else if (answer.ours) {
    fail(failures().cannot_look_up(answer.error));
  } else {
    fail(failures().not_resolved(answer.error));
  }
}

// Whichever of a forward proxy's addresses is asked, the origin behind it is the same.
bool Connector::was_tried(const net::Address& address) const {
  return proxy_ != nullptr ? !trail_.tried.empty() : trail_.has_tried(address);
}

bool Connector::has_others() const {
  if (proxy_ != nullptr || plan_.server.address) return false;
  // Of one that stood already nobody has asked how many addresses there are.
  return warm_ || kept() || candidates_.has_untried(trail_);
}

void Connector::list_candidates(const std::vector<net::Address>& addresses, bool written) {
  // Even where a redirect names a host that the operator has written down, the port is its own.
  const bool chosen = !written || plan_.foreign;
  std::string ours;
  std::vector<Candidate> listed;
  for (const uint16_t port : port_candidates(settings(), plan_.server, plan_.target)) {
    for (net::Address address : addresses) {
      if (was_tried(address)) continue;
      address.set_port(proxy_ != nullptr ? proxy_->port : port);
      if (chosen && plan_.paths.is_own_listener(address)) {
        ours = plan_.server.host + ": " + address.to_string() + " is a listener of this gateway";
        continue;
      }
      listed.push_back({.address = address, .port = port});
    }
  }
  candidates_ = Candidates(std::move(listed));
  plan_.paths.port_probes().consider(plan_.pool, plan_.server, plan_.target);
  if (!candidates_.empty()) {
    if (!ours.empty()) trail_.miss(std::move(ours));
    dial_next();
  } else if (!ours.empty()) {
    fail(failures().leads_to_ourselves(plan_.foreign, std::move(ours)));
  } else {
    fail(failures().no_other_address());
  }
}

void Connector::dial_next() {
  const bool first = stage_ < Stage::dialing;
  if (first ? plan_.another_address : candidates_.next_is_elsewhere()) ++trail_.retries;
  candidates_.go_on();
  trail_.add_tried(candidates_.current().address);
  dial();
}

void Connector::dial() {
  advance(Stage::dialing, settings().connect_timeout);
  dialer_ = std::make_unique<net::Dialer>(loop_, candidates_.current().address, *this,
                                          plan_.paths.sources(plan_.pool));
}

std::string Connector::authority() const {
  return authority_of(plan_.server.host, candidates_.current().port);
}

std::string Connector::place() const {
  const std::string address = candidates_.current().address.to_string();
  return proxy_ == nullptr ? address : authority() + " by " + address;
}

void Connector::on_dial_failed(const net::IoError& error) {
  if (error.code == -EADDRNOTAVAIL) {
    const net::SourceAddresses* sources = plan_.paths.sources(plan_.pool);
    const std::string missing = sources != nullptr ? sources->missing() : std::string();
    if (missing.empty()) plan_.paths.figures().no_local_port.add(1);
    set_back(failures().no_local_port(place(), missing));
    return;
  }
  const Blame blame = net::blame_of(error, proxy_ != nullptr ? Blame::proxy : Blame::server);
  switch (blame) {
    case Blame::us:
      // What we lack we lack for every address. A port is taken for one destination alone.
      candidates_.drop_all();
      set_back(net::own_failure(error, blame, place()));
      return;
    case Blame::network:
      set_back(net::own_failure(error, blame, place()));
      return;
    case Blame::server:
    case Blame::proxy:
    case Blame::client:
      set_back(failures().refused(place(), error.text));
      return;
  }
}

void Connector::on_connected(std::unique_ptr<net::TcpStream> stream) {
  dialer_.reset();
  if (tunnel_) {
    advance(Stage::tunneling, settings().io_timeout);
    tunnel_->ask(std::move(stream), authority(), place());
  } else {
    established(std::move(stream));
  }
}

void Connector::on_tunneled(std::unique_ptr<net::Stream> stream) { established(std::move(stream)); }

void Connector::on_tunnel_challenged() { dial(); }

void Connector::on_tunnel_refused(Failure failure) {
  if (failure.retry == Retry::no) {
    candidates_.drop_all();
  } else {
    candidates_.drop_same_port();
  }
  set_back(std::move(failure));
}

void Connector::on_tunnel_lost(Failure failure) { set_back(std::move(failure)); }

void Connector::established(std::unique_ptr<net::Stream> stream) {
  plan_.target.port = candidates_.current().port;
  const auto protocol = settings().proxy_protocol;
  if (protocol != config::Origin::ProxyProtocol::off) {
    // Before anything else, TLS included: the receiver takes it off before it looks for either.
    stream->write(proto::bytes_of(proxy_header(protocol, plan_.client)));
  }
  if (plan_.target.tls) {
    secure(std::move(stream));
  } else {
    finish(std::move(stream));
  }
}

void Connector::secure(std::unique_ptr<net::Stream> stream) {
  advance(Stage::securing, settings().io_timeout);
  const std::string server =
      proxy_ != nullptr ? authority() : candidates_.current().address.to_string();
  net::tls::SslPtr ssl = net::tls::new_origin_connection(
      plan_.pool.tls.get(), plan_.tls_name, server,
      plan_.foreign ? net::tls::Identity::withheld : net::tls::Identity::shown);
  tls_ = std::make_unique<net::tls::TlsStream>(loop_, std::move(stream), std::move(ssl),
                                               net::tls::TlsStream::Role::client, this);
  tls_->start(*this);
}

void Connector::on_secured() { finish(std::move(tls_)); }

void Connector::finish(std::unique_ptr<net::Stream> stream) {
  stage_ = Stage::told;
  loop_.wheel().clear(*this);
  remember_port(settings(), plan_.server, plan_.target);
  hand_over(std::move(stream), candidates_.current().address, loop_.now());
}

void Connector::hand_over(std::unique_ptr<net::Stream> stream, const net::Address& address,
                          milliseconds made) {
  if (plan_.target.tls) lineage_.tls_name = plan_.tls_name;
  lineage_.address = address;
  lineage_.port = plan_.target.port;
  lineage_.made = made;
  handler_.on_connected(std::move(stream), address);
}

void Connector::on_failed(const net::IoError& error) {
  const Blame blame = net::blame_of(error, Blame::server);
  set_back(blame == Blame::server ? failures().no_tls(place(), plan_.tls_name, error.text)
                                  : net::own_failure(error, blame, place()));
}

// On to the next candidate, if there is one.
void Connector::set_back(Failure failure) {
  dialer_.reset();
  if (tunnel_) tunnel_->stop();
  tls_.reset();
  trail_.miss(failure.detail);
  if (trail_.retries_left() == 0) candidates_.drop_other_hosts();
  if (!worst_ || weight_of(failure) >= weight_of(*worst_)) worst_ = std::move(failure);
  if (!candidates_.empty()) {
    dial_next();
    return;
  }
  worst_->detail = trail_.all_misses();
  fail(std::move(*worst_));
}

void Connector::fail(Failure failure) {
  stage_ = Stage::told;
  loop_.wheel().clear(*this);
  handler_.on_connect_failed(std::move(failure));
}

void Connector::on_deadline(milliseconds) {
  switch (stage_) {
    case Stage::resolving:
      fail(failures().not_resolved_in_time());
      return;
    case Stage::dialing:
      set_back(failures().not_accepted_in_time(place()));
      return;
    case Stage::tunneling:
      set_back(tunnel_->not_answered_in_time());
      return;
    case Stage::securing:
      set_back(failures().no_tls_in_time(place()));
      return;
    case Stage::scheduled:
    case Stage::told:
      return;
  }
}

}  // namespace gateway::origin
