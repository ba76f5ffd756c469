#include "gateway/net/tls/peer_certificates.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/certificates.h"

using gateway::net::tls::PeerCertificates;

namespace {

struct VerificationFree {
  void operator()(X509_STORE_CTX* verification) const { X509_STORE_CTX_free(verification); }
};

// What a peer shows in a handshake: its chain, parsed anew, the peer's own certificate first.
class Shown {
 public:
  explicit Shown(const std::vector<std::string>& files) : chain_(sk_X509_new_null()) {
    for (const std::string& file : files) {
      auto read = gateway::net::tls::read_certificates(file);
      REQUIRE(read.has_value());
      sk_X509_push(chain_, read->front().release());
    }
    REQUIRE(X509_STORE_CTX_init(verification_.get(), nullptr, sk_X509_value(chain_, 0), chain_) ==
            1);
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;
  ~Shown() { sk_X509_pop_free(chain_, X509_free); }

  X509_STORE_CTX* verification() { return verification_.get(); }
  X509* at(int index) { return sk_X509_value(chain_, index); }

 private:
  std::unique_ptr<X509_STORE_CTX, VerificationFree> verification_{X509_STORE_CTX_new()};
  STACK_OF(X509) * chain_;
};

struct Files {
  Files() {
    for (size_t i = 0; i <= PeerCertificates::kMost; ++i) {
      made.add({.name = "leaf" + std::to_string(i), .alternative_names = "DNS:a.example"});
    }
  }
  std::string leaf(size_t index) const {
    return made.path("leaf" + std::to_string(index) + ".pem");
  }
  tests::Certificates made;
};

}  // namespace

TEST_CASE("peer certificates: what was kept stands in the place of what is equal") {
  const Files files;
  PeerCertificates all;
  Shown first({files.leaf(0), files.made.ca_file()});
  all.replace_known(first.verification());
  all.keep(first.verification());
  Shown second({files.leaf(0), files.made.ca_file()});
  REQUIRE(second.at(0) != first.at(0));
  all.replace_known(second.verification());
  CHECK(second.at(0) == first.at(0));
  CHECK(second.at(1) == first.at(1));
  CHECK(X509_STORE_CTX_get0_cert(second.verification()) == first.at(0));
}

TEST_CASE("peer certificates: of another certificate nothing is replaced") {
  const Files files;
  PeerCertificates all;
  Shown first({files.leaf(0)});
  all.keep(first.verification());
  Shown other({files.leaf(1)});
  X509* const own = other.at(0);
  all.replace_known(other.verification());
  CHECK(other.at(0) == own);
  CHECK(X509_STORE_CTX_get0_cert(other.verification()) == own);
}

TEST_CASE("peer certificates: what was not accepted is not kept") {
  const Files files;
  PeerCertificates all;
  Shown refused({files.leaf(0)});
  all.replace_known(refused.verification());
  Shown again({files.leaf(0)});
  X509* const own = again.at(0);
  all.replace_known(again.verification());
  CHECK(again.at(0) == own);
}

TEST_CASE("peer certificates: beyond the most that are kept the least recently shown one goes") {
  const Files files;
  PeerCertificates all;
  const auto is_known = [&](size_t index) {
    Shown shown({files.leaf(index)});
    X509* const own = shown.at(0);
    all.replace_known(shown.verification());
    return shown.at(0) != own;
  };
  for (size_t i = 0; i < PeerCertificates::kMost; ++i) {
    Shown shown({files.leaf(i)});
    all.keep(shown.verification());
  }
  CHECK(is_known(0));
  Shown last({files.leaf(PeerCertificates::kMost)});
  all.keep(last.verification());
  CHECK_FALSE(is_known(1));
  CHECK(is_known(0));
  CHECK(is_known(PeerCertificates::kMost));
}
