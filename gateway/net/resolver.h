// Turns configured names into addresses, off the loop (libuv's thread pool), one look-up at a time
// for each name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"

namespace gateway::net {

class Resolver final : private Poller::Watched {
 public:
  struct Answer {
    std::vector<Address> addresses;  // port 0; empty: `error` says why
    std::string error;
  };
  using Callback = std::function<void(const Answer&)>;

  // A question; destroying it means that the answer is no longer wanted.
  class Query {
   public:
    explicit Query(Callback callback) : callback_(std::move(callback)) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

   private:
    friend class Resolver;
    Callback callback_;
    std::vector<Query*>* waiting_ = nullptr;  // where it stands in line
  };

  explicit Resolver(Loop& loop);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // The callback comes from the loop, never from inside the call. Names over 253 bytes fail. Good
  // answers are kept for a few seconds, so that a storm of sessions asks once.
  [[nodiscard]] std::unique_ptr<Query> resolve(const std::string& name, Callback callback);

 private:
  static constexpr milliseconds kKeep{5'000};

  struct Lookup;  // one uv_getaddrinfo; it outlives the resolver when that goes first
  struct Known {
    Answer answer;
    milliseconds until{0};
    std::vector<Query*> waiting;
    Lookup* running = nullptr;
  };

  void on_ready(uint32_t events) override;
  void ask(const std::string& name, Known& known);
  static void on_answer(uv_getaddrinfo_t* request, int status, addrinfo* found);
  void deliver(Known& known);

  Loop& loop_;
  std::vector<Known*> known_already_;                // whose answer waits for the loop's next turn
  std::map<std::string, Known, std::less<>> known_;  // as many as the configuration has names
};

}  // namespace gateway::net
