#include "gateway/net/tls/tls_stream.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include <openssl/err.h>

#include "gateway/net/tls/origin.h"

namespace gateway::net::tls {

namespace {
constexpr uint8_t kHandshakeRecord = 22;  // the first byte of every ClientHello and ServerHello
constexpr uint8_t kAlertRecord = 21;
constexpr size_t kMaxUnreadAnswers = size_t{16} * 1024;

TlsStream* stream_of(BIO* bio) { return static_cast<TlsStream*>(BIO_get_data(bio)); }

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
}  // namespace

TlsStream::TlsStream(Loop& loop, std::unique_ptr<Stream> transport, SslPtr ssl, Role role,
                     HandshakeHandler* observer)
    : loop_(loop), transport_(std::move(transport)), ssl_(std::move(ssl)), observer_(observer) {
  BIO* bio = shared_bio();
  BIO_up_ref(bio);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (role == Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

TlsStream::~TlsStream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
}

BIO_METHOD* TlsStream::method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loop buffers");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return kMethod;
}

BIO* TlsStream::shared_bio() {
  thread_local const std::unique_ptr<BIO, BioFree> kBio = [] {
    std::unique_ptr<BIO, BioFree> made(BIO_new(method()));
    BIO_set_init(made.get(), 1);
    return made;
  }();
  return kBio.get();
}

SSL* TlsStream::take_turn() {
  // On another thread its BIO would be lent to this connection, and OpenSSL would use that of the
  // last one here.
  assert(SSL_get_rbio(ssl_.get()) == shared_bio());
  BIO_set_data(shared_bio(), this);
  ERR_clear_error();
  return ssl_.get();
}

int TlsStream::bio_read(BIO* bio, char* out, int size) {
  Bytes& input = stream_of(bio)->input_;
  BIO_clear_retry_flags(bio);
  if (input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t count = std::min(input.size(), static_cast<size_t>(size));
  std::memcpy(out, input.data(), count);
  input = input.subspan(count);
  return static_cast<int>(count);
}

int TlsStream::bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  stream_of(bio)->loop_.record_buffer().append(data, static_cast<size_t>(size));
  return size;
}

long TlsStream::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void TlsStream::start(Stream::Handler& handler) {
  const bool again = handler_ != nullptr;
  handler_ = &handler;
  if (again) return;
  transport_->start(*this);
  // A client speaks first. Failures come with the first read.
  if (!is_server()) {
    SSL_do_handshake(take_turn());
    send_records();
  }
}

void TlsStream::send_records() {
  std::string& records = loop_.record_buffer();
  if (records.empty()) return;
  records_.out += records.size();
  transport_->write(proto::bytes_of(records));
  records.clear();
}

void TlsStream::on_data(Bytes data) {
  if (has_failed()) return;
  assert(input_.empty());
  records_.in += data.size();
  if (opening_ == Opening::none && !opens_well(data)) return;
  input_ = data;
  if (phase_ == Phase::handshake && !shake_hands()) return;
  read_records();
}

bool TlsStream::opens_well(Bytes data) {
  opening_ = Opening::record;
  if (data[0] == kHandshakeRecord || data[0] == kAlertRecord) return true;
  opening_ = proto::text_of(data).starts_with("HEAD ") ? Opening::plain_head : Opening::plain;
  report({.code = 0,
          .doing = IoError::Doing::tls_handshake,
          .text = is_server() ? "the peer does not speak TLS"
                              : "the origin does not speak TLS on this port"});
  return false;
}

bool TlsStream::shake_hands() {
  const int done = SSL_do_handshake(take_turn());
  send_records();
  if (done != 1) {
    const int error = SSL_get_error(ssl_.get(), done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      report({.code = 0, .doing = IoError::Doing::tls_handshake, .text = take_reason()});
    return false;
  }
  std::string objection = is_server() ? std::string() : objection_to_origin(ssl_.get());
  if (!objection.empty()) {
    report({.code = 0, .doing = IoError::Doing::tls_handshake, .text = std::move(objection)});
    return false;
  }
  advance(Phase::open);
  if (observer_ == nullptr) return true;
  bool destroyed = false;
  destroyed_ = &destroyed;
  observer_->on_secured();
  if (destroyed) return false;
  destroyed_ = nullptr;
  return true;
}

// Records are gathered until the plain buffer is full or the input is used up: one on_data, one
// write on the other leg.
TlsStream::Decrypted TlsStream::decrypt(std::span<uint8_t> plain) {
  size_t size = 0;
  while (size < plain.size()) {
    size_t count = 0;
    const int result = SSL_read_ex(take_turn(), plain.data() + size, plain.size() - size, &count);
    if (result != 1) return {size, SSL_get_error(ssl_.get(), result)};
    size += count;
    // Asking once more would only hear that there is no input, at a third of OpenSSL's time for a
    // small message.
    if (input_.empty() && SSL_pending(ssl_.get()) == 0) return {size, SSL_ERROR_WANT_READ};
  }
  return {size, SSL_ERROR_NONE};
}

void TlsStream::read_records() {
  while (true) {
    const std::span<uint8_t> plain = loop_.plain_buffer();
    const auto [size, error] = decrypt(plain);
    const bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    const bool broken = error != SSL_ERROR_NONE && error != SSL_ERROR_ZERO_RETURN && !waits;
    std::string reason = broken ? take_reason() : std::string();
    const bool answered = answer();
    if (size > 0) {
      bool destroyed = false;
      destroyed_ = &destroyed;
      handler_->on_data(Bytes(plain).first(size));
      if (destroyed) return;
      destroyed_ = nullptr;
    }
    if (!answered) {
      report({.code = 0,
              .doing = IoError::Doing::writing,
              .text = "the peer demands TLS answers and reads none"});
      return;
    }
    if (error == SSL_ERROR_NONE) continue;
    if (error == SSL_ERROR_ZERO_RETURN) {
      on_end();
    } else if (broken) {
      report({.code = 0, .doing = IoError::Doing::reading, .text = std::move(reason)});
    }
    return;
  }
}

// A KeyUpdate may want one (RFC 8446 §4.6.3), and OpenSSL answers as many as come: nobody's
// backpressure would end that.
bool TlsStream::answer() {
  const size_t size = loop_.record_buffer().size();
  if (size == 0) return true;
  send_records();
  const size_t unread = transport_->congested() ? unread_answers_ + size : 0;
  unread_answers_ = static_cast<uint16_t>(std::min(unread, kMaxUnreadAnswers));
  return unread < kMaxUnreadAnswers;
}

void TlsStream::write(Bytes data) {
  if (!may_write()) return;
  encrypt(data);
  send_records();
}

void TlsStream::write_all(std::span<const Bytes> parts) {
  if (!may_write()) return;
  for (const Bytes part : parts) encrypt(part);
  send_records();
}

void TlsStream::encrypt(Bytes data) {
  while (!data.empty()) {
    size_t count = 0;
    // The BIO takes everything, so a refusal can only be a failure, which the next read reports.
    if (SSL_write_ex(take_turn(), data.data(), data.size(), &count) != 1) break;
    data = data.subspan(count);
  }
}

void TlsStream::end() {
  if (write_ended_) return;
  notify_close();
  transport_->end();
}

void TlsStream::finish() {
  if (write_ended_) return;
  notify_close();
  // A close_notify that the socket refuses in part has to be waited for after all.
  if (transport_->congested()) {
    transport_->end();
  } else {
    transport_->finish();
  }
}

void TlsStream::notify_close() {
  const bool open = may_write();
  write_ended_ = true;
  if (!open) return;
  SSL_shutdown(take_turn());
  send_records();
}

Volume TlsStream::records() const {
  const uint64_t queued = transport_->queued();
  return {.in = records_.in, .out = records_.out - std::min(queued, records_.out)};
}

Facts TlsStream::facts() const {
  const SSL* ssl = ssl_.get();
  // OpenSSL's own state would not do: it falls back with a later failure.
  if (phase_ == Phase::handshake || phase_ == Phase::refused) return {};
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  return {.handshake_done = true,
          .resumed = SSL_session_reused(ssl) == 1,
          .version = SSL_version(ssl) == TLS1_3_VERSION ? Version::tls1_3 : Version::tls1_2,
          .version_name = SSL_get_version(ssl),
          .cipher = SSL_get_cipher_name(ssl),
          .server_name = name == nullptr ? std::string_view() : name};
}

bool TlsStream::has_unread() const {
  const bool begun =
      phase_ == Phase::handshake ? !peer_was_silent() : SSL_has_pending(ssl_.get()) == 1;
  return begun || transport_->has_unread();
}

bool TlsStream::at_rest() const {
  return phase_ == Phase::open && SSL_has_pending(ssl_.get()) == 0 && transport_->at_rest();
}

bool TlsStream::ended_in_full() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsStream::on_end() {
  input_ = {};  // after a close_notify nothing is read
  if (phase_ == Phase::ended || has_failed()) return;
  if (phase_ == Phase::handshake) {
    report({.code = UV_EOF,
            .doing = IoError::Doing::tls_handshake,
            .text = "connection closed during the TLS handshake"});
    return;
  }
  advance(Phase::ended);
  handler_->on_end();
}

void TlsStream::on_drained() {
  if (handler_ != nullptr && !has_failed()) handler_->on_drained();
}

void TlsStream::on_leaving() {
  if (phase_ == Phase::open) handler_->on_leaving();
}

void TlsStream::on_failed(const IoError& error) {
  if (has_failed()) return;
  IoError told = error;
  if (phase_ == Phase::handshake) told.doing = IoError::Doing::tls_handshake;
  report(told);
}

std::string TlsStream::take_reason() {
  return is_server() ? take_tls_errors() : take_origin_reason(ssl_.get());
}

void TlsStream::report(const IoError& error) {
  input_ = {};
  advance(phase_ == Phase::handshake ? Phase::refused : Phase::failed);
  handler_->on_failed(error);
}

void TlsStream::advance(Phase next) {
  assert(may_follow(next, phase_));
  phase_ = next;
}

bool TlsStream::may_follow(Phase next, Phase now) {
  switch (next) {
    case Phase::handshake:
      return false;
    case Phase::open:
    case Phase::refused:
      return now == Phase::handshake;
    case Phase::ended:
      return now == Phase::open;
    case Phase::failed:
      return now == Phase::open || now == Phase::ended;
  }
  return false;
}

}  // namespace gateway::net::tls
