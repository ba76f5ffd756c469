// What `weir` can be told to do. Each returns the exit code: 0 done, 1 it could not, 2 the
// configuration has errors.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace gateway::cli {

int run(const std::string& config);

struct CheckOptions {
  bool strict = false;  // warnings fail, too
  bool print = false;   // the effective configuration, on standard output
};
int check(const std::string& config, const CheckOptions& options);
// The manual of the key `path` and of those below it, of all keys for an empty one, on standard
// output. Needs no configuration.
int keys(const std::string& path);

// Asks the running Weir of that configuration to reload, and says what it answered.
int reload(const std::string& config);

// Where usage is read from.
struct UsageSource {
  std::string config;                        // empty: none is read
  std::string state_dir;                     // empty: that of the configuration
  std::optional<std::string> from_postgres;  // a URL; empty: usage.postgres of the configuration
};

struct UsageOptions {
  UsageSource source;
  std::vector<std::string> domains;  // empty: all of them
  std::string from;                  // empty: a day before `to`
  std::string to;                    // empty: now
  std::string interval = "3600";
  std::string format = "table";  // table, csv or json
  bool merge = false;            // all domains as one
};
// What was used, on standard output.
int usage(const UsageOptions& options);
// Whether meters, ledger and session records of this node agree; 1: they do not.
int verify_usage(const UsageOptions& options);

struct BillOptions {
  UsageSource source;
  std::string prices;                // the price file
  std::vector<std::string> domains;  // empty: all of them
  std::string month;                 // "2026-10"; or both of the next two
  std::string from;
  std::string to;
  std::string mode;              // traffic, peak_bandwidth or p95; empty: as configured
  std::string format = "table";  // table, csv or json
};
// What the usage of a period costs by a price file, on standard output.
int bill(const BillOptions& options);

struct ImportOptions {
  std::string file;
  std::string secrets = "/etc/weir";  // the folder that password files are looked for in
};
// The YAML for what a file tells Tomcat's WebSocket client, on standard output.
int import_tomcat(const ImportOptions& options);

struct DoctorOptions {
  std::string config;
  std::string domain;
  std::string url;                       // empty: the domain of the configuration
  std::optional<std::string> path;       // of the WebSocket
  std::optional<std::string> socket_io;  // "/socket.io/"; nothing: it is not spoken
  std::string address;                   // in place of DNS; empty: what DNS says
  bool json = false;
};
// Why a WebSocket does not come to be, step by step, on standard output. 0: all steps passed, 1:
// one has failed.
int diagnose(const DoctorOptions& options);

// `verbose`: with the libraries that it was built with.
int version(bool verbose);

// The whole command line.
int main(int argc, char** argv);

}  // namespace gateway::cli
