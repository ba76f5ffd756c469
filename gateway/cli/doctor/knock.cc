#include "gateway/cli/doctor/knock.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include "gateway/net/dialer.h"

namespace gateway::cli::doctor {

namespace {

Knock heard(const net::IoError& error) {
  switch (error.code) {
    case -ECONNREFUSED:
    case -ECONNRESET:
      return {.result = Knock::Result::refused, .text = "refused"};
    case -ETIMEDOUT:
      return {};
    default:
      return {.result = Knock::Result::failed, .text = error.text};
  }
}

class Knocker final : public net::Dialer::Handler {
 public:
  Knocker(Patience& patience, const net::Address& place)
      : patience_(patience),
        dialer_(std::make_unique<net::Dialer>(patience.loop(), place, *this)) {}

  bool is_done() const { return dialer_ == nullptr; }
  const Knock& knock() const { return knock_; }

 private:
  void on_connected(std::unique_ptr<net::TcpStream>) override {
    end({.result = Knock::Result::accepts, .text = "accepts"});
  }
  void on_dial_failed(const net::IoError& error) override { end(heard(error)); }

  void end(Knock knock) {
    knock_ = std::move(knock);
    dialer_.reset();
    patience_.wake();
  }

  Patience& patience_;
  Knock knock_;
  std::unique_ptr<net::Dialer> dialer_;
};

}  // namespace

std::vector<Knock> knock(Patience& patience, const std::vector<net::Address>& places) {
  std::vector<std::unique_ptr<Knocker>> knockers;
  for (const net::Address& place : places)
    knockers.push_back(std::make_unique<Knocker>(patience, place));
  // Whoever has not answered by the end of the patience is silent.
  static_cast<void>(patience.wait_until([&knockers] {
    return std::ranges::all_of(knockers, [](const auto& one) { return one->is_done(); });
  }));
  std::vector<Knock> knocks;
  for (const auto& one : knockers) knocks.push_back(one->knock());
  return knocks;
}

}  // namespace gateway::cli::doctor
