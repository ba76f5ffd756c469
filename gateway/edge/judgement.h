// Judges a request before a byte of it goes anywhere: whose it is, and whether it may become a
// session.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/outcome/end.h"
#include "gateway/route/snapshot.h"
#include "proto/http1/target.h"
#include "proto/ws/handshake.h"

namespace gateway::edge {

// What a client asked, as far as it has been understood.
struct Request {
  proto::http1::RequestHead head;
  proto::http1::Target target;            // once find_domain has passed
  proto::ws::UpgradeRequest upgrade;      // once judge_upgrade has passed
  const route::Domain* domain = nullptr;  // the snapshot's; null: none was found
  const route::Route* route = nullptr;    // of the domain; null: none covers the path
};

// What to answer instead of a 101, and whose doing it is.
struct Refusal {
  int status;
  outcome::Cause cause;
  std::string why;               // one line, for body and log
  std::string_view fields = {};  // further ones of the answer, each with its CR LF
  outcome::By by = outcome::By::client;
  std::string detail = {};  // for the log alone
};

// Of a node that is leaving.
[[nodiscard]] Refusal refused_by_drain();

// By Host and path: 400, 404, 508. Over TLS the name of the connection must lead to the same
// domain, else 421; `server_name` is nothing on a plain connection, and empty when the client sent
// none.
[[nodiscard]] std::optional<Refusal> find_domain(const route::Snapshot& snapshot,
                                                 std::optional<std::string_view> server_name,
                                                 Request& request);

// The handshake (400, 417, 426), the domain's switch and its allowed origins (403), its budget
// (429), a node that is leaving (503).
[[nodiscard]] std::optional<Refusal> judge_upgrade(bool draining, Request& request);

}  // namespace gateway::edge
