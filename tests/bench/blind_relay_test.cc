#include "tests/bench/blind_relay.h"

#include <csignal>
#include <fcntl.h>
#include <stop_token>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "tests/support/certificates.h"
#include "tests/support/patience.h"

namespace bench {
namespace {

const gateway::net::tls::Certificate& certificate() {
  static tests::Certificates all;
  static const auto made =
      all.add({.name = "bench", .alternative_names = "DNS:bench.test", .self_signed = true});
  return made;
}

void make_blocking(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
}

// A client of the relay or its origin: a blocking socket that does not wait for ever.
class Peer {
 public:
  explicit Peer(int descriptor, Tls tls = nullptr) : descriptor_(descriptor), tls_(std::move(tls)) {
    REQUIRE(descriptor >= 0);
    make_blocking(descriptor);
    const timeval limit{tests::patience().count() / 1000, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (tls_) SSL_set_fd(tls_.get(), descriptor);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(descriptor_); }

  // How much could be written.
  size_t write(const std::string& text) {
    size_t done = 0;
    while (done < text.size()) {
      size_t count = 0;
      const char* from = text.data() + done;
      if (tls_) {
        if (SSL_write_ex(tls_.get(), from, text.size() - done, &count) != 1) break;
      } else {
        const ssize_t sent = ::send(descriptor_, from, text.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) break;
        count = static_cast<size_t>(sent);
      }
      done += count;
    }
    return done;
  }

  // Fewer bytes at the end of the stream, which has to be an orderly one.
  std::string read(size_t size) {
    std::string text(size, 0);
    size_t done = 0;
    while (done < size) {
      size_t count = 0;
      if (tls_) {
        if (SSL_read_ex(tls_.get(), text.data() + done, size - done, &count) != 1) {
          CHECK(SSL_get_error(tls_.get(), 0) == SSL_ERROR_ZERO_RETURN);
          break;
        }
      } else {
        const ssize_t got = ::recv(descriptor_, text.data() + done, size - done, 0);
        CHECK(got >= 0);
        if (got <= 0) break;
        count = static_cast<size_t>(got);
      }
      done += count;
    }
    text.resize(done);
    return text;
  }

  void end() {
    if (tls_) SSL_shutdown(tls_.get());
    shutdown(descriptor_, SHUT_WR);
  }

 private:
  int descriptor_;
  Tls tls_;
};

// A relay on a thread of its own, between a client and an origin that speak TLS or do not.
class Stage {
 public:
  Stage(bool secure_client, bool secure_origin)
      : secure_client_(secure_client),
        origin_tls_(secure_origin
                        ? make_server_context(certificate().chain_file, certificate().key_file)
                        : nullptr),
        listener_(listen_on(origin_port_)),
        relay_(BlindRelay::Settings{.certificate = certificate().chain_file,
                                    .key = certificate().key_file,
                                    .secure_origin = secure_origin,
                                    .origin_port = origin_port_,
                                    .origin_addresses = {"127.0.0.2", "127.0.0.3"}}),
        thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) relay_.turn(20'000'000);
        }) {
    std::signal(SIGPIPE, SIG_IGN);
  }

  Peer client() {
    const uint16_t port = secure_client_ ? relay_.secure_port() : relay_.plain_port();
    return Peer(connect_to("127.0.0.1", port),
                secure_client_ ? client_tls_.new_connection() : nullptr);
  }

  Peer accept() {
    make_blocking(listener_.descriptor());
    return Peer(::accept(listener_.descriptor(), nullptr, nullptr),
                origin_tls_ ? make_server_tls(origin_tls_.get()) : nullptr);
  }

  void close_origin() { listener_ = Socket(); }

 private:
  bool secure_client_;
  TlsContext origin_tls_;
  ClientTls client_tls_{certificate().chain_file, "bench.test", true};
  uint16_t origin_port_ = 0;
  Socket listener_;
  BlindRelay relay_;
  std::jthread thread_;
};

const std::string kRequest = "GET /chat HTTP/1.1\r\nHost: bench.test\r\n\r\n";
const std::string kAnswer = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

template <class Check>
void for_all_ways(Check check) {
  for (const bool secure_client : {false, true}) {
    for (const bool secure_origin : {false, true}) {
      INFO("client over TLS: " << secure_client << ", origin over TLS: " << secure_origin);
      Stage stage(secure_client, secure_origin);
      check(stage);
    }
  }
}

std::string long_text(size_t size) {
  std::string text(size, 0);
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 253);
  return text;
}

}  // namespace

TEST_CASE("blind relay: what a peer says comes out at the other, in clear and over TLS") {
  for_all_ways([](Stage& stage) {
    // The second connection resumes the TLS session that the first one has left.
    for (int round = 0; round < 2; ++round) {
      Peer client = stage.client();
      REQUIRE(client.write(kRequest) == kRequest.size());
      Peer origin = stage.accept();
      CHECK(origin.read(kRequest.size()) == kRequest);
      CHECK(origin.write(kAnswer) == kAnswer.size());
      CHECK(client.read(kAnswer.size()) == kAnswer);
      CHECK(client.write("ping") == 4);
      CHECK(origin.read(4) == "ping");
      CHECK(origin.write("pong") == 4);
      CHECK(client.read(4) == "pong");
    }
  });
}

TEST_CASE("blind relay: more than sockets hold comes out whole and in order, either way") {
  const std::string text = long_text(size_t{24} * 1024 * 1024);
  const auto passes = [&text](Peer& from, Peer& to) {
    std::jthread writer([&] { static_cast<void>(from.write(text)); });
    CHECK((to.read(text.size()) == text));
  };
  for_all_ways([&](Stage& stage) {
    Peer client = stage.client();
    REQUIRE(client.write(kRequest) == kRequest.size());
    Peer origin = stage.accept();
    CHECK(origin.read(kRequest.size()) == kRequest);
    passes(client, origin);
    passes(origin, client);
  });
}

TEST_CASE("blind relay: the end of one peer is the end of the other, behind all that it said") {
  for_all_ways([](Stage& stage) {
    for (const bool client_ends : {true, false}) {
      INFO("the client ends: " << client_ends);
      Peer client = stage.client();
      REQUIRE(client.write(kRequest) == kRequest.size());
      Peer origin = stage.accept();
      CHECK(origin.read(kRequest.size()) == kRequest);
      Peer& first = client_ends ? client : origin;
      Peer& second = client_ends ? origin : client;
      CHECK(first.write("bye") == 3);
      first.end();
      CHECK(second.read(100) == "bye");
    }
  });
}

TEST_CASE("blind relay: a client whose origin does not listen is let go") {
  Stage stage(false, false);
  stage.close_origin();
  Peer client = stage.client();
  REQUIRE(client.write(kRequest) == kRequest.size());
  CHECK(client.read(1).empty());
}

}  // namespace bench
