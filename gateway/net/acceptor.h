// Accepts on a listening descriptor, one of those that were created once and handed to the workers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/unique_fd.h"

namespace gateway::net {

class Acceptor final : private Poller::Watched, private DeadlineWheel::Entry {
 public:
  class Handler {
   public:
    virtual void on_accepted(UniqueFd fd, const Address& peer) = 0;
    // accept failed (EMFILE, ENFILE, ENOBUFS, ENOMEM): accepting rests for a moment, then goes on.
    virtual void on_accept_failed(int error) = 0;

   protected:
    ~Handler() = default;
  };

  Acceptor(Loop& loop, UniqueFd fd, Handler& handler);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor();

  static constexpr int kBacklog = 4096;  // of a queue

  // From now on nobody can connect: who tries is not answered, and tries again until the descriptor
  // is closed. Connections that were half made still come.
  void take_no_more();
  // The same, and takes whatever is already queued on the descriptor: closing it would reset those
  // clients. No more than a queue holds, or a storm of clients would keep the loop here.
  void accept_waiting(size_t most = kBacklog);

 private:
  void on_ready(uint32_t events) override;
  void on_deadline(milliseconds now) override;
  bool accept_one();  // false: nothing is waiting, or accepting rests

  Loop& loop_;
  UniqueFd fd_;
  Handler& handler_;
  bool resting_ = false;
};

// Why a port could not be opened, in words an operator can act on ("port 443 needs root or
// CAP_NET_BIND_SERVICE").
struct BindError {
  int error = 0;
  std::string text;
};

// Opens `count` descriptors that share one address and port by SO_REUSEPORT, set before bind; the
// kernel spreads connections over them. A port somebody else listens on is an error even when he
// set SO_REUSEPORT, too, unless `shared` says that it is ours. Port 0: any; Address::local_of then
// tells which.
[[nodiscard]] std::optional<BindError> open_listeners(const Address& address, size_t count,
                                                      bool shared, std::vector<UniqueFd>& out);

}  // namespace gateway::net
