// What a client wants of an origin: how it is asked, and what an answer to it means. Whom it is
// asked, and how often, is the journey's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/net/address.h"
#include "gateway/net/stream.h"
#include "gateway/origin/redirects.h"
#include "gateway/origin/reuse.h"
#include "gateway/origin/sticky_choice.h"
#include "gateway/outcome/failure.h"
#include "gateway/route/backend.h"
#include "proto/base/result.h"
#include "proto/http1/head.h"
#include "proto/http1/target.h"

namespace gateway::origin {

// Where a request has come from, besides the client's address.
struct Source {
  bool trusted = false;  // by proxies that may say who the client is
  // Whom they have named, and the last of them; empty: the client has come by itself.
  std::string_view list = {};
  std::string_view host = {};            // X-Forwarded-Host of theirs; empty: none
  std::string_view address_header = {};  // the field in which such proxies say it
  bool forwarded = false;                // the origin is told as RFC 7239 has it, too
};

// The client's request, which outlives the question.
struct Asked {
  const proto::http1::RequestHead& head;
  const proto::http1::Target& target;
  net::Address client;
  net::Address server;      // our own end of the client's connection
  bool client_tls = false;  // what the client spoke, to us or to a trusted proxy
  Source source = {};
};

// Whom it is asked this time; the views hold for the call.
struct Asking {
  std::string_view host;                               // the Host field
  std::string_view path_and_query;                     // the request target
  std::optional<std::string_view> authorization = {};  // ours, in place of the client's
  bool credentials_are_ours = false;  // the pool has some: the client's stay behind
  bool foreign = false;  // a host that is none of the domain's: what the client tells the domain
                         // alone stays behind
};

// What the head of a final answer means.
enum class Verdict : uint8_t {
  taken,      // what was wanted: from here on the connection is the question's
  yielding,   // the same, unless another server may be asked in its place
  answered,   // it is the client's, with its body
  challenge,  // 401: with credentials of ours, where there are any, it is asked again
  redirect,   // is followed as far as that is allowed
  failing,    // 5xx: another server may do better
};

// How long an answer is waited for, and how much of its body.
struct Patience {
  std::chrono::milliseconds until;  // by the loop's clock: over all attempts
  // From the request to the end of the answer's head. Nothing: from on_asked() on the question
  // keeps the time itself (Journey::give_up), and `until` says by when a connection is to stand.
  std::optional<std::chrono::milliseconds> answer;
  std::chrono::milliseconds body;        // from there to the end of a body that is not taken
  size_t most_body = size_t{64} * 1024;  // bytes of it
};

// What was waited for in vain.
enum class Late : uint8_t {
  whole,   // Patience::until
  answer,  // Patience::answer
  silent,  // the next byte of a head that had begun, for io_timeout
};

// Why a request has no answer.
enum class Unanswered : uint8_t {
  unconnected,  // no connection came to be: nothing was sent
  stale,        // it went into a kept connection that was gone, and nothing was heard
  ended,        // the connection ended
  cut,          // the same, in the middle of an answer's head
  lost,         // the connection was reset
  late,
  no_answer,  // what came is none
};

// Where the rest of a request goes, behind the text that request_text() gave.
class RequestSink {
 public:
  virtual void write(net::Bytes octets) = 0;  // takes all
  virtual bool congested() const = 0;
  virtual size_t queued() const = 0;  // that the kernel has not taken yet

 protected:
  ~RequestSink() = default;
};

// The connection, after a `taken` head.
struct Taken {
  std::unique_ptr<net::Stream> stream;  // to be started at once
  net::Bytes rest;                      // came behind the head; valid for the call
  // The server that counts it; null: a redirect has led to somebody who is none of the pool's.
  route::Backend* backend = nullptr;
  proto::http1::ResponseHead head = {};
  Lineage lineage = {};               // for Reuse::put(), where it may serve another request
  const Url* asked = nullptr;         // Location is seen from there; valid while the journey is
  bool credentials_are_ours = false;  // what is said to them is not for the client
  StickyChoice::Told sticky = {};     // for the client, beside the answer
};

// An answer for the client.
struct Answer {
  proto::http1::ResponseHead head;
  std::string body;                   // at most Patience::most_body of it
  bool unfinished = false;            // and no more came: it was broken, cut short or too slow
  net::Address address;               // that was connected to
  Url asked = {};                     // Location is seen from there
  bool foreign = false;               // of a host that is none of the origin's
  bool credentials_are_ours = false;  // what is said to them is not for the client
  std::string sticky_fields = {};     // for the client, beside the answer's: each with its CR LF
};

// Outlives its journey, which ends with one of the three calls at the bottom; each may destroy
// both. All calls come from the loop's thread.
class Question {
 public:
  virtual const Asked& asked() const = 0;
  // As it is signed with Digest: "GET".
  virtual std::string_view method() const = 0;
  // Which of the connections that have served others may serve this one.
  virtual Kept may_use() const { return Kept::none; }
  // At another address or server; after `stale` once, on a new connection.
  virtual bool may_be_repeated(Unanswered why) const = 0;
  // With another head, of which an answer has told what is missing: credentials.
  virtual bool may_be_asked_anew() const { return true; }
  // Whether the server has it counted: too many in a row, and it is left out for a while.
  virtual bool is_held_against_server([[maybe_unused]] Unanswered why) const { return true; }
  // How ended, cut, lost and no_answer are called.
  virtual outcome::Cause cause_of(Unanswered why) const = 0;
  virtual const Patience& patience() const = 0;
  // For log and client: what was not there in time.
  virtual std::string_view why_late(Late late) const = 0;

  // The whole request, or its head. Each call is for another connection.
  virtual std::string request_text(const Asking& asking) = 0;
  // Error: why the answer is none.
  virtual proto::Result<Verdict, std::string> judge(const proto::http1::ResponseHead& head) = 0;

  // Of a request that is more than its head, or an answer that is. The head has been written; the
  // sink stands until on_asked_in_vain(), or one of the last three. None of these ends the journey.
  virtual void on_asked([[maybe_unused]] RequestSink& sink) {}
  virtual void on_sink_drained() {}   // it was congested and is no more
  virtual void on_asked_in_vain() {}  // it will be asked once more, from its beginning
  virtual void on_interim([[maybe_unused]] const proto::http1::ResponseHead& head) {}
  virtual void on_part_of_head() {}  // more of one has come, and not all

  virtual void on_taken(Taken taken) = 0;
  virtual void on_answered(Answer answer) = 0;
  virtual void on_failed(outcome::Failure failure) = 0;

 protected:
  ~Question() = default;
};

}  // namespace gateway::origin
