// TLS over another stream. OpenSSL is fed from the loop's read buffer and writes into the loop's
// record buffer: no memory BIO holds a copy in between.
#pragma once

#include <memory>
#include <string_view>

#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/net/tls/context.h"

namespace gateway::net::tls {

// Facts that a connection has agreed on; until its handshake is done, none. The views hold while
// the stream lives.
struct Facts {
  bool handshake_done = false;
  bool resumed = false;
  Version version = Version::tls1_2;
  std::string_view version_name;  // "TLSv1.3"
  std::string_view cipher;
  std::string_view server_name;  // as the client sent it; empty: it sent none
};

class TlsStream final : public Stream, private Stream::Handler {
 public:
  enum class Role { server, client };

  // Told once, before the first on_data; may destroy the stream.
  class HandshakeHandler {
   public:
    virtual void on_secured() = 0;

   protected:
    ~HandshakeHandler() = default;
  };

  // Nothing happens before start(); the handshake's failures come through on_failed, its length is
  // the owner's deadline.
  TlsStream(Loop& loop, std::unique_ptr<Stream> transport, SslPtr ssl, Role role,
            HandshakeHandler* observer);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override;

  void start(Stream::Handler& handler) override;
  void write(Bytes data) override;  // not before on_secured
  void write_all(std::span<const Bytes> parts) override;
  void end() override;
  void finish() override;
  void pause_reading(Pause why) override { transport_->pause_reading(why); }
  void resume_reading(Pause why) override { transport_->resume_reading(why); }
  void read_at_most(size_t bytes) override { transport_->read_at_most(bytes); }
  void abandon() override { transport_->abandon(); }
  bool has_unread() const override;
  bool at_rest() const override;
  bool ended_in_full() const override;
  bool congested() const override { return transport_->congested(); }
  size_t queued() const override { return transport_->queued(); }
  size_t unacknowledged() const override { return transport_->unacknowledged(); }
  std::optional<PeerState> peer_state() const override { return transport_->peer_state(); }
  void expect_acknowledgement_within(std::chrono::milliseconds time) override {
    transport_->expect_acknowledgement_within(time);
  }
  bool count_records() override {
    records_ = {};
    return true;
  }
  Volume records() const override;
  std::optional<Volume> packets() const override { return transport_->packets(); }

  Facts facts() const;
  const TlsStream* as_tls() const override { return this; }
  // The peer's first byte was no TLS record: whoever listens here may answer in clear. Only after
  // on_failed.
  bool peer_spoke_plain() const {
    return opening_ == Opening::plain || opening_ == Opening::plain_head;
  }
  // And what it said began with "HEAD ".
  bool plain_peer_asked_head() const { return opening_ == Opening::plain_head; }
  // Nothing at all has come from the peer.
  bool peer_was_silent() const { return opening_ == Opening::none; }
  // Gives up TLS, for that answer.
  std::unique_ptr<Stream> take_transport() { return std::move(transport_); }

 private:
  // The peer's direction.
  //   handshake ──done──► open ──close_notify, or the transport's end──► ended
  //       │                └──failure──► failed ◄──failure──┘
  //       └──failure──► refused
  // The last two are final: nothing is read or written any more.
  enum class Phase : uint8_t { handshake, open, ended, refused, failed };

  // The peer's first bytes.
  enum class Opening : uint8_t { none, record, plain, plain_head };

  void on_data(Bytes data) override;
  void on_end() override;
  void on_drained() override;
  void on_leaving() override;
  void on_failed(const IoError& error) override;

  bool shake_hands();  // false: not done yet, or this is gone
  struct Decrypted {
    size_t size;
    int error;  // OpenSSL's: none: the buffer is full, there may be more
  };
  Decrypted decrypt(std::span<uint8_t> plain);
  void read_records();
  void encrypt(Bytes data);
  void send_records();
  bool answer();  // false: too much of what the peer made us say is unread
  // OpenSSL's words for the last failure; before another connection's call empties its queue.
  std::string take_reason();
  void report(const IoError& error);

  void advance(Phase next);
  static bool may_follow(Phase next, Phase now);
  bool has_failed() const { return phase_ == Phase::refused || phase_ == Phase::failed; }
  bool may_write() const {
    return (phase_ == Phase::open || phase_ == Phase::ended) && !write_ended_;
  }
  // Judges the first bytes; false: they are no TLS, and that was told.
  bool opens_well(Bytes data);
  bool is_server() const { return SSL_is_server(ssl_.get()) == 1; }
  void notify_close();
  // Before every call that may read or write: the thread's BIO is lent to this connection, and the
  // error queue is empty.
  SSL* take_turn();
  static BIO* shared_bio();  // one for each thread: an own one would cost a connection 200 bytes
  static BIO_METHOD* method();
  static int bio_read(BIO* bio, char* out, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);

  Loop& loop_;
  std::unique_ptr<Stream> transport_;
  SslPtr ssl_;
  Stream::Handler* handler_ = nullptr;
  HandshakeHandler* observer_;
  Volume records_;  // out: given to the transport
  Bytes input_;     // what the transport has just read; empty outside on_data
  bool* destroyed_ = nullptr;
  uint16_t unread_answers_ = 0;  // bytes, while the transport is congested
  Phase phase_ = Phase::handshake;
  Opening opening_ = Opening::none;
  bool write_ended_ = false;
};

}  // namespace gateway::net::tls
