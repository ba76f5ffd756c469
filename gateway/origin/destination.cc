#include "gateway/origin/destination.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "proto/http1/target.h"

namespace gateway::origin {

namespace {

// The URL that a request with this Host and target asks for.
Url url_of(bool tls, std::string_view host, std::string_view path_and_query) {
  Url url{.tls = tls, .host = {}, .port = std::nullopt};
  if (const auto authority = proto::http1::parse_authority(host)) {
    url.host = authority->host;
    url.port = authority->port;
  }
  url.path_and_query = path_and_query;
  return url;
}

bool is_same_door(const Url& a, const Url& b) {
  return a.host == b.host && a.tls == b.tls && a.effective_port() == b.effective_port();
}

// Who is asked where a redirect leads to a host that is none of the domain's.
route::Server stranger_at(const Url& url) {
  return {.host = bare_host(url.host),
          .port = url.effective_port(),
          .address = net::Address::parse(url.host, 0),
          .backend = nullptr};
}

}  // namespace

Destination::Destination(const route::Pool& pool, const Request& request)
    : pool_(pool), request_(request) {}

void Destination::aim_at(const route::Server& configured) {
  configured_ = &configured;
  aim_home();
}

void Destination::aim_home() {
  elsewhere_.reset();
  foreign_ = false;
  const config::Origin& settings = pool_.settings();
  target_ = choose_target(settings, *configured_, request_.tls);
  host_ = host_header(settings, *configured_, target_, request_.host);
  home_ = url_ = url_of(target_.tls, host_, request_.path_and_query);
}

std::string Destination::door() const {
  return (url_.tls ? "https://" : "http://") + authority_of(url_);
}

std::string Destination::tls_name() const {
  return foreign_ ? bare_host(host_) : origin::tls_name(pool_.settings(), host_);
}

Redirected Destination::judge(const Url& url, const std::vector<std::string>& names) const {
  if (is_same_door(url, url_) || is_same_door(url, home_)) return Redirected::own;
  return judge_host(names, pool_.settings(), home_.host, url);
}

void Destination::follow(const Url& url, Redirected where) {
  if (is_same_door(url, home_)) {
    aim_home();
  } else if (!is_same_door(url, url_)) {
    leave_for(url, where);
  }
  url_ = url;
}

void Destination::leave_for(const Url& url, Redirected where) {
  foreign_ = where == Redirected::listed;
  route::Server next = foreign_ ? stranger_at(url) : member_at(url);
  target_ = {.tls = url.tls, .port = *next.port};
  elsewhere_ = std::move(next);
  host_ = authority_of(url);
}

// The server that was asked, where it listens at that port, else the first of the pool that does.
route::Server Destination::member_at(const Url& url) const {
  const auto port_of = [&](const route::Server& one) {
    return port_at(pool_.settings(), one.port, url);
  };
  const route::Server* member = configured_;
  if (!port_of(*member)) {
    const auto found = std::ranges::find_if(
        pool_.servers, [&](const route::Server& one) { return port_of(one).has_value(); });
    assert(found != pool_.servers.end());  // judge_host has seen one
    member = &*found;
  }
  route::Server next = *member;
  next.port = port_of(*member);
  return next;
}

void Destination::learn_port(uint16_t port) {
  const config::Origin& settings = pool_.settings();
  if (elsewhere_ || settings.host_header != config::Origin::Host::origin) return;
  std::string host = host_header(settings, *configured_, {.tls = target_.tls, .port = port}, {});
  if (host == host_) return;
  host_ = std::move(host);
  home_ = url_ = url_of(target_.tls, host_, url_.path_and_query);
}

}  // namespace gateway::origin
