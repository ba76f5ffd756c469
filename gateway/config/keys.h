// The tables of all structs of the configuration: keys(Of<Keepalive>{}) has the keys below
// `keepalive:`.
#pragma once

#include "gateway/config/document.h"
#include "gateway/config/domain_reader.h"
#include "gateway/config/field.h"

namespace gateway::config {

// weir.yaml.
Table keys(Of<Document>);
Table keys(Of<Listener>);
Table keys(Of<ListenerProxyProtocol>);
Table keys(Of<Admin>);
Table keys(Of<Log>);
Table keys(Of<AccessLog>);
Table keys(Of<Drain>);
Table keys(Of<NodeLimits>);
Table keys(Of<Usage>);
Table keys(Of<Postgres>);
Table keys(Of<NameServers>);
Table keys(Of<Reload>);
Table keys(Of<Defaults>);

// domains/*.yaml.
Table keys(Of<Domain>);
Table keys(Of<DomainTls>);
Table keys(Of<Access>);
Table keys(Of<Http>);
Table keys(Of<Hsts>);
Table keys(Of<RedirectHttps>);
Table keys(Of<RouteSettings>);
Table keys(Of<RedirectTo>);
Table keys(Of<RespondWith>);
Table keys(Of<WebSocket>);
Table keys(Of<PerLeg>);
Table keys(Of<Keepalive>);
Table keys(Of<MaxLifetime>);
Table keys(Of<MaxMessage>);
Table keys(Of<DomainUsage>);
Table keys(Of<Budget>);

// Below `origin:`.
Table keys(Of<Origin>);
Table keys(Of<Server>);
Table keys(Of<Health>);
Table keys(Of<Ejection>);
Table keys(Of<Retries>);
Table keys(Of<Reuse>);
Table keys(Of<Sticky>);
Table keys(Of<Resolve>);
Table keys(Of<OriginTls>);
Table keys(Of<Credentials>);
Table keys(Of<OriginAuth>);
Table keys(Of<ForwardProxy>);

}  // namespace gateway::config
