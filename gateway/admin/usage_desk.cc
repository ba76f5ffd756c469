#include "gateway/admin/usage_desk.h"

#include <utility>

#include "gateway/usage/answers/api.h"
#include "gateway/usage/ledger/ledger.h"

namespace gateway::admin {

using std::chrono::steady_clock;

UsageDesk::UsageDesk(net::Loop& loop, Plan plan)
    : loop_(loop), plan_(std::move(plan)), thread_([this] { run(); }) {}

UsageDesk::~UsageDesk() {
  ending_.store(true);
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }
  wake_.notify_one();
  thread_.join();
}

void UsageDesk::use(std::shared_ptr<const usage::answers::Tariffs> tariffs) {
  const std::lock_guard lock(mutex_);
  tariffs_ = std::move(tariffs);
}

void UsageDesk::ask(std::string path, std::string query, UsageDone done) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back({std::move(path), std::move(query), std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  usage::answers::ApiAnswer busy =
      usage::answers::unavailable(503, "Too many requests are waiting; try again.");
  loop_.post([done = std::move(done), body = std::move(busy.body)] {
    done({.status = 503, .body = body});
  });
}

void UsageDesk::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return ending_.load() || !waiting_.empty(); });
    if (ending_.load()) return;
    const Asked asked = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    UsageAnswer ready = answer(asked);
    if (ending_.load()) return;
    loop_.post([done = asked.done, ready = std::move(ready)] { done(ready); });
  }
}

UsageAnswer UsageDesk::answer(const Asked& asked) {
  std::shared_ptr<const usage::answers::Tariffs> tariffs;
  usage::answers::ApiCall call{.path = asked.path, .query = asked.query, .node = plan_.node};
  {
    const std::lock_guard lock(mutex_);
    tariffs = tariffs_;
  }
  call.keep = std::chrono::duration_cast<std::chrono::seconds>(plan_.keep);
  call.now = now();
  call.tariffs = tariffs.get();
  const auto until = steady_clock::now() + kPatience;
  call.give_up = [this, until] { return ending_.load() || steady_clock::now() > until; };
  // Opened each time: a ledger that was set aside meanwhile is another file.
  auto ledger = usage::ledger::Reader::open(plan_.ledger_path);
  usage::answers::ApiAnswer given = ledger ? usage::answers::answer(**ledger, call)
                                           : usage::answers::unavailable(503, ledger.error());
  return {.status = given.status, .body = std::move(given.body)};
}

int64_t UsageDesk::now() const {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  if (plan_.wall) return duration_cast<seconds>(plan_.wall()).count();
  return duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace gateway::admin
