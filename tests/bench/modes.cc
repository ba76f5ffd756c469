#include "tests/bench/modes.h"

#include <algorithm>
#include <vector>

#include "tests/bench/process.h"

namespace bench {

namespace {

// How long the last messages may take to come back after the sending ended.
constexpr double kGrace = 5;

// Closed loop: each connection keeps `outstanding` messages under way.
class Echo : public Fleet {
 public:
  using Fleet::Fleet;

  void work() override {
    const int64_t began = now_ns();
    const int64_t limit = now_after(options_.seconds);
    sending_ = true;
    for (auto& connection : connections_) {
      for (size_t i = 0; i < options_.outstanding; ++i) send_next(*connection);
    }
    while (!past(limit)) wait(kTick);
    sending_ = false;
    serve_until([this] { return results_.messages >= sent_; }, kGrace);
    results_.seconds = static_cast<double>(now_ns() - began) / 1e9;
  }

 private:
  void on_message(ClientConnection& connection, const ClientConnection::Message& message) override {
    count(message, message.stamp == connection.received);
    if (sending_) send_next(connection);
  }

  void send_next(ClientConnection& connection) {
    if (!connection.open()) return;
    ++sent_;
    send(connection, connection.sent + 1);
  }

  bool sending_ = false;
  uint64_t sent_ = 0;
};

// Open loop: messages leave when their time has come, whatever has come back; latency counts from
// the time a message was due, so that a proxy that stands still is not excused.
class Rate : public Fleet {
 public:
  using Fleet::Fleet;

  void work() override {
    const int64_t began = now_ns();
    const auto total = static_cast<uint64_t>(options_.rate * options_.seconds);
    uint64_t sent = 0;
    while (sent < total) {
      for (; sent < total && due(began, sent) <= now_ns(); ++sent) send_due(began, sent);
      if (sent < total) wait(due(began, sent) - now_ns());
    }
    serve_until([this] { return results_.messages >= sent_; }, kGrace);
    results_.seconds = static_cast<double>(now_ns() - began) / 1e9;
  }

 private:
  [[nodiscard]] int64_t due(int64_t began, uint64_t index) const {
    return began + static_cast<int64_t>(static_cast<double>(index) * 1e9 / options_.rate);
  }

  void send_due(int64_t began, uint64_t index) {
    ClientConnection& connection = *connections_[index % connections_.size()];
    if (!connection.open()) return;
    ++sent_;
    send(connection, static_cast<uint64_t>(due(began, index)));
  }

  void on_message(ClientConnection& connection, const ClientConnection::Message& message) override {
    count(message, message.stamp > connection.last_stamp);
    results_.latency.record(now_ns() - static_cast<int64_t>(message.stamp));
  }

  uint64_t sent_ = 0;
};

// Whole lives of connections: connect, upgrade, one echo, close; at most `parallel` at once, and no
// more begun in a second than `pace` says. Latency is from the request to its 101.
class Handshake : public Fleet {
 public:
  using Fleet::Fleet;

  // Nothing is open beforehand, yet a resumed handshake needs a ticket: one life goes unmeasured.
  void prepare() override {
    while (connections_.size() < std::min(options_.parallel, options_.connections)) {
      add_connection();
      free_.push_back(connections_.back().get());
    }
    run(connections_.size());
    const uint64_t errors = results_.errors;
    results_ = {};
    results_.errors = errors;
  }

  void work() override {
    run(options_.connections);
    results_.seconds = static_cast<double>(now_ns() - began_) / 1e9;
  }

 private:
  void run(size_t lives);
  void begin_due();

  // When the next life may begin.
  [[nodiscard]] int64_t due() const {
    if (options_.pace <= 0) return began_;
    return began_ + static_cast<int64_t>(static_cast<double>(started_) * 1e9 / options_.pace);
  }

  void on_open(ClientConnection& connection) override {
    Fleet::on_open(connection);
    results_.latency.record(now_ns() - connection.requested_at);
    send(connection, 1);
  }

  void on_message(ClientConnection& connection, const ClientConnection::Message& message) override {
    count(message, message.stamp == 1);
    connection.close();
  }

  void on_closed(ClientConnection& connection, bool clean) override {
    Fleet::on_closed(connection, clean);
    ++finished_;
    free_.push_back(&connection);
    begin_due();
  }

  int64_t began_ = 0;
  size_t lives_ = 0;
  size_t started_ = 0;
  size_t finished_ = 0;
  std::vector<ClientConnection*> free_;  // between two lives
};

void Handshake::run(size_t lives) {
  began_ = now_ns();
  lives_ = lives;
  started_ = finished_ = 0;
  begin_due();
  const int64_t limit = now_after(options_.timeout);
  while (finished_ < lives_ && !past(limit)) {
    const bool waits = started_ < lives_ && !free_.empty();
    wait(waits ? std::clamp<int64_t>(due() - now_ns(), 0, kTick) : kTick);
    begin_due();
  }
  if (finished_ < lives_) ++results_.errors;
}

void Handshake::begin_due() {
  while (started_ < lives_ && !free_.empty() && due() <= now_ns()) {
    ClientConnection& connection = *free_.back();
    free_.pop_back();
    ++started_;
    if (start(connection)) continue;
    ++finished_;
    free_.push_back(&connection);
  }
}

// Open connections that have echoed one message each and then do nothing.
class Idle : public Fleet {
 public:
  using Fleet::Fleet;

  void prepare() override {
    open_all();
    serve_until([this] { return results_.messages + results_.errors >= results_.opened; }, kGrace);
  }

  void work() override {}

 private:
  void on_open(ClientConnection& connection) override {
    send(connection, 1);
    Fleet::on_open(connection);
  }

  void on_message(ClientConnection&, const ClientConnection::Message& message) override {
    count(message, message.stamp == 1);
  }
};

// The origin floods and the clients do not read. Nothing is open before the measurement, for the
// flood begins with the 101.
class Flood : public Fleet {
 public:
  using Fleet::Fleet;

  void prepare() override {}

  void work() override {
    const int64_t began = now_ns();
    open_all();
    serve_until([began, this] { return now_ns() >= began + int64_t(options_.seconds * 1e9); },
                options_.seconds + kGrace);
    for (const auto& connection : connections_) {
      if (connection->open() && connection->unread() > 0) ++results_.stalled;
    }
    results_.seconds = static_cast<double>(now_ns() - began) / 1e9;
  }

 private:
  void on_open(ClientConnection& connection) override {
    connection.stop_reading();
    Fleet::on_open(connection);
  }

  void on_message(ClientConnection&, const ClientConnection::Message&) override {}
};

// The clients flood and the origin does not read.
class Sink : public Fleet {
 public:
  using Fleet::Fleet;

  void work() override {
    const int64_t began = now_ns();
    working_ = true;
    for (auto& connection : connections_) fill(*connection);
    const int64_t limit = now_after(options_.seconds);
    while (!past(limit)) wait(kTick);
    working_ = false;
    for (const auto& connection : connections_) {
      if (connection->open() && connection->congested()) ++results_.stalled;
    }
    results_.seconds = static_cast<double>(now_ns() - began) / 1e9;
  }

 private:
  void on_writable(ClientConnection& connection) override {
    if (working_) fill(connection);
  }

  void on_message(ClientConnection&, const ClientConnection::Message&) override {}

  void fill(ClientConnection& connection) {
    constexpr int messages_per_turn = 1024;
    for (int i = 0; i < messages_per_turn && connection.open() && !connection.congested(); ++i) {
      send(connection, 1);
    }
  }

  bool working_ = false;
};

}  // namespace

std::unique_ptr<Fleet> make_mode(const Options& options) {
  switch (options.mode) {
    case Mode::echo:
      return std::make_unique<Echo>(options);
    case Mode::rate:
      return std::make_unique<Rate>(options);
    case Mode::handshake:
      return std::make_unique<Handshake>(options);
    case Mode::idle:
      return std::make_unique<Idle>(options);
    case Mode::flood:
      return std::make_unique<Flood>(options);
    case Mode::sink:
      return std::make_unique<Sink>(options);
  }
  return nullptr;
}

}  // namespace bench
