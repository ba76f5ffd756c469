// How one request ended, said in one place: the line of the access log, the counters, the meter and
// its bill.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "gateway/edge/refusal.h"
#include "gateway/edge/request.h"
#include "gateway/edge/worker_context.h"
#include "gateway/origin/trail.h"
#include "gateway/session/record.h"

namespace gateway::edge {

//  open ──answered(), switched(), unanswered(), turned_away()──▶ told
// Whoever judges a request says how it ends: refuse(), and meet() for its way to an origin. The
// carrier, which alone knows when the end goes out and in how many bytes, has it told: before the
// first of them, so that nobody who has read an answer finds it missing in the figures.
class Outcome {
 public:
  // Both outlive it.
  Outcome(const WorkerContext& context, const Request& request);
  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;
  ~Outcome() = default;

  // The trail outlives the telling, and is looked at then.
  void meet(const origin::Trail& trail) { trail_ = &trail; }
  void refuse(Refusal refusal) { refusal_ = std::move(refusal); }
  // The origin's side failed, and no server of the pool is there to count it.
  void count_origin_failure(outcome::Cause cause);

  // A whole answer of so many bytes follows.
  void answered(int status, size_t size);
  // A yes to an upgrade, of so many bytes, follows.
  void switched(const proto::ws::UpgradeAnswer& agreed, size_t size);
  // Nothing follows. Without a refusal there is no line. After an answer it says nothing.
  void unanswered();
  // At the door, where no request is read: the last words, of `size` bytes, have been said.
  void turned_away(size_t size);

  // Of the session that begins, as its first line names it. After switched(), once.
  session::Identity take_identity() { return std::move(identity_); }

 private:
  metrics::Domain& counters() const;
  usage::meter::Meter& meter() const;
  session::Identity identify(size_t answered) const;
  session::HandshakeStory story(int status) const;
  void tell();
  void tell_refusal(size_t answered);
  void tell_answer(int status, size_t size);
  void bill(size_t answered);

  const WorkerContext& context_;
  const Request& request_;
  std::optional<Refusal> refusal_;
  const origin::Trail* trail_ = nullptr;  // null: no origin was to be asked
  session::Identity identity_;            // of a session
  bool told_ = false;
};

}  // namespace gateway::edge
