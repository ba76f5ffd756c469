#include "gateway/config/named_files.h"

#include <set>
#include <string_view>

namespace gateway::config {

namespace {

class Collection {
 public:
  void add(const std::string& path) {
    if (!path.empty()) paths_.insert(path);
  }
  // "file:/path"; "system", "${NAME}" and nothing at all name no file.
  void add_reference(std::string_view reference) {
    constexpr std::string_view kFile = "file:";
    if (reference.starts_with(kFile)) add(std::string(reference.substr(kFile.size())));
  }
  void add(const Domain& domain) {
    if (domain.tls) {
      add(domain.tls->certificate);
      add(domain.tls->key);
    }
    add(domain.origin);
    for (const RouteSettings& route : domain.routes) add(route.origin);
  }
  void add(const Origin& origin) {
    add_reference(origin.tls.ca);
    add(origin.tls.client_certificate);
    add(origin.tls.client_key);
    if (origin.sticky) add(origin.sticky->key_file);
    add_secrets(origin);
  }
  void add_secrets(const Origin& origin) {
    if (origin.auth) add_reference(origin.auth->credentials.password_source);
    if (origin.forward_proxy && origin.forward_proxy->credentials)
      add_reference(origin.forward_proxy->credentials->password_source);
  }

  std::vector<std::string> list() const { return {paths_.begin(), paths_.end()}; }

 private:
  std::set<std::string> paths_;
};

}  // namespace

std::vector<std::string> named_files(const Document& document) {
  Collection all;
  if (document.usage.postgres) all.add_reference(document.usage.postgres->url_source);
  for (const Domain& domain : document.domains) all.add(domain);
  return all.list();
}

std::vector<std::string> secret_files(const Domain& domain) {
  Collection all;
  all.add_secrets(domain.origin);
  for (const RouteSettings& route : domain.routes) all.add_secrets(route.origin);
  return all.list();
}

}  // namespace gateway::config
