// From an accepted socket to a stream that a protocol can be read from: the PROXY header, where the
// listener asks for one, then TLS.
#pragma once

#include <memory>
#include <optional>

#include "gateway/edge/client_facts.h"
#include "gateway/edge/proxy_preface.h"
#include "gateway/edge/refusal.h"
#include "gateway/edge/worker_context.h"

namespace gateway::edge {

//  prefacing ──no TLS here──────────────────▶ over: ready
//      │
//      └──▶ securing ──the handshake is done──▶ over: ready
//              └──turned away──▶ parting
// Each may end in over: lost, by the client's end, a fault or the deadline. That is
// limits.header_timeout after accept, whatever comes meanwhile: a byte now and then does not move
// it (slowloris). Parting has 2 s.
class ClientStream final : public ProxyPreface::Handler,
                           public net::tls::TlsStream::HandshakeHandler,
                           private net::Stream::Handler,
                           private net::DeadlineWheel::Entry {
 public:
  struct Ready {
    std::unique_ptr<net::Stream> stream;  // nothing behind TLS has been read: start() shows it
    ClientFacts facts;
    std::shared_ptr<const route::Snapshot> snapshot;  // the one that the client came in by
  };

  // One of the calls comes, once: from start(), or from the loop. Each may destroy the client
  // stream.
  class Handler {
   public:
    virtual void on_ready(Ready ready) = 0;
    // The client speaks HTTP in clear to a port with TLS: the stream is good for an answer in
    // clear that says so. `head`: it asked by HEAD.
    virtual void on_spoke_plain(Ready ready, bool head) = 0;
    // `why`: for the log; nothing: it left without a word, as a load balancer does that only
    // checks the port.
    virtual void on_lost(const std::optional<Refusal>& why) = 0;

   protected:
    ~Handler() = default;
  };

  // Context, entrance and handler outlive it.
  ClientStream(const WorkerContext& context, const Entrance& entrance, net::UniqueFd fd,
               const net::Address& peer, Handler& handler);
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;
  ~ClientStream() = default;

  void start();
  // Drain: a client that has said nothing yet gets a FIN, one that has may go on.
  void turn_away();
  // At once, without a word.
  void abort() { lose(std::nullopt); }

  const ClientFacts& facts() const { return facts_; }
  const std::shared_ptr<const route::Snapshot>& snapshot() const { return snapshot_; }

 private:
  enum class Stage { prefacing, securing, parting, over };

  void on_prefaced(net::UniqueFd fd, const std::optional<net::Address>& client) override;
  void on_preface_refused(const std::string& why) override;
  void on_preface_abandoned() override { lose(std::nullopt); }
  void on_preface_unwatched(int error) override { lose(lost_by_own_fault(-error)); }
  void on_secured() override;
  void on_data(net::Bytes) override {}  // parting: nobody is answered any more
  void on_end() override { lose(std::nullopt); }
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  void advance(Stage to);
  void open(net::UniqueFd fd);
  void secure(std::unique_ptr<net::Stream> transport);
  void fail_tls(const net::IoError& error);
  void part();
  void lose(const std::optional<Refusal>& why);
  Ready ready(std::unique_ptr<net::Stream> stream);
  std::chrono::milliseconds due() const;

  const WorkerContext& context_;
  std::shared_ptr<const route::Snapshot> snapshot_;
  Handler& handler_;
  ClientFacts facts_;
  Stage stage_ = Stage::prefacing;
  net::UniqueFd fd_;                          // before start(), where there is no preface
  std::unique_ptr<ProxyPreface> preface_;     // prefacing
  std::unique_ptr<net::tls::TlsStream> tls_;  // securing, parting
};

}  // namespace gateway::edge
