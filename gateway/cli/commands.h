// What `weir` can be told to do. Each returns the exit code: 0 done, 1 it could not, 2 the
// configuration has errors.
#pragma once

#include <string>

namespace gateway::cli {

int run(const std::string& config);

struct CheckOptions {
  bool strict = false;  // warnings fail, too
  bool print = false;   // the effective configuration, on standard output
};
int check(const std::string& config, const CheckOptions& options);

// Asks the running Weir of that configuration to reload, and says what it answered.
int reload(const std::string& config);

// `verbose`: with the libraries that it was built with.
int version(bool verbose);

// The whole command line.
int main(int argc, char** argv);

}  // namespace gateway::cli
