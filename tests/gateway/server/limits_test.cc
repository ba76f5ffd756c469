#include "gateway/server/limits.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/no_descriptors.h"

using namespace gateway::server;
using gateway::config::Document;
using tests::NoDescriptors;

namespace {

Document document_with(size_t domains, size_t servers, uint32_t warm = 0) {
  Document document;
  document.listeners.emplace_back().ports = {80};
  for (size_t i = 0; i < domains; ++i) {
    auto& domain = document.domains.emplace_back();
    domain.origin.protocol = gateway::config::Origin::Protocol::http;
    domain.origin.servers.resize(servers);
    domain.origin.warm = warm;
  }
  return document;
}

}  // namespace

TEST_CASE("FX2 limits: auto leaves room for listeners, files, checks and warm connections") {
  const Limits plain = limits_of(document_with(0, 0), 2, 1024);
  CHECK(plain.automatic);
  CHECK(plain.kept == 35 + 96);
  CHECK(plain.connections == (1024 - plain.kept) / 2);
  const Limits checked = limits_of(document_with(10, 2), 2, 1024);
  CHECK(checked.checks == 20);
  CHECK(checked.connections == (1024 - checked.kept - 20) / 2);
  // No more of them are under way at a time.
  CHECK(limits_of(document_with(1000, 1), 2, 100'000).checks == 256);
  const Limits warm = limits_of(document_with(2, 2, 4), 2, 1024);
  CHECK(warm.warm == 2 * 2 * 4 * 2);
  CHECK(warm.connections == (1024 - warm.kept - 4 - 32) / 2);
  CHECK(limits_warning(warm).empty());
  CHECK(to_string(plain) ==
        "max_connections=446 (auto) open_files=1024 kept=131 checks=0 warm=0 "
        "reuse=0");
}

TEST_CASE("FX2 limits: a stock of warm connections takes at most a sixteenth, and that is said") {
  const Limits limits = limits_of(document_with(10, 10, 64), 4, 4096);
  CHECK(limits.warm == 256);
  CHECK(limits.warm_wanted == 10 * 10 * 64 * 4);
  const std::string warning = limits_warning(limits);
  CHECK(warning.find("origin.warm asks for 25600") != std::string::npos);
  CHECK(warning.find("bear 256") != std::string::npos);
}

TEST_CASE("V2 limits: kept connections are counted in auto, with warm ones an eighth at the most") {
  const auto with_http = [](uint32_t warm, uint32_t most, const auto& change) {
    Document document = document_with(2, 2, warm);
    for (size_t i = 0; i < document.domains.size(); ++i) {
      gateway::config::Domain& domain = document.domains[i];
      domain.http.enabled = true;
      domain.origin.reuse.most = most;
      change(domain);
    }
    return limits_of(document, 2, 1024);
  };
  using Domain = gateway::config::Domain;
  const auto as_it_is = [](Domain&) {};
  const Limits few = with_http(0, 4, as_it_is);
  CHECK(few.reuse == 2 * 2 * 4 * 2);
  CHECK(few.connections == (1024 - few.kept - 4 - 32) / 2);
  CHECK(to_string(few).ends_with(" warm=0 reuse=32"));
  const Limits many = with_http(16, 64, as_it_is);
  CHECK(many.warm == 64);
  CHECK(many.reuse == 64);
  CHECK(with_http(0, 64, as_it_is).reuse == 128);
  // None where no plain request comes, or none is kept.
  CHECK(with_http(0, 64, [](Domain& domain) { domain.http.enabled = false; }).reuse == 0);
  CHECK(with_http(0, 64, [](Domain& domain) {
          domain.origin.reuse.mode = gateway::config::Reuse::Mode::off;
        }).reuse == 0);
  // A route has connections of its own where it says how to connect, else it shares them.
  const auto routed = [](bool own_pool) {
    return [own_pool](Domain& domain) {
      domain.http.enabled = false;
      auto& route = domain.routes.emplace_back();
      route.http.enabled = true;
      route.own_pool = own_pool;
      route.origin.servers.resize(1);
      route.origin.reuse.most = 4;
    };
  };
  CHECK(with_http(0, 4, routed(false)).reuse == 2 * 2 * 4 * 2);
  CHECK(with_http(0, 4, routed(true)).reuse == 2 * 1 * 4 * 2);
}

TEST_CASE("FX2 limits: more connections than the descriptors bear are warned of, with a figure") {
  Document document = document_with(1, 1);
  document.limits.max_connections = 1000;
  const Limits limits = limits_of(document, 2, 80);
  CHECK(limits.connections == 1000);
  CHECK(limits.bearable == 14);
  const std::string warning = limits_warning(limits);
  CHECK(warning.find("limits.max_connections is 1000") != std::string::npos);
  CHECK(warning.find("80 open files (RLIMIT_NOFILE) bear 14") != std::string::npos);
  // With as many as it names there is nothing to warn of.
  const std::string words = "LimitNOFILE (ulimit -n) to ";
  const uint64_t needed = std::stoull(warning.substr(warning.find(words) + words.size()));
  CHECK(limits_warning(limits_of(document, 2, needed + 96)).empty());
  document.limits.max_connections = 14;
  CHECK(limits_warning(limits_of(document, 2, 80)).empty());
}

TEST_CASE("FX3 limits: a system that gives no descriptor is told before anything needs one") {
  CHECK(descriptors_refused().empty());
  const NoDescriptors none;
  CHECK(descriptors_refused().starts_with("cannot open even a pipe: "));
}

TEST_CASE("FX3 limits: what a start needs grows with workers and ports") {
  CHECK(descriptors_missing(41, 41).empty());
  CHECK(descriptors_missing(41, 8).starts_with("needs at least 41 open files and may have 8"));
  Document document = document_with(0, 0);
  const uint64_t least = descriptors_to_start(document, 1);
  CHECK(least == descriptors_to_start());
  CHECK(descriptors_to_start(document, 2) == least + 7);
  document.listeners.front().ports = {80, 81};
  CHECK(descriptors_to_start(document, 1) == least + 1);
  document.listeners.front().mode = gateway::config::Listener::Mode::first_available;
  CHECK(descriptors_to_start(document, 1) == least);
}
