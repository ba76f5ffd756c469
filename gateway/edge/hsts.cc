#include "gateway/edge/hsts.h"

#include <string_view>

#include "gateway/config/hsts.h"
#include "proto/base/text.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

namespace {

const config::Http* settings_of(const Request& request) {
  if (request.route != nullptr) return request.route->http.get();
  return request.domain != nullptr ? &request.domain->config->http : nullptr;
}

// Without the lines of that name; each ends with CR LF.
void remove(std::string& fields, std::string_view name) {
  size_t at = 0;
  while (at < fields.size()) {
    const size_t end = fields.find("\r\n", at) + 2;
    const std::string_view line = std::string_view(fields).substr(at, end - at);
    if (proto::equals_ignoring_case(line.substr(0, line.find(':')), name)) {
      fields.erase(at, end - at);
    } else {
      at = end;
    }
  }
}

}  // namespace

std::string with_hsts(const Request& request, std::string fields) {
  const config::Http* const http = settings_of(request);
  if (http == nullptr || !http->hsts || !request.client_tls()) return fields;
  remove(fields, config::kHstsField);
  proto::http1::append_field(fields, config::kHstsField, to_string(*http->hsts));
  return fields;
}

}  // namespace gateway::edge
