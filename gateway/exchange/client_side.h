// The client's half of an exchange, as the carrier gives it: its request's body, and where the
// answer goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/base/bytes.h"

namespace gateway::exchange {

// Of one request; outlives its exchange. Nothing here calls back from within: what the client does
// is told to the exchange from the loop.
//
//  octets of the body, its end      after accept_body(), in order; not of a request without a body
//  the body is broken               its framing is, max_body is passed, or the client ended or was
//                                   silent in the middle of it: nothing more of it comes
//  drained                          it was congested, and is no more
//  the client has left              nobody can be answered any more; nothing here is called
//                                   afterwards
//
// The carrier alone knows the client's time: body_timeout, body_rate and send_stall_timeout are its
// own, and end the exchange by abort(). It knows what a client of HTTP/1.0
// understands, too, and what Connection says.
class ClientSide {
 public:
  // The request is judged and its origin's connection stands: a client that waits for 100 hears it,
  // and octets of the body come from now on. Once.
  virtual void accept_body() = 0;
  // Whether the source of the body is read. What was read already may still come: one read.
  virtual void pause_body() = 0;
  virtual void resume_body() = 0;

  // An interim answer, 102 or 103, before the final one. A client of HTTP/1.0 is spared it.
  virtual void give_interim(int status, std::string_view fields) = 0;

  // How the body of the answer is framed, as far as the origin has said it.
  struct Body {
    enum class Kind : uint8_t {
      none,     // to HEAD, or with 204 or 304: `length` is only announced
      length,   // so many octets
      unknown,  // until finish_answer(): chunked, or the connection's end where the client knows no
                // chunks
    };
    Kind kind = Kind::none;
    std::optional<uint64_t> length = std::nullopt;
    // The rest of the request's body is not wanted: finish_answer(false) or cut_answer() will end
    // this, so that the client can be told that its connection closes.
    bool closes = false;
  };
  // The head of the final answer, once. Fields as Answerer takes them: end-to-end ones, each with
  // its CR LF. It goes out with what is given in the same turn of the loop, and no later than that
  // turn's end.
  virtual void begin_answer(int status, std::string_view fields, const Body& body) = 0;
  // Octets of the body, without framing; empty is nothing. One call becomes one chunk, so a read is
  // given whole. Takes all; ask congested() behind it.
  virtual void give_body(proto::Bytes octets) = 0;
  virtual bool congested() const = 0;
  // Bytes that the kernel has not taken yet.
  virtual size_t queued() const = 0;
  // The answer is whole. `keep`: the connection may serve another request, as far as the exchange
  // is concerned. The carrier goes on at once, and the exchange is over.
  virtual void finish_answer(bool keep) = 0;
  // The answer cannot be made whole: the client must see that. No last chunk, and the connection is
  // closed. The exchange is over.
  virtual void cut_answer() = 0;

 protected:
  ~ClientSide() = default;
};

}  // namespace gateway::exchange
