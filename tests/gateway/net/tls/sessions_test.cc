#include "gateway/net/tls/sessions.h"

#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/gateway/net/tls/tls_scene.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::tls;

namespace {

// What a handshake would leave, as far as the store looks at it.
SslSessionPtr session(int version, unsigned char id, time_t age = 0) {
  SslSessionPtr made(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(made.get(), version);
  SSL_SESSION_set1_id(made.get(), &id, 1);
  SSL_SESSION_set_time(made.get(), std::time(nullptr) - age);
  SSL_SESSION_set_timeout(made.get(), 7200);
  return made;
}

// 0: there was none.
int taken(OriginSessions& store, const OriginSessions::Key& key) {
  const SslSessionPtr found = store.take(key);
  if (found == nullptr) return 0;
  unsigned int size = 0;
  return *SSL_SESSION_get_id(found.get(), &size);
}

// Two contexts of the same server, one for each side, and the store between them.
struct Pair {
  explicit Pair(int max_version = TLS1_3_VERSION, bool verify = true)
      : client(context(max_version, verify)) {
    auto made = make_server_context(certificates().add(
        {.name = "resumed", .alternative_names = "DNS:origin.example,DNS:other.example"}));
    REQUIRE(made.has_value());
    server = std::move(*made);
    const unsigned char id = 'x';
    SSL_CTX_set_session_id_context(server.get(), &id, 1);
  }
  SslContextPtr context(int max_version, bool verify) {
    auto made = make_origin_context(
        {.verify = verify, .ca_file = certificates().ca_file(), .sessions = &store});
    REQUIRE(made.has_value());
    SSL_CTX_set_max_proto_version(made->get(), max_version);
    return std::move(*made);
  }
  // Whether that connection was resumed. It ends without a close_notify, as many do.
  bool resumes(SSL_CTX* with, const std::string& name = "origin.example",
               std::string_view to = "10.0.0.1:443", Identity identity = Identity::shown) {
    TlsScene scene(SslPtr(SSL_new(server.get())), new_origin_connection(with, name, to, identity));
    REQUIRE(scene.secured());
    scene.server.write("x");  // behind the tickets of TLS 1.3
    REQUIRE(scene.until([&] { return scene.client.told.data == "x"; }));
    return scene.client.stream->facts().resumed;
  }

  OriginSessions store;
  SslContextPtr server;
  SslContextPtr client;
};

}  // namespace

TEST_CASE("origin sessions: a TLS 1.3 ticket is given out once, the newest of four first") {
  OriginSessions store;
  const OriginSessions::Key key{.context = 1, .peer = "a"};
  for (unsigned char id = 1; id <= 6; ++id) store.put(key, *session(TLS1_3_VERSION, id));
  for (const int expected : {6, 5, 4, 3, 0, 0}) CHECK(taken(store, key) == expected);
  CHECK(store.size() == 0);
}

TEST_CASE("origin sessions: a TLS 1.2 session is given out again and again, and replaced") {
  OriginSessions store;
  const OriginSessions::Key key{.context = 1, .peer = "a"};
  store.put(key, *session(TLS1_2_VERSION, 1));
  store.put(key, *session(TLS1_2_VERSION, 2));
  for (int i = 0; i < 3; ++i) CHECK(taken(store, key) == 2);
}

TEST_CASE("origin sessions: nothing old is kept or given out") {
  OriginSessions store;
  const OriginSessions::Key key{.context = 1, .peer = "a"};
  store.put(key, *session(TLS1_3_VERSION, 1, OriginSessions::kMaxAge.count()));
  store.put(key, *session(TLS1_3_VERSION, 1, -100));  // from the future: the clock was set back
  CHECK(store.size() == 0);
}

TEST_CASE("origin sessions: the least recently used key goes, and a context's with it") {
  OriginSessions store;
  const uint64_t first = store.new_context();
  const uint64_t second = store.new_context();
  CHECK(first != second);
  const auto key = [](uint64_t context, size_t number) {
    return OriginSessions::Key{.context = context, .peer = std::to_string(number)};
  };
  const SslSessionPtr one = session(TLS1_2_VERSION, 7);
  for (size_t i = 0; i < OriginSessions::kMaxKeys; ++i) store.put(key(first, i), *one);
  CHECK(taken(store, key(first, 0)) == 7);
  store.put(key(second, 0), *one);
  CHECK(store.size() == OriginSessions::kMaxKeys);
  CHECK(taken(store, key(first, 0)) == 7);
  CHECK(taken(store, key(first, 1)) == 0);
  store.forget(first);
  CHECK(store.size() == 1);
  CHECK(taken(store, key(second, 0)) == 7);
}

TEST_CASE("origin sessions: are shared by threads") {
  OriginSessions store;
  std::vector<std::jthread> threads;
  for (unsigned char id = 1; id <= 4; ++id) {
    threads.emplace_back([&store, id] {
      const SslSessionPtr own = session(id % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION, id);
      for (int i = 0; i < 2000; ++i) {
        const OriginSessions::Key key{.context = 1, .peer = std::to_string(i % 5)};
        store.put(key, *own);
        static_cast<void>(store.take(key));
      }
      store.forget(2);
    });
  }
  threads.clear();
  CHECK(store.size() <= 5);
}

TEST_CASE("origin sessions: the second connection to an origin is resumed, in both versions") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Pair pair(version);
    CHECK_FALSE(pair.resumes(pair.client.get()));
    for (int i = 0; i < 3; ++i) CHECK(pair.resumes(pair.client.get()));
  }
}

TEST_CASE("origin sessions: another server, name or context begins anew") {
  Pair pair;
  const SslContextPtr reloaded = pair.context(TLS1_3_VERSION, true);
  const SslContextPtr trusting = pair.context(TLS1_3_VERSION, false);
  CHECK_FALSE(pair.resumes(trusting.get()));
  CHECK_FALSE(pair.resumes(pair.client.get()));
  CHECK_FALSE(pair.resumes(pair.client.get(), "other.example"));
  CHECK_FALSE(pair.resumes(pair.client.get(), "origin.example", "10.0.0.2:443"));
  CHECK_FALSE(pair.resumes(pair.client.get(), "origin.example", ""));
  CHECK_FALSE(pair.resumes(reloaded.get()));
  CHECK(pair.resumes(pair.client.get()));
  CHECK(pair.resumes(trusting.get()));
}

TEST_CASE("origin sessions: go with the context they were made in") {
  Pair pair;
  CHECK_FALSE(pair.resumes(pair.client.get()));
  CHECK(pair.store.size() == 1);
  pair.client.reset();
  CHECK(pair.store.size() == 0);
}

TEST_CASE(
    "FX1 origin sessions: one that was made with our certificate is not for who withholds it") {
  Pair pair;
  const auto resumes = [&](Identity identity) {
    return pair.resumes(pair.client.get(), "origin.example", "10.0.0.1:443", identity);
  };
  CHECK_FALSE(resumes(Identity::shown));
  CHECK_FALSE(resumes(Identity::withheld));
  CHECK(resumes(Identity::shown));
  CHECK(resumes(Identity::withheld));
}
