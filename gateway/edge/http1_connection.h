// The carrier of HTTP/1.1: reads one request after the other from a client's stream, has each
// answered, and closes in a way that lets the last answer be read.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/edge/answer_writer.h"
#include "gateway/edge/answerer.h"
#include "gateway/edge/client_pace.h"
#include "gateway/edge/client_stream.h"
#include "gateway/edge/handshake.h"
#include "gateway/edge/idle_clients.h"
#include "gateway/edge/outcome.h"
#include "gateway/edge/request.h"
#include "gateway/edge/request_body.h"
#include "proto/http1/head_parser.h"

namespace gateway::edge {

//   ┌──────────────────────── idle ◀──────────────────────┐
//   │ a byte                   │ keep_alive, let go        │ the connection is kept
//   ▼                          ▼                           │
//  reading ──a head──▶ asking ──an answer is whole──▶ flushing ──all is taken──┐
//   │                    │  └──101──▶ over: the stream is a session's          │ it closes
//   │                    └──an attempt at WebSocket is answered──▶ lingering ◀─┘
//   └──fault, deadline, drain──▶ lingering ──the client's end, its time──▶ over
// The client's loss, or its end where nobody is left to be answered, leads to over from anywhere.
//
// Requests are served one at a time and answered in order. What a client sends behind one waits, up
// to a cap, then nothing is read. Between requests only the stream is kept.
class Http1Connection final : public Answerer,
                              private net::Stream::Handler,
                              private net::Poller::Watched,
                              private net::DeadlineWheel::Entry,
                              private IdleClients::Member {
 public:
  class Handler {
   public:
    // Once, from the loop or from any call. The connection does nothing more, and is kept until
    // the turn of the loop ends: a handshake may stand on it.
    virtual void on_over() = 0;

   protected:
    ~Handler() = default;
  };

  // The pass counts as this connection, until a session takes both over.
  Http1Connection(const WorkerContext& context, ClientStream::Ready client,
                  net::Admission::Pass pass, Handler& handler);
  Http1Connection(const Http1Connection&) = delete;
  Http1Connection& operator=(const Http1Connection&) = delete;
  ~Http1Connection();

  void start();
  // In place of start(): of a client that spoke in clear to a port with TLS. `head`: by HEAD.
  void refuse_plain(bool head);
  // Drain: one that has said nothing yet gets a FIN. Others may finish, and hear 503 for an upgrade
  // that comes or a head that does not become whole in time. Who is idle between requests is let go
  // by IdleClients.
  void turn_away();
  // At once; a client that has asked hears 503.
  void abort();

 private:
  enum class Stage : uint8_t { idle, reading, asking, flushing, lingering, over };

  // One request: being read, then answered. The handshake that is in it may have called what ends
  // it, so it is retired.
  struct Current final : net::Retirable {
    Current(const WorkerContext& context, Request asked);
    // An attempt at WebSocket, however it is answered.
    bool is_attempt() const;
    // By HEAD: an answer has no body.
    bool is_head() const { return parser ? parser->is_head() : to_head; }

    std::unique_ptr<proto::http1::RequestParser> parser;  // until the head is there
    Request request;
    Outcome outcome;
    // From here on: once the head is there.
    std::optional<RequestBody> body;
    std::optional<AnswerWriter> answer;  // of an exchange
    std::unique_ptr<ClientPace> pace;    // once a clock runs
    std::optional<Handshake> handshake;
    uint64_t written = 0;    // bytes, besides those of `answer`
    uint64_t discarded = 0;  // bytes that came and were not looked at
    bool to_head = false;
    bool keep = false;    // the connection serves another one
    bool paused = false;  // the body, by the exchange
  };

  // Answerer. The half of an exchange is in http1_exchange.cc, how a connection ends in
  // http1_parting.cc.
  void answer(int status, std::string_view fields, std::string_view body) override;
  Switched switch_over(const proto::ws::UpgradeAnswer& agreed, std::string_view fields) override;
  void accept_body() override;
  void pause_body() override;
  void resume_body() override;
  void give_interim(int status, std::string_view fields) override;
  void begin_answer(int status, std::string_view fields, const Body& body) override;
  void give_body(net::Bytes octets) override;
  bool congested() const override { return stream_->congested(); }
  size_t queued() const override { return stream_->queued(); }
  void finish_answer(bool keep) override;
  void cut_answer() override;

  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override;
  void on_leaving() override;
  void on_failed(const net::IoError& error) override;
  void on_ready(uint32_t events) override;
  void on_deadline(std::chrono::milliseconds now) override;
  void let_go(LetGo how) override;

  // The life of the connection.
  void advance(Stage to);
  void begin_request(std::shared_ptr<const route::Snapshot> snapshot,
                     std::chrono::milliseconds began);
  void wake();
  void read_head(net::Bytes data);
  void ask();
  void refuse(const Refusal& refusal);
  void settle();
  void end_request();
  void rest();
  void linger();
  void linger_on(std::chrono::milliseconds now);
  void read_on();
  void discard(net::Bytes data);
  void part();
  void leave();
  bool may_keep() const;
  bool has_left_request() const;

  // What is read.
  void keep_early(net::Bytes data);
  void bound_reading();
  void take_body(net::Bytes data);
  void take_early();

  // What is written.
  void write(std::string_view text);
  void flush();
  void tell_head();
  void tell_moved();

  // How long it may take.
  ClientPace& pace();
  uint64_t taken() const;
  void watch();
  void look_at_pace(std::chrono::milliseconds now);
  void give_up(outcome::Failure failure);

  const WorkerContext& context_;
  const ClientFacts facts_;
  std::optional<net::Admission::Pass> pass_;
  Handler& handler_;
  Stage stage_ = Stage::reading;
  bool ended_ = false;     // the client has sent its FIN
  uint32_t requests_ = 0;  // whose head has come
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<Current> current_;         // none while idle
  std::string early_;                        // came behind what is being served
  std::chrono::milliseconds due_{0};         // lingering: until then
  std::chrono::milliseconds last_heard_{0};  // lingering
};

}  // namespace gateway::edge
