// One plain request and its answer: what passes between a client's carrier and an origin.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "gateway/exchange/client_side.h"
#include "gateway/net/stream.h"
#include "gateway/origin/journey.h"
#include "gateway/outcome/failure.h"
#include "gateway/route/domain.h"

namespace gateway::exchange {

// Streams both ways and keeps nothing: the body of the request goes on as it comes, once a
// connection to the origin stands, and so does the answer. A sink that is congested stops its
// source alone.
//
// It is over once: refused, when nothing of the answer has gone to the client, or finished, or cut.
// Until then the carrier tells it what comes from the client, from the loop and never from inside a
// call of ClientSide. Whatever ends it closes the origin's connection in the same turn, unless that
// may serve another request.
class Exchange final {
 public:
  // Lives with it in the handshake. Whoever is told the end makes no more calls, and keeps the
  // exchange until the call that told it has returned.
  class Handler {
   public:
    // All that has moved by now between this node and origins, whenever it has become more; the
    // second: the server that is asked, null where it is none of the pool's.
    virtual void on_origin_moved(const net::Volume& totals, const route::Backend* server) = 0;
    // The end, before a byte of an answer: it is for the handler to answer with that status.
    virtual void on_exchange_refused(outcome::Failure failure) = 0;
    // The end of an exchange whose answer has begun, or whose client has left. `failure`: nothing,
    // the answer is whole. Unless the client has left, finish_answer() or cut_answer() follows from
    // inside the exchange, as the last that it does.
    virtual void on_exchange_over(const std::optional<outcome::Failure>& failure) = 0;

   protected:
    ~Handler() = default;
  };

  // All that is referred to outlives it.
  struct Asks {
    origin::Asked request;
    const route::Domain& domain;
    const route::Route& route;  // which has a pool
    std::string_view via;       // our name in the Via field
  };
  struct Lent {
    const origin::WorkerContext& worker;
    ClientSide& client;
    Handler& handler;
  };

  Exchange(const Lent& lent, const Asks& asks);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  // The handler may be told the end from inside, as from each of the calls below.
  void start();

  // Octets of the request's body, without their framing, and its end; after
  // ClientSide::accept_body(). Neither comes of a request that has none, or one of length 0.
  void on_body(proto::Bytes octets);
  void on_body_end();
  // The client was congested and is no more.
  void on_client_drained();
  // Nobody is there to be answered: told as over, with the cause client_abort.
  void client_left();
  // In place of what would have come: a body that is refused on its way (its framing, or
  // http.max_body), a drain's end. Refused with that, or cut.
  void abort(outcome::Failure why);
};

}  // namespace gateway::exchange
