#include "gateway/edge/responses.h"

#include "proto/http1/body.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

namespace {

constexpr std::string_view kTextFields = "Content-Type: text/plain; charset=utf-8\r\n";
constexpr int kUpgradeRequired = 426;

}  // namespace

std::string refusal_fields(const Refusal& refusal) {
  return std::string(kTextFields).append(refusal.fields);
}

std::string refusal_body(const Refusal& refusal) { return refusal.why + "\n"; }

void answer_refusal(Answerer& answerer, const Refusal& refusal) {
  answerer.answer(refusal.status, refusal_fields(refusal), refusal_body(refusal));
}

std::string http1_response(const Http1Answer& answer) {
  std::string text;
  text.reserve(256 + answer.fields.size() + (answer.to_head ? 0 : answer.body.size()));
  proto::http1::append_status_line(text, answer.status);
  text += answer.fields;
  if (proto::http1::has_body(answer.status))
    proto::http1::append_field(text, "Content-Length", std::to_string(answer.body.size()));
  if (!answer.connection.empty()) proto::http1::append_field(text, "Connection", answer.connection);
  if (answer.status == kUpgradeRequired) {
    // It names what is asked for (RFC 9110 §15.5.22), and that is hop by hop.
    proto::http1::append_field(text, "Upgrade", "websocket");
    proto::http1::append_field(text, "Connection", "Upgrade");
  }
  proto::http1::append_end(text);
  if (!answer.to_head) text += answer.body;
  return text;
}

std::string http1_switching(std::string_view key, const proto::ws::UpgradeAnswer& agreed,
                            std::string_view fields) {
  std::string text;
  text.reserve(384);
  proto::http1::append_status_line(text, 101);
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Accept", proto::ws::accept_for(key));
  if (agreed.subprotocol)
    proto::http1::append_field(text, "Sec-WebSocket-Protocol", *agreed.subprotocol);
  if (!agreed.extensions.empty())
    proto::http1::append_field(text, "Sec-WebSocket-Extensions", agreed.extensions);
  text += fields;
  proto::http1::append_end(text);
  return text;
}

}  // namespace gateway::edge
