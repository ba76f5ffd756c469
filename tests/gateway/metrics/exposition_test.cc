#include "gateway/metrics/exposition.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "gateway/metrics/families.h"
#include "tests/gateway/metrics/prometheus_judge.h"

using namespace gateway::metrics;
using gateway::outcome::By;
using gateway::outcome::Cause;

namespace {

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

size_t occurrences(const std::string& text, std::string_view of) {
  size_t count = 0;
  for (size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

Facts everything() {
  Facts facts;
  facts.version = "0.1.0";
  facts.commit = "abc123";
  facts.start_time_seconds = 1'700'000'000.5;
  facts.ready = true;
  facts.last_reload_success_timestamp = 1'700'000'001;
  facts.reloads_succeeded = 4;
  facts.reloads_failed = 1;
  facts.generation = 5;
  facts.reload_read_seconds = 0.25;
  facts.reload_build_seconds = 0.5;
  facts.reload_swap_seconds = 0.001;
  facts.certificates = {{.domain = "chat.example.com", .not_after = 1'800'000'000}};
  static constexpr std::array<double, 2> kTurnBounds{0.001, 0.5};
  for (const char* worker : {"0", "1", "control"}) {
    facts.loops.push_back({.worker = worker,
                           .lag_seconds = *worker == '1' ? 0.25 : 0.002,
                           .bounds = kTurnBounds,
                           .turns = {5, 2, 1},
                           .turn_seconds = 1.5});
  }
  facts.access_log = {
      .lost_full = 4, .lost_write = 2, .lost_end = 1, .up = false, .lag_seconds = 1.5};
  facts.usage.metered = [](Page& page) { page.add_counter("weir_metered_total", "Moved.", 42); };
  facts.usage.ledger_up = false;
  facts.usage.ledger_lag_seconds = 2.5;
  facts.usage.ledger_errors = 4;
  facts.usage.ledger_rows = 9;
  facts.usage.records_dropped = 1;
  facts.usage.budgets = {{"chat.example.com", 2}};
  facts.usage.postgres = {
      .connected = true, .lag_seconds = 0, .errors = 3, .rows = 8, .rows_refused = 2};
  facts.ports = {{.listener = "public", .address = "::1", .port = 8080}};
  return facts;
}

void fill(Domain& block) {
  block.active.add(1);
  block.closed[static_cast<size_t>(By::gateway)][static_cast<size_t>(Cause::idle_timeout)].add(1);
  block.close_codes[0][close_slot(4001)].add(1);
  block.pauses[1].add(9);
  block.protocol_errors[0].add(1);
  block.limited[kMaxMessageLimit].add(1);
  block.edge_pings.add(6);
  block.slow_heartbeats.add(1);
  block.origin_failures[static_cast<size_t>(Cause::origin_tls)].add(1);
}

// Two workers that did the same.
void fill(Registry& registry) {
  for (Domain* block : registry.domain("chat.example.com")) fill(*block);
  static_cast<void>(registry.domain("_unmatched"));
  for (Listener* block : registry.listener("public")) {
    block->active.add(2);
    block->accepted.add(10);
    block->rejected[0].add(1);
    block->tls[1][1].add(3);
    block->tls_failed.add(1);
  }
  registry.worker(0).handshake_duration.observe(kHandshakeBounds, 3);
  registry.worker(1).handshake_duration.observe(kHandshakeBounds, 60'000);
  registry.worker(1).session_duration.observe(kSessionBounds, 61'500);
  for (size_t worker = 0; worker < 2; ++worker)
    registry.worker(worker).waited_closes[static_cast<size_t>(Cause::drain)][1].add(worker + 1);
}

}  // namespace

TEST_CASE("exposition: sums every count over the workers") {
  Registry registry(2);
  fill(registry);
  const std::string text = render(registry, everything());
  constexpr std::array<std::string_view, 23> kLines{
      R"(weir_closes_deferred_total{cause="drain",result="cut"} 3)",
      R"(weir_client_connections_active{listener="public"} 4)",
      R"(weir_client_connections_total{listener="public"} 20)",
      R"(weir_client_connections_rejected_total{listener="public",cause="overload"} 2)",
      R"(weir_client_connections_rejected_total{listener="public",cause="no_descriptors"} 0)",
      R"(weir_client_connections_rejected_total{listener="public",cause="proxy_header"} 0)",
      R"(weir_tls_handshakes_total{listener="public",version="1.3",resumed="true",result="ok"} 6)",
      R"(weir_tls_handshakes_total{listener="public",version="none",resumed="false",result="failed"} 2)",
      R"(weir_sessions_active{domain="chat.example.com"} 2)",
      R"(weir_sessions_closed_total{domain="chat.example.com",initiator="gateway",cause="idle_timeout"} 2)",
      R"(weir_close_codes_total{domain="chat.example.com",side="client",code="4xxx"} 2)",
      R"(weir_backpressure_pauses_total{domain="chat.example.com",side="origin"} 18)",
      R"(weir_protocol_errors_total{domain="chat.example.com",side="client"} 2)",
      R"(weir_limited_total{domain="chat.example.com",limit="max_message"} 2)",
      R"(weir_edge_pings_total{domain="chat.example.com"} 12)",
      R"(weir_slow_heartbeats_total{domain="chat.example.com"} 2)",
      R"(weir_origin_failures_total{domain="chat.example.com",cause="origin_tls"} 2)",
      R"(weir_handshake_duration_seconds_bucket{le="0.005"} 1)",
      R"(weir_handshake_duration_seconds_bucket{le="+Inf"} 2)",
      R"(weir_handshake_duration_seconds_sum 60.003)",
      R"(weir_session_duration_seconds_bucket{le="60"} 0)",
      R"(weir_session_duration_seconds_bucket{le="300"} 1)",
      R"(weir_session_duration_seconds_count 1)",
  };
  for (const std::string_view line : kLines) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("exposition: says what is no counter") {
  const std::string text = render(Registry(1), everything());
  constexpr std::array<std::string_view, 40> kLines{
      R"(weir_build_info{version="0.1.0",commit="abc123"} 1)",
      "weir_start_time_seconds 1700000000.5",
      "weir_ready 1",
      "weir_draining 0",
      "weir_config_last_reload_successful 1",
      "weir_config_last_reload_success_timestamp_seconds 1700000001",
      R"(weir_config_reloads_total{result="success"} 4)",
      R"(weir_config_reloads_total{result="failure"} 1)",
      "weir_config_generation 5",
      R"(weir_config_reload_seconds{phase="read"} 0.25)",
      R"(weir_config_reload_seconds{phase="build"} 0.5)",
      R"(weir_config_reload_seconds{phase="swap"} 0.001)",
      R"(weir_tls_certificate_not_after_seconds{domain="chat.example.com"} 1800000000)",
      R"(weir_loop_lag_seconds{worker="0"} 0.002)",
      R"(weir_loop_lag_seconds{worker="1"} 0.25)",
      R"(weir_loop_lag_seconds{worker="control"} 0.002)",
      R"(weir_loop_turn_seconds_bucket{worker="1",le="0.001"} 5)",
      R"(weir_loop_turn_seconds_bucket{worker="1",le="0.5"} 7)",
      R"(weir_loop_turn_seconds_bucket{worker="1",le="+Inf"} 8)",
      R"(weir_loop_turn_seconds_sum{worker="control"} 1.5)",
      "weir_access_log_dropped_total 7",
      R"(weir_access_log_lost_lines_total{reason="full"} 4)",
      R"(weir_access_log_lost_lines_total{reason="write"} 2)",
      R"(weir_access_log_lost_lines_total{reason="end"} 1)",
      "weir_access_log_up 0",
      "weir_access_log_lag_seconds 1.5",
      R"(weir_listener_port_info{listener="public",address="::1",port="8080"} 1)",
      "weir_handshake_duration_seconds_count 0",
      "weir_metered_total 42",
      "weir_usage_ledger_up 0",
      "weir_usage_ledger_lag_seconds 2.5",
      "weir_usage_ledger_errors_total 4",
      "weir_usage_ledger_rows_total 9",
      "weir_usage_records_dropped_total 1",
      R"(weir_usage_budget_state{domain="chat.example.com"} 2)",
      "weir_usage_postgres_up 1",
      "weir_usage_postgres_lag_seconds 0",
      "weir_usage_postgres_errors_total 3",
      "weir_usage_postgres_rows_total 8",
      "weir_usage_postgres_rows_refused 2",
  };
  for (const std::string_view line : kLines) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("exposition: a domain without sessions has its session series, and no other") {
  Registry registry(2);
  static_cast<void>(registry.domain("_unmatched"));
  const std::string text = render(registry, {});
  CHECK(has_line(text, R"(weir_sessions_active{domain="_unmatched"} 0)"));
  CHECK(occurrences(text, "_unmatched") == 1);
  CHECK(occurrences(text, "weir_sessions_closed_total") == 0);
}

TEST_CASE(
    "exposition: ends, retries, sticky choices and desyncs of plain requests, where there were "
    "some") {
  Registry registry(2);
  static_cast<void>(registry.domain("quiet.example.com"));
  CHECK(render(registry, {}).find("weir_http_") == std::string::npos);
  for (Domain* block : registry.domain("chat.example.com")) {
    Requests& requests = block->requests.make();
    requests.ended[static_cast<size_t>(By::origin)][gateway::outcome::kCauses].add(4);
    requests.ended[static_cast<size_t>(By::client)][static_cast<size_t>(Cause::client_abort)].add(
        1);
    requests.retries[static_cast<size_t>(gateway::outcome::RetryWhy::stale)].add(3);
    requests.sticky[static_cast<size_t>(gateway::outcome::Sticky::made)].add(2);
    requests.desync[1].add(1);
  }
  registry.worker(0).exchange_duration.observe(kExchangeBounds, 12);
  registry.worker(1).first_byte.observe(kExchangeBounds, 61'000);
  registry.listener("public")[0]->idle.add(5);
  const std::string text = render(registry, {});
  for (
      const std::string_view line :
      {R"(weir_http_ended_total{domain="chat.example.com",initiator="origin",cause="done"} 8)",
       R"(weir_http_ended_total{domain="chat.example.com",initiator="client",cause="client_abort"} 2)",
       R"(weir_http_retries_total{domain="chat.example.com",why="stale"} 6)",
       R"(weir_sticky_total{domain="chat.example.com",result="new"} 4)",
       R"(weir_desync_total{domain="chat.example.com",side="origin"} 2)",
       R"(weir_http_duration_seconds_bucket{le="0.01"} 0)",
       R"(weir_http_duration_seconds_bucket{le="0.025"} 1)",
       R"(weir_http_first_byte_seconds_bucket{le="600"} 1)",
       R"(weir_client_connections_idle{listener="public"} 5)"}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
  CHECK(text.find("quiet.example.com\",initiator") == std::string::npos);
  CHECK(text == tests::PrometheusJudge(text).text());
}

TEST_CASE("exposition: a label's value is escaped") {
  Facts facts;
  facts.version = "a\"b\\c\nd";
  CHECK(
      has_line(render(Registry(1), facts), R"(weir_build_info{version="a\"b\\c\nd",commit=""} 1)"));
}

TEST_CASE("exposition: is what prometheus-cpp makes of the same families") {
  Registry registry(2);
  fill(registry);
  for (int i = 0; i < 60; ++i) {
    const std::string name = "d" + std::to_string(i) + ".example.com";
    for (Domain* block : registry.domain(name)) fill(*block);
    for (Origin* origin : registry.origin(name, "10.0.0.5:8080")) origin->traffic.bytes_in.add(77);
  }
  const std::string text = render(registry, everything());
  const tests::PrometheusJudge judge(text);
  CHECK(judge.lines() > 700);
  CHECK(text == judge.text());
}

TEST_CASE("exposition: knows the process") {
  const std::string text = render(Registry(1), {});
  for (const std::string_view name :
       {"process_resident_memory_bytes", "process_open_fds", "process_max_fds",
        "process_start_time_seconds", "process_cpu_seconds_total"}) {
    CAPTURE(name);
    const size_t at = text.find("\n" + std::string(name) + " ");
    REQUIRE(at != std::string::npos);
    const double value = std::strtod(text.c_str() + at + name.size() + 2, nullptr);
    CHECK(value >= 0);
    if (name != "process_cpu_seconds_total") CHECK(value > 0);
  }
}

// For `promtool check metrics < file`, which knows rules of good naming that no test here repeats.
TEST_CASE("exposition: writes what it renders where it is told to" *
          doctest::skip(std::getenv("WEIR_METRICS_OUT") == nullptr)) {
  Registry registry(2);
  fill(registry);
  std::ofstream(std::getenv("WEIR_METRICS_OUT")) << render(registry, everything());
}
