#include "gateway/edge/built_in.h"

#include <string>
#include <string_view>

#include "gateway/edge/hsts.h"
#include "gateway/edge/page.h"
#include "gateway/log/json_line.h"

namespace gateway::edge {

namespace {

constexpr std::string_view kPage = "/";
constexpr std::string_view kFacts = "/request";
constexpr std::string_view kPageFields =
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self' ws: wss:; img-src data:\r\n"
    "Cache-Control: no-store\r\n";
// Another site may have its visitors ask, and must not read what is told of them.
constexpr std::string_view kFactsFields =
    "Content-Type: application/json\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n";

std::string facts_of(const Request& request) {
  log::JsonLine facts;
  facts.text("method", request.head.method).text("path", request.target.path);
  facts.text("http_version", request.head.minor_version == 1 ? "1.1" : "1.0");
  facts.text("scheme", request.client_tls() ? "https" : "http");
  facts.text("host", request.head.fields.first("Host").value_or(""));
  facts.text("client", request.client_address().host());
  return facts.take() + "\n";
}

}  // namespace

bool has_built_in_answer(const Request& request) {
  const bool reads = request.head.method == "GET" || request.head.method == "HEAD";
  const bool is_there = request.target.path == kPage || request.target.path == kFacts;
  return reads && is_there && request.route != nullptr &&
         std::holds_alternative<route::Echo>(request.route->action);
}

void answer_built_in(Answerer& answerer, const Request& request) {
  if (request.target.path == kPage) {
    answerer.answer(200, with_hsts(request, std::string(kPageFields)), echo_page());
  } else {
    answerer.answer(200, with_hsts(request, std::string(kFactsFields)), facts_of(request));
  }
}

}  // namespace gateway::edge
