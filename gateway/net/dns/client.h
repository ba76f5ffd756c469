// Asks /etc/hosts and the system's DNS servers for the addresses of a name (c-ares): no thread, and
// unlike getaddrinfo it tells how long an answer holds.
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace gateway::net::dns {

// Questions that are open when it is destroyed are never answered; nothing waits for them.
class Client final : private DeadlineWheel::Entry {
 public:
  struct Options {
    std::string servers = {};  // "127.0.0.1:5353,[::1]:5353"; empty: those of resolv_conf
    std::string resolv_conf = "/etc/resolv.conf";
    uint16_t port = 53;                   // of servers that are named without one
    milliseconds first_timeout{2'000};    // the second try takes twice as long, and so on
    int tries = 3;                        // of each server
    milliseconds reread_interval{5'000};  // how often resolv_conf is looked at, at most
    bool absolute = false;  // names end in the dot of the root: no search list is gone through
  };

  struct Reply {
    enum class Kind : uint8_t {
      found,
      no_such_name,  // a server has said so
      failed         // nobody knows; or there is a name, but no address that anybody told
    };
    Kind kind = Kind::failed;
    std::vector<Address> addresses;  // port 0, each one once, in the order of RFC 6724
    milliseconds life{0};            // the smallest TTL on the way; 0 for what stands in /etc/hosts
    std::string error;               // empty when found
    bool ours = false;               // failed: we had nothing to ask with, so no server was asked
    bool written = false;            // nobody's word but this machine's: /etc/hosts, or localhost
  };

  class Handler {
   public:
    // May come from inside ask(). Must neither ask nor destroy the client.
    virtual void on_reply(const std::string& name, Reply reply) = 0;

   protected:
    ~Handler() = default;
  };

  static constexpr size_t kMaxAddresses = 64;  // of one name; what a server says beyond is dropped

  Client(Loop& loop, Options options, Handler& handler);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // One reply for each call.
  void ask(const std::string& name);

 private:
  struct Socket;
  struct Calls;
  struct Question;
  struct Version {  // of resolv_conf
    timespec changed{};
    uint64_t file = 0;
    bool operator==(const Version& other) const {
      return changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec &&
             file == other.file;
    }
  };

  void open();
  void close();
  void notice_changes();
  Version version() const;
  void send(const std::string& name);
  void process(int readable, int writable);
  void arm();
  void on_deadline(milliseconds now) override;
  void watch(int fd, bool readable, bool writable);
  void answered(const Question& question, int status, const ares_addrinfo* found);
  static void on_answer(void* question, int status, int timeouts, ares_addrinfo* found);

  Loop& loop_;
  const Options options_;
  Handler& handler_;
  ares_channeldata* channel_ = nullptr;  // null: it could not be set up, `trouble_` says why
  std::string trouble_;
  std::map<int, std::unique_ptr<Socket>> sockets_;  // at most two for each server
  int lack_ = 0;  // errno of the last socket that could not be opened for what we lack
  bool closing_ = false;
  std::vector<std::string> unanswered_;  // of the channel that is being closed
  Version read_;
  milliseconds looked_{0};  // when resolv_conf was looked at
};

}  // namespace gateway::net::dns
