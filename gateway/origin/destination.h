// Where a request goes: to a server of the pool as it is configured, or where a redirect has led.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/origin/redirects.h"
#include "gateway/origin/target.h"
#include "gateway/route/pool.h"

namespace gateway::origin {

// Of one request; the pool, and what is viewed of the client's request, outlive it.
class Destination {
 public:
  struct Request {
    std::string_view host;  // the client's Host field
    std::string_view path_and_query;
    bool tls = false;  // what the client spoke to us
  };

  Destination(const route::Pool& pool, const Request& request);

  // To that server of the pool, as the request came.
  void aim_at(const route::Server& configured);

  // Whether a Location that names `url` stays with whoever is asked, belongs to the domain, or is
  // none of its business. `names`: the domain's.
  [[nodiscard]] Redirected judge(const Url& url, const std::vector<std::string>& names) const;
  // Where it then leads: home, to the same place, to another server of the pool or to a stranger.
  void follow(const Url& url, Redirected where);

  // That port has answered. A Host that names the server names it, and the answer may refer to it.
  void learn_port(uint16_t port);

  const route::Server& server() const { return elsewhere_ ? *elsewhere_ : *configured_; }
  // No redirect has led to another port or host. What fails elsewhere is held against no server,
  // since where an answer leads may be the client's choice.
  bool is_home() const { return !elsewhere_; }
  bool is_foreign() const { return foreign_; }  // a host that is none of the domain's
  const Target& target() const { return target_; }
  const std::string& host() const { return host_; }  // the Host field
  const Url& url() const { return url_; }
  std::string door() const;  // scheme and authority, "https://origin.example:8443"
  // For SNI and verification. origin.sni is the domain's own origin: a stranger goes by its name.
  std::string tls_name() const;

 private:
  void aim_home();
  void leave_for(const Url& url, Redirected where);
  route::Server member_at(const Url& url) const;

  const route::Pool& pool_;
  Request request_;
  const route::Server* configured_ = nullptr;
  // Where a redirect has led, with its port and, for a server of the pool, its backend.
  std::optional<route::Server> elsewhere_;
  bool foreign_ = false;
  Target target_;
  std::string host_;
  Url url_;
  Url home_;  // the one that our own server was asked for first
};

}  // namespace gateway::origin
