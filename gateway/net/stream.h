// An ordered, reliable byte stream with a peer: TCP, TLS over it, an endpoint inside the process,
// later HTTP/2.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/net/pause.h"
#include "proto/base/bytes.h"

namespace gateway::net {

using proto::Bytes;

// The network failed: what the system or TLS said, and what we were doing.
struct IoError {
  enum class Doing : uint8_t { connecting, tls_handshake, reading, writing };
  int code = 0;  // a negative libuv code; 0 for TLS, where `text` says it
  Doing doing = Doing::reading;
  std::string text;             // "connection reset by peer", "certificate has expired"
  bool unacknowledged = false;  // the system waited in vain for the peer to take what was sent
  bool begun = true;  // false: connecting failed on this machine, before a packet went out
};

// Facts that the system knows of the far end.
struct PeerState {
  uint64_t acknowledged = 0;                // bytes that it has taken since the connection began
  std::chrono::milliseconds last_heard{0};  // how long ago: bytes, or an acknowledgement alone
};

// Bytes of both directions.
struct Volume {
  uint64_t in = 0;
  uint64_t out = 0;
};

namespace tls {
class TlsStream;
}

// Owned by one; destroying it ends all callbacks, releases what is queued and closes the connection
// (an RST where bytes were still unsent). Callbacks come from the loop, never from inside a call on
// the stream, and none before start(). One thread: the loop's.
class Stream {
 public:
  class Handler {
   public:
    virtual void on_data(Bytes data) = 0;  // never empty; valid for the call. Destroying the stream
                                           // inside is allowed.
    virtual void on_end() = 0;             // the peer will send no more; once, after all data
    virtual void on_drained() = 0;         // was congested and is no more
    // While reading is paused: the peer has ended, or the connection has broken, behind what is not
    // read yet. At least once; on_end or on_failed follows when that has been told.
    virtual void on_leaving() {}
    virtual void on_failed(
        const IoError& error) = 0;  // once; the stream is dead: neither reads nor writes
   protected:
    ~Handler() = default;
  };

  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // From now on `handler` is told; calling it again hands the stream to another one.
  virtual void start(Handler& handler) = 0;

  // Takes all: the socket first, a copy of what it refused is queued. Ignored after end() or a
  // failure.
  virtual void write(Bytes data) = 0;
  // As write() of each in turn, in one go where that saves something.
  virtual void write_all(std::span<const Bytes> parts) {
    for (const Bytes part : parts) write(part);
  }

  // No more will be written: close_notify and FIN follow the queue. Reading goes on.
  virtual void end() = 0;

  // end() of one that is not congested and is destroyed next, unless that has made it congested:
  // TCP leaves its FIN to the destruction, and saves a system call.
  virtual void finish() { end(); }

  // Stops on_data (data already read from the socket may still come: at most one read) until the
  // last of the reasons has been taken back. A reason that is given twice is taken back once.
  virtual void pause_reading(Pause why) = 0;
  virtual void resume_reading(Pause why) = 0;

  // From now on one read takes at most so many bytes from the socket, in steps of kReadStep; 0: as
  // many as fit. For whoever must keep what comes.
  static constexpr size_t kSmallRead = 4096;
  static constexpr size_t kReadStep = 512;
  virtual void read_at_most([[maybe_unused]] size_t bytes) {}

  // Its destruction resets the connection, where an orderly end would say that all has come.
  virtual void abandon() {}

  // Whether the peer has sent what has not been shown to the handler: something in the socket, half
  // a TLS record. May cost a system call.
  virtual bool has_unread() const { return false; }

  // Nothing has come that was not shown to the handler, no end and no failure either: another
  // request may be put on the connection. Costs a system call.
  virtual bool at_rest() const { return !has_unread(); }

  // After on_end: the peer has said so itself. Where TLS ends without its close_notify anybody may
  // have cut it (RFC 8446 §6.1).
  virtual bool ended_in_full() const { return true; }

  // True while output is queued: the caller stops its source until on_drained.
  virtual bool congested() const = 0;

  // Bytes given to write() that the kernel has not taken yet. Never too low: a TLS stream counts a
  // whole write until its last record has gone.
  virtual size_t queued() const = 0;

  // queued() and what the kernel holds that the peer has not acknowledged: shrinks with every byte
  // that a slow peer takes, long before the kernel has room again. May cost a system call.
  virtual size_t unacknowledged() const { return queued(); }

  // Costs a system call; nothing where there is no far end, or the system does not tell.
  virtual std::optional<PeerState> peer_state() const { return std::nullopt; }

  // From now on a peer that acknowledges nothing for so long, though something was sent to it, is a
  // failure. Whoever is only listened to is not noticed by this.
  virtual void expect_acknowledgement_within(std::chrono::milliseconds) {}

  // Begins to count the bytes of TLS records; false: there is no TLS.
  virtual bool count_records() { return false; }
  // Record bytes that have come since then, and those that the kernel has taken.
  virtual Volume records() const { return {}; }

  // IP packets of the connection since it began, by the kernel's own count: headers and
  // retransmissions included. Costs a system call; nothing where the kernel does not tell.
  virtual std::optional<Volume> packets() const { return std::nullopt; }

  // Itself, when it is one: for what TLS has agreed on.
  virtual const tls::TlsStream* as_tls() const { return nullptr; }
};

}  // namespace gateway::net
