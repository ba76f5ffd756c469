#include "gateway/edge/responses.h"

#include "gateway/edge/page.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

std::string switching_response(const proto::ws::UpgradeRequest& request,
                               const session::Upgrade::Upgraded& upgraded) {
  std::string text;
  text.reserve(384);
  proto::http1::append_status_line(text, 101);
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Accept", proto::ws::accept_for(request.key));
  if (upgraded.answer.subprotocol) {
    proto::http1::append_field(text, "Sec-WebSocket-Protocol", *upgraded.answer.subprotocol);
  }
  if (!upgraded.answer.extensions.empty()) {
    proto::http1::append_field(text, "Sec-WebSocket-Extensions", upgraded.answer.extensions);
  }
  text += upgraded.fields;
  proto::http1::append_end(text);
  return text;
}

std::string page_response() {
  std::string text;
  proto::http1::append_status_line(text, 200);
  proto::http1::append_field(text, "Content-Type", "text/html; charset=utf-8");
  proto::http1::append_field(
      text, "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
      "connect-src 'self' ws: wss:; img-src data:");
  proto::http1::append_field(text, "Cache-Control", "no-store");
  proto::http1::append_field(text, "Content-Length", std::to_string(echo_page().size()));
  proto::http1::append_field(text, "Connection", "close");
  proto::http1::append_end(text);
  text += echo_page();
  return text;
}

}  // namespace gateway::edge
