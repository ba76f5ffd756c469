// The domain files that have been read, and what they said: one that says the same is not parsed
// again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/config/domain_reader.h"
#include "gateway/files/file_version.h"
#include "proto/base/result.h"

namespace gateway::config {

// Kept from one reading of a configuration to the next. One thread.
class DomainFiles {
 public:
  // A reading begins. With other `defaults` than before each file says something else.
  void begin(const Defaults& defaults);
  // It is over: files that it did not ask for are forgotten.
  void end();

  // What the file says, with its problems added to `problems`; null: it cannot be read as a domain.
  // Error: what follows its name when it cannot be read at all.
  [[nodiscard]] proto::Result<std::shared_ptr<Domain>, std::string> read(
      const std::string& file, std::vector<Problem>& problems);

  // Since begin().
  size_t parsed() const { return parsed_; }

 private:
  struct Known {
    std::string file;
    files::FileVersion version;
    // Of the passwords that were read with it, by path: they stand in the domain.
    std::vector<std::pair<std::string, files::FileVersion>> secrets;
    std::shared_ptr<Domain> domain;
    std::vector<Problem> warnings;
  };

  // What the last reading has left of the file, taken from it; null: nothing.
  std::unique_ptr<Known> take(const std::string& file);
  void find_places();
  [[nodiscard]] static bool has_its_secrets(const Known& known);
  std::shared_ptr<Domain> parse(const std::string& file, std::string_view text,
                                const files::FileVersion& version, std::vector<Problem>& problems);

  Defaults defaults_;
  std::vector<std::unique_ptr<Known>> known_;   // of this reading, in its order
  std::vector<std::unique_ptr<Known>> before_;  // of the last one; null: taken
  size_t expected_ = 0;  // where in it the next file should stand, as the order is mostly the same
  // In it, made when one stands elsewhere.
  std::optional<std::unordered_map<std::string, size_t>> places_;
  size_t parsed_ = 0;
};

}  // namespace gateway::config
