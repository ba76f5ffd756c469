// Reloads: a new configuration is read and built beside the control thread, one at a time, and then
// brought into force by it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/deadline_wheel.h"
#include "gateway/net/loop.h"
#include "gateway/net/side_thread.h"
#include "gateway/server/candidate.h"

namespace gateway::server {

//  resting ──ask()──▶ building ──built──▶ in force or refused ──▶ resting
//     ▲                                                             │ somebody has asked meanwhile
//     └──────────────────────── building ◀──────────────────────────┘
// Whoever asks while one is built gets the next one, which has read the files after the question.
// One thread: the loop's.
class Reload final : private net::DeadlineWheel::Entry {
 public:
  // A build that takes longer is told in the log, again and again: a disk or a network folder may
  // be stuck. Nobody waits for it but those who have asked.
  static constexpr std::chrono::seconds kSlow{10};

  struct Outcome {
    bool done = false;
    std::string text;  // lines for the operator: what is in force now, or what is wrong
  };
  using Answer = std::function<void(const Outcome&)>;

  struct Steps {
    // On the loop's thread: what is to be run on the other one. It leans on what is in force then.
    std::function<std::function<Candidate()>()> plan;
    // On the loop's thread: brings it into force, or says why not.
    std::function<Outcome(Candidate)> carry_out;
  };

  // `builder` and what the steps lean on outlive this; so does this the loop's last turn.
  Reload(net::Loop& loop, net::SideThread& builder, Steps steps);
  Reload(const Reload&) = delete;
  Reload& operator=(const Reload&) = delete;
  ~Reload();

  // `answer` comes once, now or later; it may be empty.
  void ask(Answer answer);

  // From now on nothing is brought into force. Whoever waits, and whoever asks later, is told why
  // ("draining"); what is being built is let go.
  void stop(std::string why);

 private:
  void on_deadline(std::chrono::milliseconds now) override;
  void begin();
  void built(Candidate candidate);
  void answer_all(std::vector<Answer> who, const Outcome& outcome);

  net::Loop& loop_;
  net::SideThread& builder_;
  Steps steps_;
  bool building_ = false;
  std::chrono::milliseconds began_{0};
  std::vector<Answer> asked_;    // of what is being built
  std::vector<Answer> waiting_;  // of the one after it
  std::string stopped_;          // why; empty: it is not
};

}  // namespace gateway::server
