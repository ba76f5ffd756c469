#include "gateway/route/trust.h"

#include <algorithm>

namespace gateway::route {

namespace {

// What is known under that key; null: nothing.
template <class Map>
const typename Map::mapped_type* known(const Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  return found != map.end() ? &found->second : nullptr;
}

}  // namespace

bool Trust::unchanged(const std::string& file) {
  if (const File* seen = known(files_, file)) return seen->unchanged;
  const File* const earlier = before_ != nullptr ? known(before_->files_, file) : nullptr;
  File now;
  now.version = files::look_at(file, earlier != nullptr ? &earlier->version : nullptr);
  now.unchanged = earlier != nullptr && now.version.says_the_same_as(earlier->version);
  return files_.emplace(file, now).first->second.unchanged;
}

bool Trust::unchanged_authorities(const std::string& file) {
  if (!file.empty()) return unchanged(file);
  bool all = true;
  for (const std::string& one : net::tls::system_authorities()) all = unchanged(one) && all;
  return all;
}

const Trust::Authorities& Trust::authorities(const std::string& file) {
  if (const Authorities* here = known(authorities_, file)) return *here;
  const bool same = unchanged_authorities(file);
  const Authorities* const earlier =
      same && before_ != nullptr ? known(before_->authorities_, file) : nullptr;
  if (earlier != nullptr) return authorities_.emplace(file, *earlier).first->second;
  auto read = net::tls::read_authorities(file);
  return authorities_
      .emplace(file, read ? Authorities(net::tls::SharedAuthorities(std::move(*read)))
                          : Authorities(proto::Unexpected{read.error()}))
      .first->second;
}

Trust::Made Trust::server(const net::tls::Certificate& certificate) {
  const Pair files(certificate.chain_file, certificate.key_file);
  if (const Made* here = known(servers_, files)) return *here;
  // What judges the certificate's chain.
  authorities({});
  // Each file is looked at, whatever another one says.
  bool same = unchanged_authorities({});
  for (const std::string& file : {files.first, files.second}) same = unchanged(file) && same;
  const Made* const earlier =
      same && before_ != nullptr ? known(before_->servers_, files) : nullptr;
  return servers_.emplace(files, earlier != nullptr ? *earlier : make_server(certificate))
      .first->second;
}

Trust::Made Trust::origin(const net::tls::OriginOptions& options) {
  if (const Made* here = known(origins_, options)) return *here;
  const Authorities& whom = authorities(options.ca_file);
  bool same = unchanged_authorities(options.ca_file);
  for (const std::string& file : {options.client_chain_file, options.client_key_file})
    same = (file.empty() || unchanged(file)) && same;
  const Made* const earlier =
      same && before_ != nullptr ? known(before_->origins_, options) : nullptr;
  return origins_.emplace(options, earlier != nullptr ? *earlier : make_origin(options, whom))
      .first->second;
}

Trust::Made Trust::make_server(const net::tls::Certificate& certificate) {
  auto context = net::tls::make_server_context(certificate);
  if (!context) return proto::Unexpected{context.error()};
  return identity_of(std::move(*context));
}

Trust::Made Trust::make_origin(const net::tls::OriginOptions& options, const Authorities& whom) {
  using net::tls::Mistake;
  if (!whom) return proto::Unexpected{Mistake{Mistake::In::authorities, whom.error()}};
  auto context = net::tls::make_origin_context(options, whom->get());
  if (!context) return proto::Unexpected{context.error()};
  if (!options.client_chain_file.empty()) return identity_of(std::move(*context));
  return std::make_shared<const Identity>(Identity{.context = std::move(*context), .facts = {}});
}

std::shared_ptr<const Trust::Identity> Trust::identity_of(net::tls::SslContextPtr context) {
  net::tls::IdentityFacts facts = net::tls::look_at_identity(context.get(), authorities({})->get());
  return std::make_shared<const Identity>(
      Identity{.context = std::move(context), .facts = std::move(facts)});
}

}  // namespace gateway::route
