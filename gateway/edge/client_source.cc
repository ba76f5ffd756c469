#include "gateway/edge/client_source.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proto/http1/client_address.h"

namespace gateway::edge {

void find_client(Request& request) {
  const config::Document& document = request.snapshot->document;
  if (document.trusted_proxies.empty()) return;
  const auto is_trusted = [&document](std::string_view address) {
    return config::any_contains(document.trusted_proxies, address);
  };
  const std::string peer = request.client.address.host();
  if (!is_trusted(peer)) return;
  const proto::http1::Fields& fields = request.head.fields;
  const std::string_view header = document.client_address_header;
  auto proxied = std::make_unique<Request::Proxied>();
  proxied->list = proto::http1::forwarded_list(fields, header);
  proxied->list.append(proxied->list.empty() ? "" : ", ").append(peer);
  proxied->host = proto::http1::forwarded_host(fields);
  proxied->tls = proto::http1::forwarded_tls(fields).value_or(request.client.entrance.tls);
  const std::string client = proto::http1::client_address(fields, header, peer, is_trusted);
  proxied->client = request.client.address;
  if (client != peer) proxied->client = net::Address::parse(client, 0).value_or(proxied->client);
  request.proxied = std::move(proxied);
}

origin::Asked asked_by(const Request& request) {
  origin::Source source{.address_header = request.snapshot->document.client_address_header,
                        .forwarded = request.route->http->forwarded};
  if (request.proxied) {
    source.trusted = true;
    source.list = request.proxied->list;
    source.host = request.proxied->host;
  }
  return {.head = request.head,
          .target = request.target,
          .client = request.client_address(),
          .server = request.client.server,
          .client_tls = request.client_tls(),
          .source = source};
}

}  // namespace gateway::edge
