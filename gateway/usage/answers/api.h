// The usage calls of the admin listener: a path and a query string in, a status and JSON out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/usage/answers/tariffs.h"
#include "gateway/usage/rows.h"

namespace gateway::usage::answers {

struct ApiCall {
  std::string_view path;
  std::string_view query;
  std::string_view node;
  int64_t now = 0;               // Unix seconds
  std::chrono::seconds keep{0};  // of the ledger; 0: it keeps everything
  const Tariffs* tariffs = nullptr;
  std::function<bool()> give_up = {};  // true: whoever asked has waited long enough
};

struct ApiAnswer {
  int status = 200;
  std::string body;  // JSON
};

//   /usage/websocket/traffic, /bps, /http-codes   as DCDN answers
//   /usage                                        where every domain stands today
// Anything else is 404.
[[nodiscard]] ApiAnswer answer(Rows& rows, const ApiCall& call);
// When there are no rows to be had. `status`: 500 or 503.
[[nodiscard]] ApiAnswer unavailable(int status, std::string_view why);

}  // namespace gateway::usage::answers
