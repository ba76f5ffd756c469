#include "gateway/config/named_files.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace gateway::config;

TEST_CASE("named files: certificates, keys, authorities and passwords, each once") {
  Document document;
  document.usage.postgres = Postgres{.url = "postgresql://a@b/c", .url_source = "file:/run/url"};
  Domain domain;
  domain.tls = DomainTls{.certificate = "/tls/chat.pem", .key = "/tls/chat.key"};
  domain.origin.tls.ca = "file:/tls/ca.pem";
  domain.origin.tls.client_certificate = "/tls/edge.pem";
  domain.origin.tls.client_key = "/tls/edge.key";
  domain.origin.auth = OriginAuth{};
  domain.origin.auth->credentials.password_source = "file:/run/origin";
  domain.origin.forward_proxy = ForwardProxy{};
  domain.origin.forward_proxy->credentials = Credentials{};
  domain.origin.forward_proxy->credentials->password_source = "file:/run/proxy";
  document.domains.push_back(domain);
  document.domains.push_back(domain);
  CHECK(named_files(document) == std::vector<std::string>{"/run/origin", "/run/proxy", "/run/url",
                                                          "/tls/ca.pem", "/tls/chat.key",
                                                          "/tls/chat.pem", "/tls/edge.key",
                                                          "/tls/edge.pem"});
}

TEST_CASE("named files: what is written, in a variable, or the system's is no file") {
  Document document;
  document.usage.postgres = Postgres{.url = "a", .url_source = "${DATABASE}"};
  Domain domain;
  domain.origin.auth = OriginAuth{};
  document.domains.push_back(domain);
  CHECK(domain.origin.tls.ca == "system");
  CHECK(named_files(document).empty());
}
