#include "gateway/route/certificate_review.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "proto/base/date_time.h"

namespace gateway::route {

namespace {

using std::chrono::days;

constexpr days kSoon{14};  // time enough to see why a renewal did not come

// Finds one thing after the other worth a warning.
class Review {
 public:
  // `what` is the certificate in a sentence, `who` are those that it is shown to.
  Review(const config::Scope& scope, std::string path, std::string what, std::string who)
      : scope_(scope), path_(std::move(path)), what_(std::move(what)), who_(std::move(who)) {}

  void warn(const char* code, const std::string& text) const {
    scope_.warn(path_, code, what_ + text);
  }

  void look_at_times(const net::tls::IdentityFacts& facts) const {
    for (size_t i = 0; i < facts.links.size(); ++i) {
      const net::tls::IdentityFacts::Link& link = facts.links[i];
      look_at_time(link, i == 0 ? "" : "stands before that of " + link.subject + ", which ");
    }
  }

  void look_at_chain(const net::tls::IdentityFacts& facts) const {
    if (facts.gap.empty()) return;
    warn("W_CERTIFICATE_CHAIN", "has no whole chain, and many " + who_ + " will refuse it: " +
                                    facts.gap + "; write the issuers' certificates behind it");
  }

 private:
  static std::chrono::sys_seconds time(int64_t seconds) {
    return std::chrono::sys_seconds(std::chrono::seconds(seconds));
  }

  void look_at_time(const net::tls::IdentityFacts::Link& link, const std::string& which) const {
    const auto now = std::chrono::system_clock::now();
    if (time(link.not_before) > now) {
      warn("W_CERTIFICATE_NOT_YET", which + "is not valid before " +
                                        proto::format_date(link.not_before) + ": " + who_ +
                                        " refuse it until then; is the clock right?");
      return;
    }
    const auto left = std::chrono::floor<days>(time(link.not_after) - now);
    if (left < days(0)) {
      warn("W_CERTIFICATE_EXPIRED", which + "has expired: " + who_ + " refuse it");
    } else if (left < kSoon) {
      warn("W_CERTIFICATE_EXPIRES", which + "expires within " + std::to_string(left.count() + 1) +
                                        (left.count() == 0 ? " day" : " days"));
    }
  }

  const config::Scope& scope_;
  std::string path_;
  std::string what_;
  std::string who_;
};

void look_at_names(const config::Domain& config, const Trust::Identity& identity,
                   const Review& review) {
  auto* const context = identity.context.get();
  if (!identity.facts.has_names) {
    return review.warn("W_CERTIFICATE_NAME",
                       "names nobody in a subjectAltName, and clients look at nothing else: have "
                       "it issued anew with DNS:" +
                           config.label());
  }
  for (const std::string& name : config.names) {
    if (net::tls::is_made_for(context, name)) continue;
    return review.warn("W_CERTIFICATE_NAME", "is not made for " + name);
  }
  for (const std::string& name : config.names) {
    if (!name.starts_with("*.") || net::tls::is_made_for(context, "any.any" + name.substr(1)))
      continue;
    return review.warn("W_CERTIFICATE_WILDCARD", "stands for one label before " + name.substr(1) +
                                                     ", " + name +
                                                     " of names for any number: clients of a.b" +
                                                     name.substr(1) + " will refuse it");
  }
}

}  // namespace

void review_certificate(const config::Scope& scope, const Trust::Identity& identity) {
  const net::tls::IdentityFacts& facts = identity.facts;
  const Review review(scope, "tls.certificate", "the certificate ", "clients");
  review.look_at_times(facts);
  review.look_at_chain(facts);
  if (!facts.is_for_servers)
    review.warn("W_CERTIFICATE_PURPOSE",
                "is not made for servers (extendedKeyUsage, keyUsage): clients refuse it");
  look_at_names(scope.domain, identity, review);
}

void review_client_certificate(const config::Scope& scope, const net::tls::IdentityFacts& facts) {
  const Review review(scope, "origin.tls.client_certificate", "the client certificate ", "origins");
  review.look_at_times(facts);
  // An origin that knows the issuer needs nothing more.
  if (!facts.alone) review.look_at_chain(facts);
  if (!facts.is_for_clients)
    review.warn("W_CERTIFICATE_PURPOSE",
                "is not made for clients (extendedKeyUsage, keyUsage): origins refuse it");
}

}  // namespace gateway::route
