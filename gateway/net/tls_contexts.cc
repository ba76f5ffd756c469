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
  const Authorities& whom = authorities(options.ca_file);
  Made made = whom ? make_origin_context(options, whom->get())
                   : Made(proto::Unexpected{TlsMistake{TlsMistake::In::authorities, whom.error()}});
  return another(origins_.emplace(options, std::move(made)).first->second);
}

const IdentityFacts& TlsContexts::identity_of(const SslContextPtr& context) {
  const auto known = identities_.find(context.get());
  if (known != identities_.end()) return known->second;
  return identities_.emplace(context.get(), look_at_identity(context.get(), authorities({})->get()))
      .first->second;
}

const TlsContexts::Authorities& TlsContexts::authorities(const std::string& file) {
  const auto known = authorities_.find(file);
  if (known != authorities_.end()) return known->second;
  return authorities_.emplace(file, read_authorities(file)).first->second;
}

}  // namespace gateway::net
