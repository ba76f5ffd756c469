// The PROXY header of a load balancer, at the front of each connection to a listener with
// proxy_protocol: taken from trusted peers, refused from all others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/document.h"
#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/unique_fd.h"
#include "proto/proxy_header/decoder.h"

namespace gateway::edge {

// Looks at a socket before a stream is made of it, and takes exactly the header out: what follows
// stays in the kernel for TLS or HTTP. Owns the socket until it passes. How long that may take is
// the owner's deadline. Calls back once, from the loop, and may be destroyed in that call.
class ProxyPreface final : private net::Poller::Watched {
 public:
  enum class Rule {
    required,  // a trusted peer: a header, before anything else
    refused    // any other peer: one that begins with a header forges it
  };

  class Handler {
   public:
    // `client` is the address that the header names; nothing: the peer's own holds.
    virtual void on_prefaced(net::UniqueFd fd, const std::optional<net::Address>& client) = 0;
    virtual void on_preface_refused(const std::string& why) = 0;
    // The peer went away without a word, as a load balancer does that only checks the port.
    virtual void on_preface_abandoned() = 0;
    // The loop could not watch the socket: an errno value.
    virtual void on_preface_unwatched(int error) = 0;

   protected:
    ~Handler() = default;
  };

  ProxyPreface(net::Loop& loop, net::UniqueFd fd, Rule rule, Handler& handler);
  ProxyPreface(const ProxyPreface&) = delete;
  ProxyPreface& operator=(const ProxyPreface&) = delete;
  ~ProxyPreface();

  void start();
  Rule rule() const { return rule_; }
  // The peer has said something.
  bool has_begun() const;
  // Ends the wait for a peer that need not send a header: on_prefaced comes within the call.
  void give_up_waiting() { pass(std::nullopt); }

 private:
  // The longest header that is taken, and how much of a socket is looked at.
  static constexpr size_t kMost = proto::proxy_header::kDefaultMaxSize;

  void on_ready(uint32_t events) override;
  void take_header();
  void look_for_header(bool is_all);
  void pass(const std::optional<net::Address>& client);
  void lost();

  net::Loop& loop_;
  net::UniqueFd fd_;
  Rule rule_;
  Handler& handler_;
  proto::proxy_header::Decoder decoder_{kMost};
  bool begun_ = false;  // something of a header has been taken
  int unwatched_ = 0;   // errno
};

// The rule for a peer on a listener, by the configuration that holds now; nothing: the listener
// knows no PROXY headers, and there is no preface.
[[nodiscard]] std::optional<ProxyPreface::Rule> preface_rule(const config::Document& document,
                                                             std::string_view listener,
                                                             const net::Address& peer);

}  // namespace gateway::edge
