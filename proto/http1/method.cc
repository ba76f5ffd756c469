#include "proto/http1/method.h"

#include <algorithm>
#include <array>

namespace proto::http1 {

namespace {

// What llhttp knows but for PRI, which begins HTTP/2, and the methods of RTSP.
constexpr std::array<std::string_view, 32> kPassing = {
    "GET",    "HEAD",       "POST",   "PUT",       "DELETE",   "OPTIONS",   "PATCH",  "ACL",
    "BIND",   "CHECKOUT",   "COPY",   "LINK",      "LOCK",     "M-SEARCH",  "MERGE",  "MKACTIVITY",
    "MKCOL",  "MKCALENDAR", "MOVE",   "NOTIFY",    "PROPFIND", "PROPPATCH", "PURGE",  "REBIND",
    "REPORT", "SEARCH",     "SOURCE", "SUBSCRIBE", "UNBIND",   "UNLINK",    "UNLOCK", "UNSUBSCRIBE",
};

}  // namespace

MethodKind kind_of_method(std::string_view method) {
  if (method == "CONNECT" || method == "TRACE") return MethodKind::refused;
  const bool known = std::ranges::find(kPassing, method) != kPassing.end();
  return known ? MethodKind::passes : MethodKind::unknown;
}

std::span<const std::string_view> passing_methods() { return kPassing; }

}  // namespace proto::http1
