#include "gateway/net/resolver.h"

#include <algorithm>
#include <utility>

namespace gateway::net {

namespace {
constexpr size_t kMaxName = 253;  // libuv has truncated longer ones (CVE-2024-24806)
}

struct Resolver::Lookup {
  uv_getaddrinfo_t request{};
  Resolver* resolver;
  Known* known;
};

Resolver::Query::~Query() {
  if (waiting_ != nullptr) std::erase(*waiting_, this);
}

Resolver::Resolver(Loop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  loop_.poller().forget(*this);
  for (auto& [name, known] : known_) {
    if (known.running != nullptr) {
      known.running->resolver = nullptr;
      // One that no thread has begun need not be waited for when the loop ends.
      uv_cancel(reinterpret_cast<uv_req_t*>(&known.running->request));
    }
    for (Query* query : known.waiting) query->waiting_ = nullptr;
  }
}

std::unique_ptr<Resolver::Query> Resolver::resolve(const std::string& name, Callback callback) {
  auto query = std::make_unique<Query>(std::move(callback));
  Known& known = known_[name];
  known.waiting.push_back(query.get());
  query->waiting_ = &known.waiting;
  if (known.running != nullptr) return query;
  if (name.size() > kMaxName) {
    known.answer = {.addresses = {}, .error = "name is longer than 253 bytes"};
  } else if (known.answer.addresses.empty() || loop_.now() >= known.until) {
    ask(name, known);
  }
  if (known.running == nullptr) {
    known_already_.push_back(&known);
    loop_.poller().schedule(*this);
  }
  return query;
}

void Resolver::on_ready(uint32_t) {
  const std::vector<Known*> due = std::exchange(known_already_, {});
  for (Known* known : due) deliver(*known);
}

void Resolver::ask(const std::string& name, Known& known) {
  auto lookup = std::make_unique<Lookup>();
  lookup->resolver = this;
  lookup->known = &known;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const int status =
      uv_getaddrinfo(loop_.uv(), &lookup->request, on_answer, name.c_str(), nullptr, &hints);
  if (status != 0) {
    known.answer = {.addresses = {}, .error = uv_strerror(status)};
    return;
  }
  known.running = lookup.release();
}

void Resolver::on_answer(uv_getaddrinfo_t* request, int status, addrinfo* found) {
  const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
  Answer answer;
  if (status != 0) answer.error = uv_strerror(status);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    answer.addresses.emplace_back(one->ai_addr);
  }
  uv_freeaddrinfo(found);
  if (lookup->resolver == nullptr) return;
  Resolver& resolver = *lookup->resolver;
  resolver.loop_.wheel().set_now(milliseconds(static_cast<int64_t>(uv_now(resolver.loop_.uv()))));
  Known& known = *lookup->known;
  known.running = nullptr;
  known.until = resolver.loop_.now() + kKeep;
  known.answer = std::move(answer);
  resolver.deliver(known);
}

void Resolver::deliver(Known& known) {
  // A callback may ask again or take others out of the line.
  const Answer answer = known.answer;
  std::vector<Query*> line = std::exchange(known.waiting, {});
  for (Query* query : line) query->waiting_ = &line;
  while (!line.empty()) {
    Query* query = line.front();
    line.erase(line.begin());
    query->waiting_ = nullptr;
    query->callback_(answer);
  }
}

}  // namespace gateway::net
