#include "gateway/origin/connector.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/net/blame.h"
#include "gateway/net/tls/origin.h"
#include "gateway/origin/deny_list.h"
#include "gateway/origin/port_candidates.h"
#include "gateway/origin/ways.h"
#include "proto/http1/head_writer.h"
#include "proto/proxy_header/encoder.h"

namespace gateway::origin {

using outcome::Blame;
using outcome::Cause;
using outcome::Failure;
using outcome::Retry;

namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

std::string proxy_header(config::Origin::ProxyProtocol protocol,
                         const std::optional<proto::proxy_header::Addresses>& client) {
  using proto::proxy_header::Version;
  const Version version = protocol == config::Origin::ProxyProtocol::v1 ? Version::v1 : Version::v2;
  return client ? proto::proxy_header::write_header(version, *client)
                : proto::proxy_header::write_local(version);
}

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

Connector::Connector(net::Loop& loop, net::dns::Resolver& resolver, Plan plan, Handler& handler)
    : loop_(loop), resolver_(resolver), plan_(std::move(plan)), handler_(handler) {
  // As with curl, only no_proxy makes exceptions: a loopback address is none by itself, it may mean
  // the proxy's own machine.
  const auto& proxy = settings().forward_proxy;
  if (proxy && !proxy->is_direct(plan_.server.host)) proxy_ = &*proxy;
  // A warm connection must not be handed over from inside this call.
  loop_.poller().schedule(*this);
}

Connector::~Connector() { loop_.poller().forget(*this); }

void Connector::on_ready(uint32_t) {
  if (plan_.target.tls && !plan_.pool.tls) {
    fail({.cause = Cause::origin_tls,
          .status = 502,
          .retry = Retry::elsewhere,
          .why = "the origin is spoken to over http alone",
          .detail = plan_.server.host});
    return;
  }
  if (!take_warm()) begin();
}

bool Connector::take_warm() {
  const bool wanted = settings().warm > 0 && !plan_.fresh && plan_.tried.empty();
  if (plan_.ways == nullptr || !wanted) return false;
  auto taken = plan_.ways->warm().take(plan_.pool, plan_.server, plan_.target, plan_.tls_name);
  if (!taken) return false;
  warm_ = true;
  plan_.target.port = taken->port;
  remember(taken->address);
  handler_.on_connected(std::move(taken->stream), taken->address);
  return true;
}

void Connector::begin() {
  const std::string& host = proxy_ != nullptr ? proxy_->host : plan_.server.host;
  const auto literal = proxy_ != nullptr ? net::Address::parse(host, 0) : plan_.server.address;
  if (literal) {
    list_candidates({*literal}, true);
    return;
  }
  loop_.wheel().set(*this, loop_.now() + settings().connect_timeout);
  const config::Resolve& life = settings().resolve;
  query_ =
      resolver_.resolve(host, {.min = life.min, .max = life.max},
                        [this](const net::dns::Resolver::Answer& answer) { resolved(answer); });
}

void Connector::resolved(const net::dns::Resolver::Answer& answer) {
  query_.reset();
  const bool by_proxy = proxy_ != nullptr;
  const std::string& name = by_proxy ? proxy_->host : plan_.server.host;
  Sifted sifted = sift(name, answer, settings().deny_addresses);
  if (!sifted.allowed.empty()) {
    if (!sifted.denied.empty()) setbacks_.push_back(std::move(sifted.denied));
    list_candidates(sifted.allowed, answer.written);
    return;
  }
  const bool denied = !sifted.denied.empty();
  if (answer.ours && !denied) {
    fail({.cause = Cause::overload,
          .status = 503,
          .blame = Blame::us,
          .retry = Retry::elsewhere,
          .why = "this node cannot look up names now",
          .detail = name + ": " + answer.error});
    return;
  }
  const std::string what =
      denied ? " leads to an address that deny_addresses does not allow" : " cannot be resolved";
  fail({.cause = by_proxy ? Cause::proxy_connect : Cause::origin_resolve,
        .status = 502,
        .blame = by_proxy ? Blame::proxy : Blame::server,
        .retry = Retry::elsewhere,
        .why = (by_proxy ? "the forward proxy's name" : "the origin's name") + what,
        .detail = denied ? sifted.denied : name + ": " + answer.error});
}

bool Connector::was_tried(const net::Address& address) const {
  // Whichever of a forward proxy's addresses is asked, the origin behind it is the same.
  if (proxy_ != nullptr) return !plan_.tried.empty();
  return std::any_of(plan_.tried.begin(), plan_.tried.end(),
                     [&address](const auto& one) { return one.host() == address.host(); });
}

void Connector::remember(const net::Address& address) {
  const auto same = [&address](const auto& one) { return one.host() == address.host(); };
  if (!std::any_of(plan_.tried.begin(), plan_.tried.end(), same)) plan_.tried.push_back(address);
}

bool Connector::has_others() const {
  if (proxy_ != nullptr || plan_.server.address) return false;
  // Of a warm connection nobody has asked how many addresses there are.
  return warm_ || std::any_of(candidates_.begin(), candidates_.end(),
                              [this](const auto& one) { return !was_tried(one.address); });
}

void Connector::list_candidates(const std::vector<net::Address>& addresses, bool written) {
  // Even where a redirect names a host that the operator has written down, the port is its own.
  const bool chosen = plan_.ways != nullptr && (!written || plan_.foreign);
  std::string ours;
  const std::vector<uint16_t> ports = port_candidates(settings(), plan_.server, plan_.target);
  for (const uint16_t port : ports) {
    for (net::Address address : addresses) {
      if (was_tried(address)) continue;
      address.set_port(proxy_ != nullptr ? proxy_->port : port);
      if (chosen && plan_.ways->is_own_listener(address)) {
        ours = plan_.server.host + ": " + address.to_string() + " is a listener of this gateway";
        continue;
      }
      candidates_.push_back({.address = address, .port = port});
    }
  }
  std::reverse(candidates_.begin(), candidates_.end());
  if (plan_.ways != nullptr)
    plan_.ways->port_probes().consider(plan_.pool, plan_.server, plan_.target);
  if (candidates_.empty()) {
    fail_without_candidates(ours);
    return;
  }
  if (!ours.empty()) setbacks_.push_back(std::move(ours));
  dial_next();
}

void Connector::fail_without_candidates(const std::string& ours) {
  if (!ours.empty()) {
    fail({.cause = plan_.foreign ? Cause::origin_redirect : Cause::origin_resolve,
          .status = 502,
          .retry = Retry::elsewhere,
          .why = plan_.foreign ? "the origin redirects to this gateway itself"
                               : "the origin's name leads to this gateway itself",
          .detail = ours});
    return;
  }
  fail({.cause = Cause::origin_connect,
        .status = 502,
        .retry = Retry::next_only,
        .why = "the origin has no other address",
        .detail = plan_.server.host});
}

bool Connector::is_at_current(const Candidate& one) const {
  return one.address.host() == current_.address.host();
}

void Connector::dial_next() {
  const bool first = current_.port == 0;
  if (!first && !is_at_current(candidates_.back())) ++retries_;
  current_ = candidates_.back();
  candidates_.pop_back();
  remember(current_.address);
  dial();
}

void Connector::dial() {
  loop_.wheel().set(*this, loop_.now() + settings().connect_timeout);
  net::SourceAddresses* sources = plan_.ways != nullptr ? plan_.ways->sources(plan_.pool) : nullptr;
  dialer_ = std::make_unique<net::Dialer>(loop_, current_.address, *this, sources);
}

std::string Connector::place() const {
  const std::string address = current_.address.to_string();
  return proxy_ == nullptr ? address : authority() + " by " + address;
}

void Connector::on_dial_failed(const net::IoError& error) {
  if (error.code == -EADDRNOTAVAIL) {
    set_back(port_failure());
    return;
  }
  const Blame blame = net::blame_of(error, proxy_ != nullptr ? Blame::proxy : Blame::server);
  switch (blame) {
    case Blame::us:
      // What we lack we lack for every address. A port is taken for one destination alone.
      candidates_.clear();
      set_back(net::own_failure(error, blame, place()));
      return;
    case Blame::network:
      set_back(net::own_failure(error, blame, place()));
      return;
    case Blame::server:
    case Blame::proxy:
    case Blame::client:
      set_back(dial_failure(error.text, false));
      return;
  }
}

Failure Connector::port_failure() const {
  const net::SourceAddresses* sources =
      plan_.ways != nullptr ? plan_.ways->sources(plan_.pool) : nullptr;
  const std::string missing = sources != nullptr ? sources->missing() : std::string();
  if (plan_.ways != nullptr && missing.empty()) plan_.ways->figures().no_local_port.add(1);
  return {
      .cause = Cause::overload,
      .status = 503,
      .blame = Blame::us,
      .retry = Retry::elsewhere,
      .why = missing.empty() ? "no local port is free towards the origin"
                             : "no address of ours is there to connect from",
      .detail = place() + (missing.empty() ? ": no local port is free"
                                           : ": origin.source is not this machine's: " + missing)};
}

Failure Connector::dial_failure(const std::string& what, bool timed_out) const {
  const int status = timed_out ? 504 : 502;
  if (proxy_ != nullptr) {
    return proxy_failure(status,
                         timed_out ? "the forward proxy did not accept the connection in time"
                                   : "the forward proxy refuses connections",
                         what);
  }
  return {.cause = timed_out ? Cause::origin_timeout : Cause::origin_connect,
          .status = status,
          .retry = Retry::elsewhere,
          .why = timed_out ? "the origin did not accept the connection in time"
                           : "the origin refuses connections",
          .detail = place() + ": " + what};
}

Failure Connector::proxy_failure(int status, std::string why, const std::string& what) const {
  return {.cause = Cause::proxy_connect,
          .status = status,
          .blame = Blame::proxy,
          .retry = Retry::elsewhere,
          .why = std::move(why),
          .detail = place() + ": " + what};
}

void Connector::on_connected(std::unique_ptr<net::TcpStream> stream) {
  dialer_.reset();
  fd_ = stream->fd();
  if (proxy_ != nullptr) {
    ask_proxy(std::move(stream));
  } else {
    established(std::move(stream));
  }
}

proto::auth::Authorizer* Connector::authorizer() {
  ProxyAuthenticator& authenticator =
      plan_.ways != nullptr ? plan_.ways->proxies() : own_authenticator_;
  return authenticator.of(*proxy_);
}

void Connector::ask_proxy(std::unique_ptr<net::Stream> stream) {
  loop_.wheel().set(*this, loop_.now() + settings().io_timeout);
  const std::string target = authority();
  std::optional<std::string> authorization;
  // The way to a forward proxy is never encrypted: whoever configures credentials for it knows.
  if (proto::auth::Authorizer* ours = authorizer()) {
    authorization = ours->authorize({.method = "CONNECT", .uri = target, .basic_allowed = true},
                                    proxy_attempt_);
  }
  tunnel_ = std::make_unique<Tunnel>(loop_, std::move(stream), target, authorization, *this);
}

void Connector::on_tunnel(std::unique_ptr<net::Stream> stream,
                          const proto::http1::ResponseHead& head) {
  if (proto::auth::Authorizer* ours = authorizer()) ours->answered(head.fields, proxy_attempt_);
  tunnel_.reset();
  established(std::move(stream));
}

void Connector::on_tunnel_refused(const proto::http1::ResponseHead& head) {
  // tinyproxy refuses wrong credentials by 401.
  if (head.status == 407 || head.status == 401) {
    if (!answer_challenge(head)) return;
    // Credentials go out on a connection of their own (RFC 9110 §11.7.1 lets the proxy close this).
    tunnel_.reset();
    dial();
    return;
  }
  // Another address of the proxy would say the same of this port.
  std::erase_if(candidates_, [this](const auto& one) { return one.port == current_.port; });
  const std::string status = std::to_string(head.status);
  set_back(proxy_failure(502, "the forward proxy gives no tunnel to the origin",
                         status + " " + std::string(proto::http1::reason_phrase(head.status))));
}

bool Connector::answer_challenge(const proto::http1::ResponseHead& head) {
  const std::string target = authority();
  proto::auth::Authorizer* ours = authorizer();
  std::optional<std::string> fault = "no credentials are configured for it";
  std::string why = "the forward proxy asks for credentials";
  if (ours != nullptr) {
    if (!proxy_attempt_.answered.empty()) why = "the forward proxy does not accept our credentials";
    fault = ours->challenged(
        head.fields, {.method = "CONNECT", .uri = target, .basic_allowed = true}, proxy_attempt_);
    if (!fault) return true;
  }
  Failure failure = proxy_failure(502, why, std::to_string(head.status) + ": " + *fault);
  // Asking again with the same credentials could only lock them.
  failure.retry = Retry::no;
  candidates_.clear();
  set_back(std::move(failure));
  return false;
}

void Connector::on_tunnel_failed(std::string why) {
  set_back(proxy_failure(502, "the forward proxy gives no tunnel to the origin", why));
}

void Connector::established(std::unique_ptr<net::Stream> stream) {
  plan_.target.port = current_.port;
  const auto protocol = settings().proxy_protocol;
  if (protocol != config::Origin::ProxyProtocol::off) {
    // Before anything else, TLS included: the receiver takes it off before it looks for either.
    stream->write(proto::bytes_of(proxy_header(protocol, plan_.client)));
  }
  if (!plan_.target.tls) {
    finish(std::move(stream));
    return;
  }
  loop_.wheel().set(*this, loop_.now() + settings().io_timeout);
  const std::string server = proxy_ != nullptr ? authority() : current_.address.to_string();
  net::tls::SslPtr ssl = net::tls::new_origin_connection(
      plan_.pool.tls.get(), plan_.tls_name, server,
      plan_.foreign ? net::tls::Identity::withheld : net::tls::Identity::shown);
  tls_ = std::make_unique<net::tls::TlsStream>(loop_, std::move(stream), std::move(ssl),
                                               net::tls::TlsStream::Role::client, this);
  tls_->start(*this);
}

void Connector::on_secured() { finish(std::move(tls_)); }

void Connector::finish(std::unique_ptr<net::Stream> stream) {
  loop_.wheel().clear(*this);
  remember_port(settings(), plan_.server, plan_.target);
  handler_.on_connected(std::move(stream), current_.address);
}

void Connector::on_failed(const net::IoError& error) {
  const Blame blame = net::blame_of(error, Blame::server);
  if (blame != Blame::server) {
    set_back(net::own_failure(error, blame, place()));
    return;
  }
  set_back({.cause = Cause::origin_tls,
            .status = 502,
            .retry = Retry::elsewhere,
            .why = "no TLS connection to the origin: " + error.text,
            .detail = place() + " (" + plan_.tls_name + "): " + error.text});
}

void Connector::set_back(Failure failure) {
  dialer_.reset();
  tunnel_.reset();
  tls_.reset();
  if (setbacks_.size() < kMaxSetbacks) setbacks_.push_back(failure.detail);
  if (retries_ >= plan_.most_retries)
    std::erase_if(candidates_, [this](const auto& one) { return !is_at_current(one); });
  keep_for_the_end(failure);
  if (!candidates_.empty()) {
    dial_next();
    return;
  }
  failure = *std::exchange(told_, std::nullopt);
  failure.detail = joined(setbacks_);
  fail(std::move(failure));
}

// The last one. But an address that could not be tried for what we lack leaves the server unjudged,
// and one that cannot be reached from here says nothing of the others.
void Connector::keep_for_the_end(const Failure& failure) {
  if (!told_ || weight_of(failure) >= weight_of(*told_)) told_ = failure;
}

void Connector::fail(Failure failure) {
  loop_.wheel().clear(*this);
  handler_.on_connect_failed(std::move(failure));
}

void Connector::on_deadline(std::chrono::milliseconds) {
  if (query_) {
    const bool by_proxy = proxy_ != nullptr;
    fail({.cause = by_proxy ? Cause::proxy_connect : Cause::origin_resolve,
          .status = 504,
          .blame = by_proxy ? Blame::proxy : Blame::server,
          .retry = Retry::elsewhere,
          .why = by_proxy ? "the forward proxy's name was not resolved in time"
                          : "the origin's name was not resolved in time",
          .detail = by_proxy ? proxy_->host : plan_.server.host});
  } else if (dialer_) {
    set_back(dial_failure("connection timed out", true));
  } else if (tunnel_) {
    set_back(proxy_failure(504, "the forward proxy did not answer in time", "no answer in time"));
  } else {
    set_back({.cause = Cause::origin_timeout,
              .status = 504,
              .retry = Retry::elsewhere,
              .why = "the origin did not finish the TLS handshake in time",
              .detail = place() + ": no TLS handshake in time"});
  }
}

}  // namespace gateway::origin
