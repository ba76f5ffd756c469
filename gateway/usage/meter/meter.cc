#include "gateway/usage/meter/meter.h"

#include <cassert>
#include <utility>

#include "gateway/usage/meter/book_state.h"
#include "gateway/usage/meter/layout.h"

namespace gateway::usage::meter {

namespace {
// The places of the arrays among a slot's numbers.
constexpr size_t kClosed = kFields;
constexpr size_t kRefused = kClosed + outcome::kCauses;
constexpr size_t kAnswers = kRefused + outcome::kCauses;
}  // namespace

Meter::Meter(Book& book, std::string domain) : book_(book), domain_(std::move(domain)) {}

void Meter::open(bool tls) {
  settle();
  if (active_++ == 0) book_.activate(*this);
  add(tls ? Field::sessions_wss : Field::sessions_ws, 1);
}

void Meter::close(outcome::Cause cause) {
  assert(active_ > 0);
  settle();
  count(kClosed + static_cast<size_t>(cause));
  if (--active_ == 0) book_.deactivate(*this);
}

void Meter::refuse(outcome::Cause cause) { count(kRefused + static_cast<size_t>(cause)); }

void Meter::answer(int status) { count(kAnswers + metrics::status_slot(status)); }

void Meter::settle() {
  const milliseconds passed = book_.now_ - settled_;
  settled_ = book_.now_;
  if (active_ == 0 || passed <= milliseconds{0}) return;
  const uint64_t spent = active_ * static_cast<uint64_t>(passed.count());
  add(Field::connection_milliseconds, spent);
  session_milliseconds_.add(spent);
}

void Meter::roll() {
  turn_ = book_.turn_;
  if (Slot* const next = book_.take(*this)) slot_ = next;
}

Books::Books(const Plan& plan) {
  for (size_t worker = 0; worker < plan.workers; ++worker) {
    books_.push_back(std::make_unique<Book>(
        Book::Plan{.folder = plan.folder, .node = plan.node, .boot = plan.boot, .worker = worker}));
  }
}

std::vector<Meter*> Books::domain(const std::string& name) {
  std::vector<Meter*> meters;
  meters.reserve(books_.size());
  for (const auto& book : books_) meters.push_back(&book->meter(name));
  return meters;
}

uint64_t Books::session_milliseconds(const std::string& domain) {
  uint64_t sum = 0;
  for (const auto& book : books_) {
    const Meter* const meter = book->find(domain);
    if (meter != nullptr) sum += meter->session_milliseconds().value();
  }
  return sum;
}

}  // namespace gateway::usage::meter
