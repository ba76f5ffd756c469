// What answers say: the text of refusals, and how HTTP/1.1 writes them down.
#pragma once

#include <string>
#include <string_view>

#include "gateway/edge/answerer.h"
#include "gateway/edge/refusal.h"

namespace gateway::edge {

// One line, in the words of the log.
[[nodiscard]] std::string refusal_fields(const Refusal& refusal);
[[nodiscard]] std::string refusal_body(const Refusal& refusal);
void answer_refusal(Answerer& answerer, const Refusal& refusal);

// A whole HTTP/1.1 answer.
struct Http1Answer {
  int status;
  std::string_view fields;
  std::string_view body;
  bool to_head = false;                   // without the body
  std::string_view connection = "close";  // empty: no such field, which in HTTP/1.1 is to keep it
};
[[nodiscard]] std::string http1_response(const Http1Answer& answer);

// Exactly `HTTP/1.1 101 Switching Protocols`, one Upgrade, one Connection: some clients refuse
// anything else. `key`: the client's.
[[nodiscard]] std::string http1_switching(std::string_view key,
                                          const proto::ws::UpgradeAnswer& agreed,
                                          std::string_view fields);

}  // namespace gateway::edge
