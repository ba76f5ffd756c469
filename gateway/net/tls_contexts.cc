#include "gateway/net/tls_contexts.h"

namespace gateway::net {

namespace {

TlsContexts::Made another(const TlsContexts::Made& made) {
  if (!made) return proto::Unexpected{made.error()};
  SSL_CTX_up_ref(made->get());
  return SslContextPtr(made->get());
}

}  // namespace

TlsContexts::Made TlsContexts::server(const Certificate& certificate) {
  const Files files(certificate.chain_file, certificate.key_file);
  auto known = servers_.find(files);
  if (known == servers_.end())
    known = servers_.emplace(files, make_server_context(certificate)).first;
  return another(known->second);
}

TlsContexts::Made TlsContexts::origin(const OriginTlsOptions& options) {
  const auto known = origins_.find(options);
  if (known != origins_.end()) return another(known->second);
  auto authorities = authorities_.find(options.ca_file);
  if (authorities == authorities_.end()) {
    authorities = authorities_.emplace(options.ca_file, read_authorities(options.ca_file)).first;
  }
  Made made = authorities->second ? make_origin_context(options, authorities->second->get())
                                  : Made(proto::Unexpected{authorities->second.error()});
  return another(origins_.emplace(options, std::move(made)).first->second);
}

}  // namespace gateway::net
