// Names that lead where a test wants them to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/config/origin.h"
#include "tests/gateway/net/dns/dns_scene.h"

namespace tests {

// What DNS says may lead to this machine, where tests have their origins.
inline void allow_loopback(gateway::config::Origin& origin) {
  std::erase_if(origin.deny_addresses, [](const gateway::config::Network& network) {
    return network.contains("127.0.0.1") || network.contains("::1");
  });
}

// A DNS server that knows these names and no others, and a resolver that asks it.
class Names {
 public:
  explicit Names(LoopStage& stage) : server_(stage), resolver(stage.loop, server_.options()) {
    server_.script = [this](const zone::Question& question) {
      const auto found = known_.find(question.name);
      return found == known_.end() ? question.answer({}, zone::kNoSuchName)
                                   : question.fitting(found->second);
    };
  }
  void set(const std::string& name, const std::vector<std::string>& addresses) {
    std::vector<zone::Record>& records = known_[name];
    records.clear();
    for (const std::string& one : addresses) records.push_back(zone::address(one, 60));
  }

 private:
  DnsServer server_;
  std::map<std::string, std::vector<zone::Record>> known_;

 public:
  gateway::net::dns::Resolver resolver;
};

}  // namespace tests
