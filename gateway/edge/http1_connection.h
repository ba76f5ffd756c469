// The carrier of HTTP/1.1: reads one request after the other from a client's stream, has each
// answered, and closes in a way that lets the last answer be read.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/edge/answer_writer.h"
#include "gateway/edge/answerer.h"
#include "gateway/edge/client_stream.h"
#include "gateway/edge/handshake.h"
#include "gateway/edge/outcome.h"
#include "gateway/edge/request.h"
#include "proto/http1/head_parser.h"

namespace gateway::edge {

//  reading ──a head──▶ asking ──101──▶ over: the stream is a session's
//     │                   └──answer──▶ lingering ──the client's end, deadline──▶ over
//     └──fault, deadline, drain, refused head──▶ lingering, or over where nobody would read it
// Each answer says that it closes, so that lingering follows. An answer behind which the connection
// is kept leads back to reading, by begin_request(), once it is whole.
class Http1Connection final : public Answerer,
                              private net::Stream::Handler,
                              private net::Poller::Watched,
                              private net::DeadlineWheel::Entry {
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
  // Drain: one that has said nothing yet gets a FIN. Others may finish, and hear 503 for a request
  // that comes or does not become whole in time.
  void turn_away();
  // At once; a client that has asked hears 503.
  void abort();

 private:
  enum class Stage { reading, asking, lingering, over };

  // One request: being read, then answered.
  struct Current {
    Current(const WorkerContext& context, Request asked);
    proto::http1::RequestParser parser;
    Request request;
    Outcome outcome;
    std::optional<AnswerWriter> answer;  // from here on: once the head is there
    std::optional<Handshake> handshake;
  };

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
  void on_ready(uint32_t events) override;
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  void advance(Stage to);
  void begin_request(std::shared_ptr<const route::Snapshot> snapshot,
                     std::chrono::milliseconds began);
  void read_head(net::Bytes data);
  void keep_early(net::Bytes data);
  void discard(net::Bytes data);
  void refuse(const Refusal& refusal);
  void linger();
  void leave();

  const WorkerContext& context_;
  const ClientFacts facts_;
  net::Admission::Pass pass_;
  Handler& handler_;
  Stage stage_ = Stage::reading;
  std::unique_ptr<net::Stream> stream_;
  std::optional<Current> current_;
  std::string early_;     // came behind the head: waits for the answer
  size_t discarded_ = 0;  // bytes that came while lingering
};

}  // namespace gateway::edge
