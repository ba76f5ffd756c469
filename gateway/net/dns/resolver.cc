#include "gateway/net/dns/resolver.h"

#include <algorithm>
#include <utility>

#include "proto/base/host.h"

namespace gateway::net::dns {

namespace {
constexpr size_t kMaxName = 253;  // RFC 1035 §2.3.4, without the root's dot
}

Resolver::Query::~Query() {
  if (waiting_ != nullptr) std::erase(*waiting_, this);
}

Resolver::Resolver(Loop& loop, Client::Options options, KnownNames* shared)
    : loop_(loop), shared_(shared), options_(std::move(options)), dns_(loop, options_, *this) {}

Resolver::~Resolver() {
  loop_.poller().forget(*this);
  for (auto& [name, known] : known_) {
    for (Query* query : known.waiting) query->waiting_ = nullptr;
  }
}

std::unique_ptr<Resolver::Query> Resolver::resolve(const std::string& name, const Life& life,
                                                   Callback callback) {
  auto query = std::make_unique<Query>(std::move(callback), life);
  Known& known = this->known(name);
  known.used = loop_.now();
  known.waiting.push_back(query.get());
  query->waiting_ = &known.waiting;
  if (known.addresses.empty() || !is_fresh(known.received, known.ttl, life)) learn(name, known);
  const bool usable = is_usable(known);
  if (!usable || !is_fresh(known.received, known.ttl, life)) look_up(name, known);
  // A look-up that is under way is only waited for where there is nothing else to say.
  if (usable || !known.looking) hand_out(known);
  return query;
}

void Resolver::learn(const std::string& name, Known& known) const {
  if (shared_ == nullptr) return;
  auto newer =
      shared_->newer_than(known.addresses.empty() ? milliseconds::min() : known.received, name);
  if (!newer) return;
  known.addresses = std::move(newer->addresses);
  known.written = newer->written;
  known.ttl = newer->ttl;
  known.received = newer->received;
}

Resolver::Known& Resolver::known(const std::string& name) {
  const auto found = known_.find(name);
  if (found != known_.end()) return found->second;
  if (known_.size() >= kMaxNames) make_room();
  return known_[name];
}

// The one that nobody has asked for the longest. Those with questions open stay: they are as many
// as there are sessions being opened, which have a limit of their own.
void Resolver::make_room() {
  auto oldest = known_.end();
  for (auto one = known_.begin(); one != known_.end(); ++one) {
    const Known& known = one->second;
    if (known.looking || known.due || !known.waiting.empty()) continue;
    if (oldest == known_.end() || known.used < oldest->second.used) oldest = one;
  }
  if (oldest != known_.end()) known_.erase(oldest);
}

bool Resolver::is_fresh(milliseconds received, milliseconds ttl, const Life& life) const {
  return loop_.now() - received < std::clamp(ttl, life.min, std::max(life.min, life.max));
}

bool Resolver::is_usable(const Known& known) const {
  return !known.addresses.empty() && loop_.now() - known.received < kKeepGood;
}

bool Resolver::has_just_failed(const Known& known) const {
  return !known.error.empty() && loop_.now() - known.failed < kKeepBad;
}

void Resolver::look_up(const std::string& name, Known& known) {
  if (known.looking || has_just_failed(known)) return;
  const bool too_long = proto::without_root(name).size() > kMaxName;
  if (too_long || name.empty() || name.find('\0') != std::string::npos) {
    known.error = too_long ? "name is longer than 253 bytes" : "not a host name";
    known.ours = false;
    known.failed = loop_.now();
    return;
  }
  known.looking = true;
  client_for(name).ask(name);
}

Client& Resolver::client_for(std::string_view name) {
  if (!name.ends_with('.')) return dns_;
  if (!absolute_) {
    Client::Options options = options_;
    options.absolute = true;
    Client::Handler& handler = *this;
    absolute_ = std::make_unique<Client>(loop_, std::move(options), handler);
  }
  return *absolute_;
}

void Resolver::on_reply(const std::string& name, Client::Reply reply) {
  const auto found = known_.find(name);
  if (found == known_.end()) return;
  Known& known = found->second;
  known.looking = false;
  known.error = std::move(reply.error);
  known.ours = reply.ours;
  if (reply.kind == Client::Reply::Kind::found) {
    known.addresses = std::move(reply.addresses);
    known.written = reply.written;
    known.ttl = reply.life;
    known.received = loop_.now();
    if (shared_ != nullptr)
      shared_->put(name, {.addresses = known.addresses,
                          .ttl = known.ttl,
                          .received = known.received,
                          .written = known.written});
  } else {
    known.failed = loop_.now();
    const bool gone = reply.kind == Client::Reply::Kind::no_such_name;
    if (gone && shared_ != nullptr) shared_->forget(name);
    if (!gone) learn(name, known);
    // A name that is said to be gone is gone (RFC 8767 §4); any other failure says nothing about
    // the addresses that were good.
    if (gone || !is_usable(known)) known.addresses.clear();
  }
  // From here c-ares is still on the stack.
  hand_out(known);
}

void Resolver::hand_out(Known& known) {
  if (known.due || known.waiting.empty()) return;
  known.due = true;
  due_.push_back(&known);
  loop_.poller().schedule(*this);
}

void Resolver::on_ready(uint32_t) {
  const std::vector<Known*> due = std::exchange(due_, {});
  for (Known* known : due) {
    known->due = false;
    deliver(*known);
  }
}

void Resolver::deliver(Known& known) {
  // A callback may ask again or take others out of the line.
  Answer answer{.addresses = known.addresses,
                .error = known.error,
                .ours = known.ours,
                .written = known.written};
  const bool any = !answer.addresses.empty();
  const milliseconds received = known.received;
  const milliseconds ttl = known.ttl;
  std::vector<Query*> line = std::exchange(known.waiting, {});
  for (Query* query : line) query->waiting_ = &line;
  std::ranges::reverse(line);
  while (!line.empty()) {
    Query* query = line.back();
    line.pop_back();
    query->waiting_ = nullptr;
    answer.stale = any && !is_fresh(received, ttl, query->life_);
    // The callback may destroy the query, and itself with it.
    const Callback callback = std::move(query->callback_);
    callback(answer);
  }
}

}  // namespace gateway::net::dns
