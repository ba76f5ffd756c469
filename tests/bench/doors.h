// The two ports of an origin, and the line to whoever has started it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tests/bench/poller.h"
#include "tests/bench/socket.h"
#include "tests/bench/tls.h"

namespace bench {

// Prints "ready <plain port> <tls port>" and serves until its standard input ends. To each line
// there it prints what the handler says.
class Doors {
 public:
  class Handler {
   public:
    // The descriptor is the handler's from now on, and watched edge-triggered.
    virtual void on_accepted(int descriptor, Tls tls) = 0;
    // But that one cannot be.
    virtual void on_unwatched(int descriptor) = 0;
    virtual void on_event(int descriptor, uint32_t events) = 0;
    virtual std::string on_asked() = 0;

   protected:
    ~Handler() = default;
  };

  // Without a context there is no port with TLS.
  Doors(TlsContext tls, Handler& handler) : tls_(std::move(tls)), handler_(handler) {}

  [[nodiscard]] bool listen();
  void serve();

  Poller& poller() { return poller_; }
  static uint64_t tag(int descriptor) { return static_cast<uint64_t>(descriptor); }

 private:
  void on_event(int descriptor, uint32_t events);
  void answer();
  void accept_all(int listener);

  TlsContext tls_;
  Handler& handler_;
  Poller poller_;
  int plain_ = -1;
  int secure_ = -1;
  uint16_t plain_port_ = 0;
  uint16_t secure_port_ = 0;
  bool stopped_ = false;
};

}  // namespace bench
