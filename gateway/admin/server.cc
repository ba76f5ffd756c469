#include "gateway/admin/server.h"

#include "gateway/admin/connection.h"
#include "proto/http1/head_writer.h"

namespace gateway::admin {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kRequestTime{2000};     // from accept to a whole head
constexpr milliseconds kResponseTime{10'000};  // for taking the answer
constexpr milliseconds kUsageTime{120'000};    // for one that has to be worked out first

proto::http1::HeadLimits head_limits() {
  proto::http1::HeadLimits limits;
  limits.max_head = size_t{8} * 1024;
  return limits;
}

std::string text_answer(int status, std::string_view type, std::string_view body,
                        std::string_view allow = {}) {
  std::string text;
  text.reserve(body.size() + 256);
  proto::http1::append_status_line(text, status);
  if (!allow.empty()) proto::http1::append_field(text, "Allow", allow);
  proto::http1::append_field(text, "Content-Type", type);
  proto::http1::append_field(text, "Content-Length", std::to_string(body.size()));
  proto::http1::append_field(text, "Cache-Control", "no-store");
  proto::http1::append_field(text, "Connection", "close");
  proto::http1::append_end(text);
  text += body;
  return text;
}

constexpr std::string_view kPlain = "text/plain; charset=utf-8";

bool is_usage(std::string_view path) { return path == "/usage" || path.starts_with("/usage/"); }

}  // namespace

Server::Server(net::Loop& loop, Source& source, Trust trust, net::UniqueFd listening)
    : loop_(loop),
      source_(source),
      trust_(trust),
      connections_(loop.retirement()),
      acceptor_(loop, std::move(listening), *this) {}

Server::~Server() {
  while (connections_.size() > 0) connections_.at(connections_.size() - 1).leave();
}

void Server::on_accepted(net::UniqueFd fd, const net::Address&) {
  make_room();
  connections_.add(std::make_unique<Connection>(*this, std::move(fd))).start();
}

void Server::on_accept_failed(int) {}

// A thousand clients that open and say nothing must not keep a scrape out.
void Server::make_room() {
  if (connections_.size() < kMaxConnections) return;
  Connection* oldest = nullptr;
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection& one = connections_.at(i);
    if (one.asked()) continue;
    if (oldest == nullptr || one.accepted() < oldest->accepted()) oldest = &one;
  }
  if (oldest == nullptr) oldest = &connections_.at(0);
  oldest->leave();
}

std::string Server::answer(std::string_view method, std::string_view path) {
  if (path == "/reload") {
    if (trust_ != Trust::control) {
      return text_answer(403, kPlain,
                         "reload is for the local socket: use `weir reload` or SIGHUP\n");
    }
    if (method != "POST") return text_answer(405, kPlain, "POST only\n", "POST");
    const Source::Reloaded reloaded = source_.reload();
    return text_answer(reloaded.done ? 200 : 422, kPlain, reloaded.text);
  }
  if (method != "GET" && method != "HEAD")
    return text_answer(405, kPlain, "GET and HEAD only\n", "GET, HEAD");
  if (path == "/metrics")
    return text_answer(200, "text/plain; version=0.0.4; charset=utf-8", source_.metrics());
  if (path == "/healthz") return text_answer(200, kPlain, "ok\n");
  if (path == "/readyz") {
    return source_.ready() ? text_answer(200, kPlain, "ready\n")
                           : text_answer(503, kPlain, source_.not_ready_reason() + "\n");
  }
  return text_answer(404, kPlain, "there are /metrics, /healthz, /readyz and /usage\n");
}

Connection::Connection(Server& server, net::UniqueFd fd)
    : server_(server),
      stream_(std::make_unique<net::TcpStream>(server.loop_, std::move(fd))),
      accepted_(server.loop_.now()),
      parser_(head_limits()) {}

void Connection::start() {
  server_.loop_.wheel().set(*this, accepted_ + kRequestTime);
  stream_->start(*this);
}

void Connection::on_data(net::Bytes data) {
  if (answered_) return;
  const auto fed = parser_.feed(data);
  if (fed.progress == proto::http1::Progress::more) return;
  answered_ = true;
  head_ = parser_.is_head();
  if (fed.progress == proto::http1::Progress::refused) {
    reply(proto::http1::text_response(parser_.rejection().status, parser_.rejection().why));
    return;
  }
  const proto::http1::RequestHead head = parser_.take();
  const std::string_view path = std::string_view(head.target).substr(0, head.target.find('?'));
  if ((head.method == "GET" || head_) && is_usage(path)) {
    ask_usage(head.target);
  } else {
    reply(server_.answer(head.method, path));
  }
}

void Connection::ask_usage(std::string_view target) {
  server_.loop_.wheel().set(*this, server_.loop_.now() + kUsageTime);
  const size_t mark = target.find('?');
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  // Shared, because either may go first: the connection, or whoever works on the answer.
  const auto awaiting = std::make_shared<Address>(this);
  awaiting_ = awaiting;
  server_.source_.usage(std::string(target.substr(0, mark)), std::string(query),
                        [awaiting](const UsageAnswer& answer) {
                          Connection* connection = std::exchange(awaiting->connection, nullptr);
                          if (connection == nullptr) return;
                          connection->awaiting_.reset();
                          connection->reply(text_answer(answer.status, answer.type, answer.body));
                        });
}

void Connection::reply(std::string_view answer) {
  server_.loop_.wheel().set(*this, server_.loop_.now() + kResponseTime);
  stream_->write(proto::bytes_of(head_ ? proto::http1::without_body(answer) : answer));
  stream_->end();
}

void Connection::on_end() {
  // A client may shut its side after the request and still wait for the answer.
  if (awaiting_) return;
  if (!answered_ || !stream_->congested()) leave();
}

void Connection::leave() {
  if (!stream_) return;
  if (awaiting_) awaiting_->connection = nullptr;
  awaiting_.reset();
  stream_.reset();
  server_.loop_.wheel().clear(*this);
  server_.connections_.retire(*this);
}

}  // namespace gateway::admin
