// A ledger, a database of its own and sinks between them, for the tests of PostgreSQL.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/postgres/sink.h"
#include "gateway/usage/ledger/ledger.h"
#include "tests/support/folder.h"
#include "tests/support/postgres_server.h"
#include "tests/support/waiting.h"

namespace tests {

namespace postgres = gateway::postgres;
namespace usage = gateway::usage;
using std::chrono::milliseconds;

// Bytes tell which row it is and how often it has changed.
inline usage::Row row_of(const std::string& node, const std::string& domain, int bucket,
                         uint64_t bytes, bool complete = false) {
  usage::Row row;
  row.key = {node, "boot-of-" + node, domain, 1'700'000'100 + bucket * usage::kBucketSeconds, 0};
  row.totals[usage::Field::client_bytes_out] = bytes;
  row.totals[usage::Field::connection_milliseconds] = bytes * 2;
  row.totals.closed[1] = bytes + 1;
  row.totals.refused[2] = 7;
  row.totals.answers[0] = 9;
  row.complete = complete;
  return row;
}

class NodeStage {
 public:
  explicit NodeStage(std::string url) : url_(std::move(url)) {}

  std::string ledger_path() const { return folder_.file("usage.sqlite"); }
  void write(const std::vector<usage::Row>& rows) {
    // The sink may be reading it, and a new file needs a moment alone: a flush would try again.
    auto ledger = usage::ledger::Ledger::open(ledger_path());
    REQUIRE(wait_until([&] {
      if (!ledger) ledger = usage::ledger::Ledger::open(ledger_path());
      return ledger.has_value();
    }));
    usage::ledger::Batch batch;
    batch.rows = rows;
    const auto error = ledger->write(batch);
    REQUIRE(!error.has_value());
  }
  postgres::Sink& start(milliseconds timeout = milliseconds{5'000}) {
    sink_ =
        std::make_unique<postgres::Sink>(postgres::Sink::Plan{.url = url_,
                                                              .ledger_path = ledger_path(),
                                                              .timeout = timeout,
                                                              .longest_wait = milliseconds{100}});
    sink_->start();
    return *sink_;
  }
  void stop() { sink_.reset(); }
  postgres::Sink& sink() { return *sink_; }
  void use(std::string url) { url_ = std::move(url); }

 private:
  Folder folder_;
  std::string url_;
  std::unique_ptr<postgres::Sink> sink_;
};

class DatabaseStage {
 public:
  std::string url() const { return server().url(name_); }
  std::string url_as(const std::string& role) const { return server().url(name_, role); }
  std::string execute(const std::string& statements) const {
    return server().execute(name_, statements);
  }
  const std::string& name() const { return name_; }
  static PostgresServer& server() { return PostgresServer::shared(); }

  // Sum and count in one: "3 rows, 600 bytes".
  std::string sums() const {
    return execute(
        "SELECT count(*) || ' rows, ' || coalesce(sum(client_bytes_out), 0) || ' bytes' "
        "FROM weir_usage");
  }
  bool reaches(const std::string& wanted) const {
    return wait_until([this, &wanted] {
      try {
        return sums() == wanted;
      } catch (const std::runtime_error&) {
        return false;  // no table yet
      }
    });
  }

 private:
  std::string name_ = server().new_database();
};

// What a node counts first, until it has come to the database: "1 rows, 10 bytes".
inline void bring_over(NodeStage& node, const DatabaseStage& database,
                       const std::vector<usage::Row>& rows, const std::string& sums) {
  node.write(rows);
  node.start();
  REQUIRE(database.reaches(sums));
}

inline std::unique_ptr<usage::Rows> reader_of(const std::string& url) {
  auto opened = postgres::open_rows(url, milliseconds{5'000});
  REQUIRE_MESSAGE(opened.has_value(), opened.error());
  return std::move(*opened);
}

inline bool has(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

// Between a sink and the server: can swallow the answer to a COMMIT, and the connection with it.
class LosingProxy {
 public:
  LosingProxy() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = at(folder_.path());
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    thread_ = std::thread([this] { run(); });
  }
  LosingProxy(const LosingProxy&) = delete;
  LosingProxy& operator=(const LosingProxy&) = delete;
  ~LosingProxy() {
    ended_.store(true);
    thread_.join();
    ::close(listener_);
  }

  std::string url(const std::string& database) const {
    return "host=" + folder_.path() + " dbname=" + database + " user=weir";
  }
  void lose(int answers) { left_.store(answers); }
  int left() const { return left_.load(); }

 private:
  static sockaddr_un at(const std::string& folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder + "/.s.PGSQL.5432";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
  }

  void run() {
    while (!ended_.load()) {
      pollfd one{.fd = listener_, .events = POLLIN, .revents = 0};
      if (::poll(&one, 1, 20) <= 0) continue;
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_un address = at(PostgresServer::shared().folder());
      const bool connected =
          ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      while (connected && !ended_.load() && pass(client, server) && pass(server, client)) {
      }
      ::close(client);
      ::close(server);
    }
  }

  // False: this connection is over.
  bool pass(int from, int to) {
    pollfd one{.fd = from, .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, 1) <= 0) return true;
    std::array<char, 65'536> bytes{};
    const ssize_t size = ::read(from, bytes.data(), bytes.size());
    if (size <= 0) return false;
    const std::string_view text(bytes.data(), static_cast<size_t>(size));
    // What the client sends is a Query message; what the server says is "COMMIT" and a zero.
    const bool answer = text.find(std::string_view("\0\0\0\x0b"
                                                   "COMMIT\0",
                                                   11)) != std::string::npos;
    if (answer && left_.load() > 0) {
      left_.fetch_sub(1);
      return false;
    }
    return ::write(to, bytes.data(), static_cast<size_t>(size)) == size;
  }

  Folder folder_;
  int listener_;
  std::atomic<int> left_{0};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace tests
