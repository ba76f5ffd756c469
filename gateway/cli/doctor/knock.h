// Whether somebody accepts connections at some addresses.
#pragma once

#include <string>
#include <vector>

#include "gateway/cli/doctor/patience.h"
#include "gateway/net/address.h"

namespace gateway::cli::doctor {

struct Knock {
  enum class Result {
    accepts,
    refused,
    silent,  // until the patience was over, or the system's
    failed,  // this machine has no way there, or lacks something
  };
  Result result = Result::silent;
  std::string text = kNoAnswer;  // "accepts", "refused", "no answer in 10 s", "network is …"
};

// At all of them at once; in their order. Not a byte is sent.
[[nodiscard]] std::vector<Knock> knock(Patience& patience, const std::vector<net::Address>& places);

}  // namespace gateway::cli::doctor
