#include "gateway/config/http_check.h"

#include <string>

#include "gateway/config/check.h"
#include "gateway/config/findings.h"

namespace gateway::config {

namespace {

// What answers whichever switch is on.
bool answers_by_itself(const Domain& domain) {
  return domain.http.redirect_https || domain.origin.builtin != Origin::Builtin::none;
}

void check_switches(const Domain& domain, Problems& problems) {
  const bool enabled = domain.http.enabled || domain.websocket.enabled;
  // One without an origin is told so.
  if (enabled || answers_by_itself(domain) || domain.origin.servers.empty()) return;
  warn(problems, domain.place, "domains", "W_NOTHING_ENABLED",
       name_of(domain) +
           ": neither http.enabled nor websocket.enabled is true, so every request is refused");
}

// TLS ends here, or at a proxy that may say so.
bool can_have_tls(const Document& document, const Domain& domain) {
  return domain.tls || !document.trusted_proxies.empty();
}

void check_tls(const Document& document, const Domain& domain, Problems& problems) {
  if (can_have_tls(document, domain)) return;
  const auto say = [&](const char* path, const std::string& text) {
    error(problems, domain.places.of(path), path,
          name_of(domain) + ": " + text +
              "; give the domain tls: { certificate: file:/path, key: file:/path }");
  };
  if (domain.http.redirect_https)
    say("http.redirect_https", "redirect_https leads to https, and there is no certificate for it");
  const auto& sticky = domain.origin.sticky;
  if (sticky && sticky->by == Sticky::By::cookie && sticky->same_site == Sticky::SameSite::none)
    say("origin.sticky", "browsers drop a cookie with same_site: none that came without TLS");
}

}  // namespace

void check_http(const Document& document, const Domain& domain, Problems& problems) {
  check_switches(domain, problems);
  check_tls(document, domain, problems);
}

}  // namespace gateway::config
