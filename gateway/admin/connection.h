// One admin client: reads a head, is answered, is closed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/admin/server.h"
#include "gateway/net/tcp_stream.h"

namespace gateway::admin {

class Connection final : public net::Owned,
                         public net::Stream::Handler,
                         private net::DeadlineWheel::Entry {
 public:
  Connection(Server& server, net::UniqueFd fd);
  void start();
  void leave();

  bool asked() const { return answered_; }
  std::chrono::milliseconds accepted() const { return accepted_; }

 private:
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError&) override { leave(); }
  void on_deadline(std::chrono::milliseconds) override { leave(); }
  void ask(const proto::http1::RequestHead& head);
  void ask_reload(std::string_view method);
  void ask_metrics();
  void ask_usage(std::string_view target);
  // `status` is 200 or what is wrong; `allow`: the methods that there are, where it is 405.
  void reply(int status, std::string_view type, std::string_view body, std::string_view allow = {});
  void write(std::string_view answer);

  // Where an answer that comes later finds the connection: null when that has gone. All on the
  // loop's thread; elsewhere the answer is only kept.
  struct Address {
    Connection* connection = nullptr;
  };
  // Waits for an answer, this long at the most.
  std::shared_ptr<Address> await(std::chrono::milliseconds time);
  // The one who waits there, who then waits no longer; null: nobody does.
  static Connection* take(Address& address);

  Server& server_;
  std::unique_ptr<net::TcpStream> stream_;
  std::chrono::milliseconds accepted_;
  proto::http1::RequestParser parser_;
  bool head_ = false;      // the request was HEAD: the answer goes without its body
  bool answered_ = false;  // or about to be: what comes now is of no interest
  std::shared_ptr<Address> awaiting_;
};

}  // namespace gateway::admin
