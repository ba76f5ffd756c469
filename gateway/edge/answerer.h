// How a request is answered, whatever carrier it came on: an HTTP/1.1 connection, later a stream of
// HTTP/2.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/exchange/client_side.h"
#include "gateway/net/admission.h"
#include "gateway/net/stream.h"
#include "proto/ws/handshake.h"

namespace gateway::edge {

// Of one request, from its handshake. Exactly one of three things is done with it, now or from the
// loop: a whole answer, a switch, or an exchange that begins an answer and finishes or cuts it (see
// ClientSide). The carrier has the request's outcome told, and then writes. It outlives the call in
// any case, and the request outlives the turn of the loop in which its answer is whole.
//
// Fields come as text, each with its CR LF, as proto::http1::append_field writes them, and without
// those that frame a message or concern one hop: these are the carrier's own.
class Answerer : public exchange::ClientSide {
 public:
  // A whole answer. To HEAD it is sent without the body, of which it still says the length. Whether
  // the connection serves another request behind it the carrier decides, by the request and the
  // status.
  virtual void answer(int status, std::string_view fields, std::string_view body) = 0;

  // The client's side of a session.
  struct Switched {
    std::unique_ptr<net::Stream> stream;  // behind the answer; reads when it is started
    std::string early;                    // what the client has said since it asked
    net::Admission::Pass pass;  // of a connection that has become the session's; empty: the carrier
                                // goes on, and keeps its own
  };
  // Yes to an upgrade, with what was agreed on.
  virtual Switched switch_over(const proto::ws::UpgradeAnswer& agreed, std::string_view fields) = 0;

 protected:
  ~Answerer() = default;
};

}  // namespace gateway::edge
