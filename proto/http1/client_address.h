// Who a request comes from, where proxies that are trusted stand before us and say so in a field.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "proto/http1/head.h"

namespace proto::http1 {

// How many addresses of the field count: the last ones.
inline constexpr size_t kMaxProxies = 32;

// The address as canonical_ip() spells it.
using IsTrusted = std::function<bool(std::string_view address)>;

// Read from the right, since anybody may have written the left: those that are trusted are passed
// over, and the first other one is the client. When all are trusted it is the last that was looked
// at; what is no address (`unknown`, `_hidden`, a zone) ends the reading, and the client is whoever
// was taken before it, the peer if nobody was.
//
// `header`: Forwarded (RFC 7239), or a list of addresses as in X-Forwarded-For, or one address.
// Ports and brackets may stand at them. `peer` is trusted, and canonical like the result.
[[nodiscard]] std::string client_address(const Fields& fields, std::string_view header,
                                         std::string_view peer, const IsTrusted& is_trusted);

// What the fields of that name list, as it came, separated by ", "; of Forwarded the values of
// `for`, without quotes. Empty: nothing.
[[nodiscard]] std::string forwarded_list(const Fields& fields, std::string_view header);

// The address in an element of such a list, canonical; nothing: it is none.
[[nodiscard]] std::optional<std::string> address_of(std::string_view element);

// What a trusted peer says in X-Forwarded-Proto: true, that the client came over TLS. A list says
// so when all of it does; wss and ws (Traefik) are https and http. Nothing: it does not say.
[[nodiscard]] std::optional<bool> forwarded_tls(const Fields& fields);

// What it says in X-Forwarded-Host: one host, perhaps with a port. Empty: it does not say, or
// something else.
[[nodiscard]] std::string_view forwarded_host(const Fields& fields);

}  // namespace proto::http1
