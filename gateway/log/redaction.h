// A request's query as it may stand in a log: the values of what is known to be secret are left
// out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gateway::log {

// Knows the usual names of secrets and those it is given; of letters it ignores case, and '-' and
// '_', so that accessToken is access_token. When in doubt it leaves out.
class Redaction {
 public:
  // A name that ends with '*' stands for all that begin so.
  explicit Redaction(const std::vector<std::string>& more = {});

  // `query` is without its '?'. A secret's value becomes "***", and so does a part without a name,
  // which may be a token by itself; what cannot be read becomes "***" as a whole.
  [[nodiscard]] std::string apply(std::string_view query) const;

 private:
  void add(std::string_view name);
  bool is_secret(std::string_view name) const;  // decoded
  bool holds_secret(std::string value) const;   // decoded: an address with a query of its own

  std::vector<std::string> names_;  // sorted
  std::vector<std::string> prefixes_;
};

}  // namespace gateway::log
