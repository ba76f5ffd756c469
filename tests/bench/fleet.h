// The client connections of one load: opened with bounded haste, counted, driven by one poller.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/client_connection.h"
#include "tests/bench/histogram.h"
#include "tests/bench/options.h"
#include "tests/bench/poller.h"

namespace bench {

struct Results {
  uint64_t opened = 0;
  uint64_t resumed = 0;  // TLS handshakes that resumed a session
  uint64_t messages = 0;
  uint64_t errors = 0;
  uint64_t stalled = 0;  // connections on which the flood came to stand
  double seconds = 0;
  std::string tls;  // protocol and cipher of the last connection opened
  Histogram latency;
};

// What every mode shares. A mode derives from it and says what happens on an opened connection.
class Fleet : public ClientConnection::Observer {
 public:
  explicit Fleet(const Options& options);

  // Opens what has to be open before the measurement.
  virtual void prepare() { open_all(); }
  // The part that is measured.
  virtual void work() = 0;
  [[nodiscard]] const Results& results() const { return results_; }

 protected:
  void open_all();
  void add_connection();
  // Serves events until `done` or until the time-out, which counts as an error.
  template <class Done>
  void serve_until(Done done, double seconds) {
    const int64_t limit = now_after(seconds);
    while (!done()) {
      if (past(limit)) {
        ++results_.errors;
        return;
      }
      wait(kTick);
    }
  }
  void wait(int64_t nanoseconds);
  // Starts the connection from the next source address. False, and counted: there was no socket.
  [[nodiscard]] bool start(ClientConnection& connection);
  // Sends one message that carries `stamp`.
  void send(ClientConnection& connection, uint64_t stamp);
  // Counts a message that came back; wrong ones are errors.
  void count(const ClientConnection::Message& message, bool expected_stamp);

  void on_open(ClientConnection& connection) override;
  void on_closed(ClientConnection& connection, bool clean) override;

  [[nodiscard]] static int64_t now_after(double seconds);
  [[nodiscard]] static bool past(int64_t time);

  static constexpr int64_t kTick = 20'000'000;

  const Options options_;
  Results results_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;

 private:
  void start_next();

  std::unique_ptr<ClientTls> tls_;
  Target target_;
  Poller poller_;
  std::vector<uint8_t> buffer_;
  std::vector<uint8_t> frame_;  // the masked message; its stamp is written anew for each
  size_t stamp_at_ = 0;
  size_t started_ = 0;
  size_t source_ = 0;
  bool opening_ = false;
};

}  // namespace bench
