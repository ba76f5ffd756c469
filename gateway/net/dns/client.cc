#include "gateway/net/dns/client.h"

#include <algorithm>
#include <ares.h>
#include <cerrno>
#include <climits>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "gateway/net/blame.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::net::dns {

namespace {

struct FoundFree {
  void operator()(ares_addrinfo* found) const { ares_freeaddrinfo(found); }
};
using FoundPtr = std::unique_ptr<ares_addrinfo, FoundFree>;

bool library_is_ready() {
  static const bool kReady = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return kReady;
}

// A TTL with the highest bit set counts as none (RFC 2181 §8).
milliseconds life_of(const ares_addrinfo& found) {
  int seconds = INT_MAX;
  for (const ares_addrinfo_cname* one = found.cnames; one != nullptr; one = one->next)
    seconds = std::min(seconds, one->ttl);
  for (const ares_addrinfo_node* one = found.nodes; one != nullptr; one = one->ai_next)
    seconds = std::min(seconds, one->ai_ttl);
  return std::chrono::seconds(std::max(seconds, 0));
}

std::vector<Address> addresses_of(const ares_addrinfo& found) {
  std::vector<Address> addresses;
  for (const ares_addrinfo_node* one = found.nodes; one != nullptr; one = one->ai_next) {
    if (addresses.size() == Client::kMaxAddresses) break;
    const Address address(one->ai_addr);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

// RFC 6761 §6.3: these names are the loopback address, whoever says so.
bool is_localhost(std::string_view name) {
  constexpr std::string_view kName = "localhost";
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() < kName.size()) return false;
  const size_t above = name.size() - kName.size();
  return proto::equals_ignoring_case(name.substr(above), kName) &&
         (above == 0 || name[above - 1] == '.');
}

bool is_loopback(const Address& address) {
  const std::string host = address.host();
  return host.starts_with("127.") || host == "::1";
}

bool stands_in_hosts(ares_channel channel, const std::string& name) {
  for (const int family : {AF_INET, AF_INET6}) {
    hostent* found = nullptr;
    if (ares_gethostbyname_file(channel, name.c_str(), family, &found) != ARES_SUCCESS) continue;
    ares_free_hostent(found);
    return true;
  }
  return false;
}

std::string words_for(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "there is no such name";
    case ARES_ENODATA:
      return "the name has no address";
    // c-ares says so of servers that answer SERVFAIL or REFUSED, too.
    case ARES_ECONNREFUSED:
      return "the DNS servers fail, refuse or cannot be reached";
    case ARES_ETIMEOUT:
      return "the DNS servers do not answer";
    case ARES_EBADRESP:
      return "the DNS servers give malformed answers";
    default:
      return ares_strerror(status);
  }
}

}  // namespace

// Level-triggered: c-ares reads no more than it wants of a TCP connection.
struct Client::Socket final : Poller::Watched {
  Socket(Client& owner, int descriptor) : client(owner), fd(descriptor) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { client.loop_.poller().remove(fd, *this); }

  void on_ready(uint32_t ready) override {
    constexpr uint32_t kBroken = EPOLLERR | EPOLLHUP;
    const int readable = (ready & (EPOLLIN | kBroken)) != 0 ? fd : ARES_SOCKET_BAD;
    const int writable = (ready & (EPOLLOUT | kBroken)) != 0 ? fd : ARES_SOCKET_BAD;
    client.process(readable, writable);  // may end this
  }

  Client& client;
  int fd;
  uint32_t events = 0;
};

// c-ares says "connection refused" of a socket that it could not open, so the calls are made here.
struct Client::Calls {
  static ares_socket_t open(int family, int type, int protocol, void* self) {
    const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    const bool lacking =
        fd < 0 && blame_of({.code = -errno, .doing = IoError::Doing::connecting, .text = {}},
                           outcome::Blame::server) == outcome::Blame::us;
    static_cast<Client*>(self)->lack_ = lacking ? errno : 0;
    return fd;
  }
  static int close(ares_socket_t fd, void*) { return ::close(fd); }
  static int connect(ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void*) {
    return ::connect(fd, to, size);
  }
  static ares_ssize_t receive(ares_socket_t fd, void* into, size_t size, int flags, sockaddr* from,
                              ares_socklen_t* from_size, void*) {
    return ::recvfrom(fd, into, size, flags, from, from_size);
  }
  static ares_ssize_t send(ares_socket_t fd, const iovec* parts, int count, void*) {
    return ::writev(fd, parts, count);
  }
  static constexpr ares_socket_functions kAll{open, close, connect, receive, send};
};

// c-ares holds it, and gives it back exactly once.
struct Client::Question {
  Client& client;
  std::string name;
};

Client::Client(Loop& loop, Options options, Handler& handler)
    : loop_(loop), options_(std::move(options)), handler_(handler) {
  open();
}

Client::~Client() { close(); }

void Client::open() {
  read_ = version();
  looked_ = loop_.now();
  ares_options wanted{};
  // No aliases out of the environment's HOSTALIASES; the file first, as everywhere.
  wanted.flags = ARES_FLAG_NOALIASES;
  std::string lookups = "fb";
  wanted.lookups = lookups.data();
  wanted.timeout = static_cast<int>(options_.first_timeout.count());
  wanted.tries = options_.tries;
  wanted.udp_port = wanted.tcp_port = options_.port;
  std::string path = options_.resolv_conf;
  wanted.resolvconf_path = path.data();
  wanted.sock_state_cb_data = this;
  wanted.sock_state_cb = [](void* self, int fd, int readable, int writable) {
    static_cast<Client*>(self)->watch(fd, readable != 0, writable != 0);
  };
  int given = ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
              ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
  // An empty list of domains. ares_getaddrinfo() does not heed ARES_FLAG_NOSEARCH.
  if (options_.absolute) given |= ARES_OPT_DOMAINS;
  int status = ARES_ENOTINITIALIZED;
  if (library_is_ready()) status = ares_init_options(&channel_, &wanted, given);
  if (status != ARES_SUCCESS) channel_ = nullptr;
  if (channel_ != nullptr) ares_set_socket_functions(channel_, &Calls::kAll, this);
  if (channel_ != nullptr && !options_.servers.empty()) {
    status = ares_set_servers_ports_csv(channel_, options_.servers.c_str());
    if (status != ARES_SUCCESS) close();
  }
  trouble_ = status == ARES_SUCCESS
                 ? std::string()
                 : std::string("name resolution cannot be set up: ") + ares_strerror(status);
}

void Client::close() {
  closing_ = true;
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
  closing_ = false;
  sockets_.clear();
}

Client::Version Client::version() const {
  struct stat file {};
  if (::stat(options_.resolv_conf.c_str(), &file) != 0) return {};
  return {.changed = file.st_mtim, .file = file.st_ino};
}

// c-ares 1.18 cannot read its configuration again: what is open is asked of a new channel, since
// the servers of the old one may be gone.
void Client::notice_changes() {
  const bool soon = loop_.now() - looked_ < options_.reread_interval;
  if (soon && channel_ != nullptr) return;
  looked_ = loop_.now();
  if (channel_ != nullptr && version() == read_) return;
  unanswered_.clear();
  close();
  open();
  for (const std::string& name : std::exchange(unanswered_, {})) send(name);
}

void Client::ask(const std::string& name) {
  notice_changes();
  send(name);
  arm();
}

void Client::send(const std::string& name) {
  Reply reply;
  // c-ares 1.18 asks the servers about an IPv4 literal.
  if (const auto literal = Address::parse(name, 0)) {
    reply.kind = Reply::Kind::found;
    reply.addresses.push_back(*literal);
    reply.written = true;
    handler_.on_reply(name, std::move(reply));
    return;
  }
  if (channel_ == nullptr) {
    reply.error = trouble_;
    reply.ours = true;
    handler_.on_reply(name, std::move(reply));
    return;
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  auto question = std::make_unique<Question>(Question{.client = *this, .name = name});
  // c-ares would look for the dot in /etc/hosts, too, and take a failure for a malformed name.
  const std::string asked(options_.absolute ? proto::without_root(name) : name);
  ares_getaddrinfo(channel_, asked.c_str(), nullptr, &hints, on_answer, question.release());
}

void Client::on_answer(void* question, int status, int, ares_addrinfo* found) {
  const std::unique_ptr<Question> asked(static_cast<Question*>(question));
  const FoundPtr owned(found);
  asked->client.answered(*asked, status, found);
}

void Client::answered(const Question& question, int status, const ares_addrinfo* found) {
  if (closing_) {
    unanswered_.push_back(question.name);
    return;
  }
  Reply reply;
  if (status == ARES_SUCCESS && found != nullptr) {
    reply.addresses = addresses_of(*found);
    reply.life = life_of(*found);
  }
  if (!reply.addresses.empty()) {
    reply.kind = Reply::Kind::found;
    // c-ares looks into the file first, and does not say where it has found a name.
    reply.written =
        (is_localhost(question.name) && std::ranges::all_of(reply.addresses, is_loopback)) ||
        (reply.life == milliseconds(0) && stands_in_hosts(channel_, question.name));
  } else {
    // "No data" is also what c-ares makes of one family that failed when the other is empty, so
    // only the absence of the name is believed.
    reply.kind = status == ARES_ENOTFOUND ? Reply::Kind::no_such_name : Reply::Kind::failed;
    reply.error = words_for(status == ARES_SUCCESS ? ARES_ENODATA : status);
    reply.ours = status == ARES_ENOMEM || (status == ARES_ECONNREFUSED && lack_ != 0);
    if (reply.ours && lack_ != 0) reply.error = explain_own_fault(-lack_).remedy;
  }
  handler_.on_reply(question.name, std::move(reply));
}

void Client::process(int readable, int writable) {
  ares_process_fd(channel_, readable, writable);
  arm();
}

void Client::on_deadline(milliseconds) { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

void Client::arm() {
  timeval left{};
  if (channel_ == nullptr || ares_timeout(channel_, nullptr, &left) == nullptr) {
    loop_.wheel().clear(*this);
    return;
  }
  // Rounded up: c-ares does nothing for a time-out that is a fraction of a millisecond away.
  const auto wait = std::chrono::ceil<milliseconds>(std::chrono::seconds(left.tv_sec) +
                                                    std::chrono::microseconds(left.tv_usec));
  loop_.wheel().set(*this, loop_.now() + wait + milliseconds(1));
}

void Client::watch(int fd, bool readable, bool writable) {
  const uint32_t events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  const auto known = sockets_.find(fd);
  if (known != sockets_.end() && known->second->events == events) return;
  if (known != sockets_.end()) sockets_.erase(known);
  if (events == 0) return;
  auto socket = std::make_unique<Socket>(*this, fd);
  socket->events = events;
  // One that cannot be watched is as good as a server that does not answer.
  static_cast<void>(loop_.poller().add(fd, *socket, events));
  sockets_[fd] = std::move(socket);
}

}  // namespace gateway::net::dns
