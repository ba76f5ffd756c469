#include "gateway/origin/client_fields.h"

#include "proto/base/text.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"

namespace gateway::origin {

namespace {

// Credentials go to the host that they were given for, and ours are sent alone.
bool is_kept_back(std::string_view field, const Asking& asking) {
  const bool authorization = proto::equals_ignoring_case(field, "Authorization");
  if (asking.foreign) return authorization || proto::equals_ignoring_case(field, "Cookie");
  return authorization && asking.credentials_are_ours;
}

proto::proxy_header::Address end_of(const net::Address& address) {
  const std::string host = address.host();
  auto end = address.family() == AF_INET6 ? proto::proxy_header::parse_ipv6(host)
                                          : proto::proxy_header::parse_ipv4(host);
  if (!end) return {};
  end->port = address.port();
  return *end;
}

}  // namespace

void append_client_fields(std::string& text, const Asked& asked, const Asking& asking,
                          const std::vector<std::string_view>& own) {
  const proto::http1::Sender sender{.trusted = asked.source.trusted,
                                    .address_header = asked.source.address_header};
  for (const auto& field : proto::http1::request_fields(asked.head.fields, sender, own)) {
    if (!is_kept_back(field.name, asking))
      proto::http1::append_field(text, field.name, field.value);
  }
}

void append_source(std::string& text, const Asked& asked, std::string_view via) {
  const proto::http1::Fields& fields = asked.head.fields;
  const Source& source = asked.source;
  const std::string client = asked.client.host();
  proto::http1::append_hop(
      text, {.client_address = client,
             .list = source.list,
             .scheme = asked.client_tls ? "https" : "http",
             .host = source.host.empty() ? fields.first("Host").value_or("") : source.host,
             .via = via,
             .forwarded = source.forwarded,
             .forwarded_before = source.trusted && fields.count("Forwarded") > 0 &&
                                 proto::equals_ignoring_case(source.address_header, "Forwarded")});
}

std::optional<proto::proxy_header::Addresses> client_ends(const Asked& asked,
                                                          const config::Origin& settings) {
  if (settings.proxy_protocol == config::Origin::ProxyProtocol::off) return std::nullopt;
  if (asked.client.family() == AF_UNSPEC || asked.server.family() == AF_UNSPEC) return std::nullopt;
  return proto::proxy_header::Addresses{end_of(asked.client), end_of(asked.server)};
}

}  // namespace gateway::origin
