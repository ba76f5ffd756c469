#include "tests/bench/relay_end.h"

#include <algorithm>
#include <cstring>
#include <sys/epoll.h>
#include <utility>

#include <openssl/err.h>

namespace bench {

namespace {

RelayBuffers& buffers_of(BIO* bio) { return *static_cast<RelayBuffers*>(BIO_get_data(bio)); }

int bio_read(BIO* bio, char* out, int size) {
  Bytes& input = buffers_of(bio).input;
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

int bio_write(BIO* bio, const char* data, int size) {
  std::vector<uint8_t>& records = buffers_of(bio).records;
  records.insert(records.end(), data, data + size);
  return size;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "relay buffers");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return kMethod;
}

}  // namespace

RelayBuffers::RelayBuffers() : read(kReadSize), plain(kPlainSize), bio_(BIO_new(method())) {
  BIO_set_init(bio_.get(), 1);
  BIO_set_data(bio_.get(), this);
}

void RelayEnd::open(int descriptor, Tls tls) {
  socket_ = Socket(descriptor);
  tls_ = std::move(tls);
  if (!tls_) return;
  BIO_up_ref(buffers_.bio());
  SSL_set_bio(tls_.get(), buffers_.bio(), buffers_.bio());
  // The relay's own read is ahead of OpenSSL already.
  SSL_set_read_ahead(tls_.get(), 0);
}

bool RelayEnd::on_event(uint32_t events) {
  constexpr uint32_t kEnding = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLIN | kEnding)) != 0) readable_ = true;
  if ((events & kEnding) != 0) last_edge_ = true;
  if ((events & EPOLLOUT) == 0) return true;
  connected_ = true;
  return socket_.flush();
}

bool RelayEnd::ready() const {
  return connected_ && (!tls_ || SSL_is_init_finished(tls_.get()) == 1);
}

Bytes RelayEnd::read() {
  const IoResult got = readable_ ? socket_.read(buffers_.read, last_edge_) : IoResult{};
  Bytes came = Bytes(buffers_.read).first(got.bytes);
  if (got.state == IoState::ended) ended_ = true;
  if (tls_) came = decrypt(came);
  if (got.state == IoState::blocked || ended_) readable_ = false;
  return came;
}

Bytes RelayEnd::decrypt(Bytes input) {
  buffers_.input = input;
  ERR_clear_error();
  size_t size = 0;
  size_t count = 0;
  const std::span<uint8_t> plain = buffers_.plain;
  while (SSL_read_ex(tls_.get(), plain.data() + size, plain.size() - size, &count) == 1) {
    size += count;
    // Asking once more would only hear that there is no input.
    if (buffers_.input.empty() && SSL_pending(tls_.get()) == 0) break;
    count = 0;
  }
  const int error = count > 0 ? SSL_ERROR_NONE : SSL_get_error(tls_.get(), 0);
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) ended_ = true;
  if (!send_records()) ended_ = true;
  return plain.first(size);
}

bool RelayEnd::write(Bytes bytes) {
  if (!tls_) return socket_.send(bytes);
  ERR_clear_error();
  while (!bytes.empty()) {
    size_t count = 0;
    // The BIO takes everything, so a refusal can only be a failure.
    if (SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count) != 1) return false;
    bytes = bytes.subspan(count);
  }
  return send_records();
}

bool RelayEnd::send_records() {
  if (buffers_.records.empty()) return true;
  const bool sent = socket_.send(buffers_.records);
  buffers_.records.clear();
  return sent;
}

void RelayEnd::finish() {
  if (!tls_ || ended_ || !ready()) return;
  ERR_clear_error();
  SSL_shutdown(tls_.get());
  static_cast<void>(send_records());
}

}  // namespace bench
