#include "gateway/admin/connection.h"

#include <utility>

#include "proto/http1/head_writer.h"

namespace gateway::admin {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kRequestTime{2000};     // from accept to a whole head
constexpr milliseconds kResponseTime{10'000};  // for taking the answer
constexpr milliseconds kWorkTime{120'000};     // for one that has to be worked out first

proto::http1::HeadLimits head_limits() {
  proto::http1::HeadLimits limits;
  limits.max_head = size_t{8} * 1024;
  return limits;
}

std::string head_of(int status, std::string_view type, size_t size, std::string_view allow) {
  std::string text;
  proto::http1::append_status_line(text, status);
  if (!allow.empty()) proto::http1::append_field(text, "Allow", allow);
  proto::http1::append_field(text, "Content-Type", type);
  proto::http1::append_field(text, "Content-Length", std::to_string(size));
  proto::http1::append_field(text, "Cache-Control", "no-store");
  proto::http1::append_field(text, "Connection", "close");
  proto::http1::append_end(text);
  return text;
}

constexpr std::string_view kPlain = "text/plain; charset=utf-8";

bool is_usage(std::string_view path) { return path == "/usage" || path.starts_with("/usage/"); }

}  // namespace

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
    const std::string refusal =
        proto::http1::text_response(parser_.rejection().status, parser_.rejection().why);
    return write(head_ ? proto::http1::without_body(refusal) : std::string_view(refusal));
  }
  ask(parser_.take());
}

void Connection::ask(const proto::http1::RequestHead& head) {
  const std::string_view path = std::string_view(head.target).substr(0, head.target.find('?'));
  const bool reads = head.method == "GET" || head_;
  if (path == "/reload") return ask_reload(head.method);
  if (!reads) return reply(405, kPlain, "GET and HEAD only\n", "GET, HEAD");
  if (is_usage(path)) return ask_usage(head.target);
  if (path == "/metrics") return ask_metrics();
  if (path == "/healthz") return reply(200, kPlain, "ok\n");
  if (path != "/readyz")
    return reply(404, kPlain, "there are /metrics, /healthz, /readyz and /usage\n");
  Source& source = server_.source_;
  if (source.ready()) return reply(200, kPlain, "ready\n");
  reply(503, kPlain, source.not_ready_reason() + "\n");
}

void Connection::ask_reload(std::string_view method) {
  if (server_.trust_ != Trust::control)
    return reply(403, kPlain, "reload is for the local socket: use `weir reload` or SIGHUP\n");
  if (method != "POST") return reply(405, kPlain, "POST only\n", "POST");
  server_.source_.reload([awaiting = await(kWorkTime)](const Source::Reloaded& reloaded) {
    Connection* const connection = take(*awaiting);
    if (connection != nullptr) connection->reply(reloaded.done ? 200 : 422, kPlain, reloaded.text);
  });
}

void Connection::ask_metrics() {
  server_.source_.metrics([awaiting = await(kWorkTime)](const std::string& text) {
    Connection* const connection = take(*awaiting);
    if (connection != nullptr)
      connection->reply(200, "text/plain; version=0.0.4; charset=utf-8", text);
  });
}

void Connection::ask_usage(std::string_view target) {
  const size_t mark = target.find('?');
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  server_.source_.usage(std::string(target.substr(0, mark)), std::string(query),
                        [awaiting = await(kWorkTime)](const UsageAnswer& answer) {
                          Connection* const connection = take(*awaiting);
                          if (connection != nullptr)
                            connection->reply(answer.status, answer.type, answer.body);
                        });
}

// Shared, because either may go first: the connection, or whoever works on the answer.
std::shared_ptr<Connection::Address> Connection::await(milliseconds time) {
  server_.loop_.wheel().set(*this, server_.loop_.now() + time);
  awaiting_ = std::make_shared<Address>(this);
  return awaiting_;
}

Connection* Connection::take(Address& address) {
  Connection* const connection = std::exchange(address.connection, nullptr);
  if (connection != nullptr) connection->awaiting_.reset();
  return connection;
}

void Connection::reply(int status, std::string_view type, std::string_view body,
                       std::string_view allow) {
  const std::string head = head_of(status, type, body.size(), allow);
  // A body of megabytes is not copied to stand behind its head.
  if (!head_) stream_->write(proto::bytes_of(head));
  write(head_ ? std::string_view(head) : body);
}

void Connection::write(std::string_view answer) {
  server_.loop_.wheel().set(*this, server_.loop_.now() + kResponseTime);
  stream_->write(proto::bytes_of(answer));
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
