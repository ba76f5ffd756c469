#include "gateway/net/tls/peer_certificates.h"

#include <algorithm>

namespace gateway::net::tls {

X509* PeerCertificates::find(X509* shown) {
  const auto found = std::ranges::find_if(
      kept_, [shown](const CertificatePtr& one) { return X509_cmp(one.get(), shown) == 0; });
  if (found == kept_.end()) return nullptr;
  std::rotate(found, found + 1, kept_.end());
  return kept_.back().get();
}

void PeerCertificates::replace_known(X509_STORE_CTX* verification) {
  const std::lock_guard lock(mutex_);
  // The stack is the connection's own: OpenSSL keeps it as the peer's chain, and its first
  // certificate as the peer's, when the verification is over.
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(verification);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* shown = sk_X509_value(chain, i);
    X509* known = find(shown);
    if (known == nullptr || known == shown) continue;
    if (X509_STORE_CTX_get0_cert(verification) == shown)
      X509_STORE_CTX_set_cert(verification, known);
    X509_up_ref(known);
    sk_X509_set(chain, i, known);
    X509_free(shown);
  }
}

void PeerCertificates::keep(X509_STORE_CTX* verification) {
  const std::lock_guard lock(mutex_);
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(verification);
  const auto most = std::min(sk_X509_num(chain), static_cast<int>(kMost));
  for (int i = 0; i < most; ++i) {
    X509* shown = sk_X509_value(chain, i);
    if (find(shown) != nullptr) continue;
    if (kept_.size() == kMost) kept_.erase(kept_.begin());
    X509_up_ref(shown);
    kept_.emplace_back(shown);
  }
}

}  // namespace gateway::net::tls
