#include "gateway/origin/warm_stock.h"

#include <algorithm>
#include <random>
#include <utility>

#include "gateway/origin/connector.h"
#include "gateway/origin/origin_paths.h"

namespace gateway::origin {

using std::chrono::milliseconds;

namespace {

// Up to a quarter of its time is taken off each, so that those that were made together do not all
// end together.
milliseconds lifetime(milliseconds idle) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int64_t> off(0, idle.count() / 4);
  return idle - milliseconds(off(random));
}

}  // namespace

//  making ──connected──▶ idle ──take()──▶ another's
//    └──────failed─────────┴──readable, ended──▶ gone
class WarmStock::Connection final : public net::Retirable,
                                    public Connector::Handler,
                                    private net::Stream::Handler {
 public:
  Connection(WarmStock& stock, IdleRoom::Seat room)
      : room_(std::move(room)), stock_(stock), for_(stock.for_) {
    connector_ = std::make_unique<Connector>(stock.loop_, stock.resolver_,
                                             Connector::Plan{.pool = *for_.pool,
                                                             .server = *for_.server,
                                                             .target = stock.target_,
                                                             .tls_name = stock.tls_name_,
                                                             .paths = stock.paths_,
                                                             .fresh = true},
                                             trail_, *this);
  }
  ~Connection() override {
    if (!stream_) return;
    stream_->finish();
    gauge().subtract(1);
  }

  bool idle() const { return stream_ != nullptr; }
  milliseconds since() const { return since_; }
  milliseconds until() const { return until_; }
  // A ticket that has just come makes it readable, too, and the loop is about to read that.
  bool at_rest() const { return idle() && stream_->at_rest(); }
  Warm::Taken take() {
    gauge().subtract(1);
    return {.stream = std::move(stream_), .address = address_, .port = port_, .made = since_};
  }

 private:
  void on_connected(std::unique_ptr<net::Stream> stream, net::Address address) override {
    address_ = address;
    port_ = connector_->target().port;
    connector_.reset();
    since_ = stock_.loop_.now();
    until_ = since_ + lifetime(stock_.settings().warm_idle);
    stream_ = std::move(stream);
    gauge().add(1);
    stream_->start(*this);
    stock_.connected(*this);
  }
  void on_connect_failed(outcome::Failure) override {
    connector_.reset();
    stock_.failed(*this);
  }
  void on_data(net::Bytes) override { lost(); }
  void on_end() override { lost(); }
  void on_drained() override {}
  void on_failed(const net::IoError&) override { lost(); }
  void lost() {
    stream_.reset();
    gauge().subtract(1);
    stock_.lost(*this);
  }
  metrics::Count& gauge() const { return stock_.paths_.figures().warm_idle; }

  IdleRoom::Seat room_;
  WarmStock& stock_;
  For for_;
  Trail trail_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<net::Stream> stream_;
  net::Address address_;
  uint16_t port_ = 0;
  milliseconds since_{0};
  milliseconds until_{0};
};

WarmStock::WarmStock(net::Loop& loop, net::dns::Resolver& resolver, OriginPaths& paths, For whom,
                     Target target, std::string tls_name, bool lasting)
    : loop_(loop),
      resolver_(resolver),
      paths_(paths),
      for_(std::move(whom)),
      target_(target),
      tls_name_(std::move(tls_name)),
      lasting_(lasting),
      asked_(loop.now()) {
  loop_.wheel().set(*this, loop_.now());
}

WarmStock::~WarmStock() = default;

bool WarmStock::is_for(const Target& target, std::string_view tls_name) const {
  return target_.tls == target.tls && target_.port == target.port && tls_name_ == tls_name;
}

bool WarmStock::is_unused(milliseconds now) const {
  return !lasting_ && now - asked_ > settings().warm_idle;
}

void WarmStock::move_to(For whom) {
  for_ = std::move(whom);
  loop_.wheel().set(*this, loop_.now());
}

std::optional<Warm::Taken> WarmStock::take() {
  asked_ = loop_.now();
  // What is missing is made after the one who asks has been served.
  loop_.wheel().set(*this, loop_.now());
  // The youngest: it is the least likely to have been forgotten by something on the way.
  const auto found = std::find_if(connections_.rbegin(), connections_.rend(),
                                  [](const auto& one) { return one->at_rest(); });
  if (found == connections_.rend()) return std::nullopt;
  pause_ = milliseconds(0);
  Warm::Taken taken = (*found)->take();
  connections_.erase(std::next(found).base());
  return taken;
}

size_t WarmStock::idle() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                           [](const auto& one) { return one->idle(); }));
}

void WarmStock::on_deadline(milliseconds now) {
  drop_old(now);
  if (is_wanted(now)) refill(now);
  plan_next(now);
}

void WarmStock::drop_old(milliseconds now) {
  std::erase_if(connections_,
                [now](const auto& one) { return one->idle() && one->until() <= now; });
}

// A server that is down by its checks, or ejected, or on trial, gets none.
bool WarmStock::is_wanted(milliseconds now) const {
  if (!lasting_ && now - asked_ > kForget) return false;
  const route::Backend* backend = for_.server->backend.get();
  return backend == nullptr || (backend->up.load(std::memory_order_relaxed) &&
                                backend->ejected_until.load(std::memory_order_relaxed) == 0);
}

void WarmStock::refill(milliseconds now) {
  if (now < paused_until_) return;
  size_t making = connections_.size() - idle();
  while (connections_.size() < settings().warm && making < kAtOnce) {
    auto room = paths_.take_warm_seat();
    if (!room) return;
    connections_.push_back(std::make_unique<Connection>(*this, std::move(*room)));
    ++making;
  }
}

void WarmStock::plan_next(milliseconds now) {
  std::optional<milliseconds> next;
  for (const auto& one : connections_) {
    if (one->idle() && (!next || one->until() < *next)) next = one->until();
  }
  const bool missing = connections_.size() < settings().warm;
  const bool forgotten = !lasting_ && now - asked_ > kForget;
  if (missing && !forgotten) {
    const milliseconds again = std::max(paused_until_, now + kFirstPause);
    next = next ? std::min(*next, again) : again;
  }
  if (next) {
    loop_.wheel().set(*this, *next);
  } else {
    loop_.wheel().clear(*this);
  }
}

// There may be more to make, and this one's end is to be remembered.
void WarmStock::connected(Connection&) { loop_.wheel().set(*this, loop_.now()); }

void WarmStock::failed(const Connection& connection) {
  pause();
  remove(connection);
}

void WarmStock::lost(const Connection& connection) {
  if (loop_.now() - connection.since() < kSettled) {
    pause();
  } else {
    pause_ = milliseconds(0);
  }
  remove(connection);
}

// Those that were begun together fail together, and count once.
void WarmStock::pause() {
  const milliseconds now = loop_.now();
  if (now < paused_until_) return;
  pause_ = std::min(pause_ == milliseconds(0) ? kFirstPause : pause_ * 2, kLongestPause);
  paused_until_ = now + pause_;
}

void WarmStock::remove(const Connection& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& one) { return one.get() == &connection; });
  loop_.retire(std::move(*found));
  connections_.erase(found);
  loop_.wheel().set(*this, std::max(loop_.now(), paused_until_));
}

}  // namespace gateway::origin
