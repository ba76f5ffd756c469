#include "gateway/server/reload.h"

#include <memory>
#include <utility>

#include "gateway/log/log.h"

namespace gateway::server {

using std::chrono::milliseconds;

Reload::Reload(net::Loop& loop, net::SideThread& builder, Steps steps)
    : loop_(loop), builder_(builder), steps_(std::move(steps)) {}

Reload::~Reload() { loop_.wheel().clear(*this); }

void Reload::ask(Answer answer) {
  if (!stopped_.empty()) {
    if (answer) answer({.done = false, .text = "not reloaded: " + stopped_ + "\n"});
    return;
  }
  waiting_.push_back(std::move(answer));
  if (!building_) begin();
}

void Reload::begin() {
  building_ = true;
  asked_ = std::exchange(waiting_, {});
  began_ = loop_.now();
  loop_.wheel().set(*this, began_ + kSlow);
  builder_.run([this, build = steps_.plan()]() -> net::SideThread::Done {
    auto candidate = std::make_shared<Candidate>(build());
    return [this, candidate] { built(std::move(*candidate)); };
  });
}

void Reload::on_deadline(milliseconds now) {
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(now - began_);
  log::say(log::Level::warning,
           "the configuration has been read and built for " + std::to_string(took.count()) +
               " s, and is not done: is the disk or network folder of its files stuck? What is in "
               "force stays so");
  loop_.wheel().set(*this, now + kSlow);
}

void Reload::built(Candidate candidate) {
  building_ = false;
  loop_.wheel().clear(*this);
  if (!stopped_.empty()) return;
  const Outcome outcome = steps_.carry_out(std::move(candidate));
  answer_all(std::exchange(asked_, {}), outcome);
  if (!building_ && !waiting_.empty()) begin();
}

void Reload::stop(std::string why) {
  stopped_ = std::move(why);
  loop_.wheel().clear(*this);
  const Outcome outcome{.done = false, .text = "not reloaded: " + stopped_ + "\n"};
  answer_all(std::exchange(asked_, {}), outcome);
  answer_all(std::exchange(waiting_, {}), outcome);
}

void Reload::answer_all(std::vector<Answer> who, const Outcome& outcome) {
  for (const Answer& answer : who) {
    if (answer) answer(outcome);
  }
}

}  // namespace gateway::server
