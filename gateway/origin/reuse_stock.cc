#include "gateway/origin/reuse_stock.h"

#include <algorithm>
#include <utility>

#include "gateway/origin/origin_paths.h"

namespace gateway::origin {

using std::chrono::milliseconds;

class ReuseStock::Resting final : private net::Stream::Handler {
 public:
  struct Times {
    milliseconds since;
    milliseconds until;
    Closed over;  // what it dies of then
  };

  Resting(ReuseStock& stock, Reuse::Taken one, const Times& times, IdleRoom::Seat seat)
      : stock_(stock), one_(std::move(one)), times_(times), seat_(std::move(seat)) {
    one_.stream->start(*this);
  }
  ~Resting() {
    if (one_.stream != nullptr) one_.stream->finish();
  }

  const Times& times() const { return times_; }
  bool is_for(const Reuse::Wanted& wanted) const {
    const Lineage& lineage = one_.lineage;
    return lineage.asked.tls == wanted.target.tls && lineage.asked.port == wanted.target.port &&
           (!wanted.target.tls || lineage.tls_name == wanted.tls_name);
  }
  // The loop may not have told yet of what has come.
  bool is_quiet() const { return one_.stream->at_rest(); }
  Reuse::Taken take() { return std::move(one_); }
  void forsake() { one_.stream.reset(); }  // the origin has ended it, or speaks out of turn

 private:
  void on_data(net::Bytes) override { stock_.unsolicited(*this); }
  void on_end() override { stock_.unsolicited(*this); }
  void on_drained() override {}
  void on_failed(const net::IoError&) override { stock_.unsolicited(*this); }

  ReuseStock& stock_;
  Reuse::Taken one_;
  Times times_;
  IdleRoom::Seat seat_;
};

ReuseStock::ReuseStock(net::Loop& loop, OriginPaths& paths, const route::Server& server)
    : loop_(loop), paths_(paths), server_(&server) {}

ReuseStock::~ReuseStock() { drop_all(Closed::not_reusable); }

metrics::Count& ReuseStock::gauge() const { return paths_.connections_of(*server_).idle; }

// Neither by checks nor by what requests met there is anything held against it.
bool ReuseStock::serves() const {
  const route::Backend* backend = server_->backend.get();
  return backend == nullptr || (backend->up.load(std::memory_order_relaxed) &&
                                backend->ejected_until.load(std::memory_order_relaxed) == 0);
}

std::optional<Reuse::Taken> ReuseStock::take(const Reuse::Wanted& wanted) {
  if (resting_.empty()) return std::nullopt;
  if (!serves()) {
    drop_all(Closed::not_reusable);
    return std::nullopt;
  }
  const milliseconds now = loop_.now();
  const auto fits = [&](const std::unique_ptr<Resting>& one) {
    const bool in_time = one->times().until > now &&
                         (wanted.kept == Kept::any || now - one->times().since <= kJustUsed);
    return in_time && one->is_for(wanted) && one->is_quiet();
  };
  const auto found = std::find_if(resting_.rbegin(), resting_.rend(), fits);
  if (found == resting_.rend()) return std::nullopt;
  gauge().subtract(1);
  Reuse::Taken taken = (*found)->take();
  resting_.erase(std::next(found).base());
  return taken;
}

bool ReuseStock::put(Reuse::Taken one, milliseconds rest, const config::Reuse& settings) {
  auto seat = paths_.take_kept_seat();
  if (!seat) {
    one.stream->finish();
    return false;
  }
  if (resting_.size() >= settings.most) drop(0, Closed::pressure);
  const milliseconds now = loop_.now();
  const milliseconds aged = one.lineage.made + settings.age;
  const Resting::Times times{.since = now,
                             .until = std::min(now + rest, aged),
                             .over = aged < now + rest ? Closed::age : Closed::idle};
  gauge().add(1);
  resting_.push_back(std::make_unique<Resting>(*this, std::move(one), times, std::move(*seat)));
  wake_by(std::min(times.until, now + kLook));
  return true;
}

void ReuseStock::wake_by(milliseconds when) {
  if (wakes_at_ && *wakes_at_ <= when) return;
  wakes_at_ = when;
  loop_.wheel().set(*this, when);
}

void ReuseStock::on_deadline(milliseconds now) {
  wakes_at_.reset();
  if (!serves()) {
    drop_all(Closed::not_reusable);
    return;
  }
  milliseconds next = now + kLook;
  for (size_t place = resting_.size(); place > 0; --place) {
    const Resting::Times& times = resting_[place - 1]->times();
    if (times.until <= now) {
      drop(place - 1, times.over);
    } else {
      next = std::min(next, times.until);
    }
  }
  if (!resting_.empty()) wake_by(next);
}

void ReuseStock::unsolicited(const Resting& resting) {
  const auto found = std::ranges::find(resting_, &resting, &std::unique_ptr<Resting>::get);
  (*found)->forsake();
  drop(static_cast<size_t>(found - resting_.begin()), Closed::unsolicited);
}

void ReuseStock::drop(size_t place, Closed why) {
  gauge().subtract(1);
  paths_.figures().closed(why).add(1);
  resting_.erase(resting_.begin() + static_cast<std::ptrdiff_t>(place));
}

void ReuseStock::drop_all(Closed why) {
  while (!resting_.empty()) drop(resting_.size() - 1, why);
}

}  // namespace gateway::origin
