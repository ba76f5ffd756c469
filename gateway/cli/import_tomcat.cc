#include <iostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/tomcat_import.h"
#include "gateway/cli/tomcat_properties.h"
#include "gateway/files/text_file.h"
#include "gateway/server/server.h"

namespace gateway::cli {

namespace {

constexpr size_t kLargest = size_t{1} << 20;

// As compilers print it.
void print(const std::string& file, const TomcatComplaint& complaint) {
  std::cerr << file << ':';
  if (complaint.line > 0) std::cerr << complaint.line << ':';
  std::cerr << ' ' << complaint.text << '\n';
}

}  // namespace

int import_tomcat(const ImportOptions& options) {
  const auto text = files::read_text_file(options.file, kLargest);
  if (!text) {
    std::cerr << options.file << ' ' << text.error() << '\n';
    return server::kExitConfiguration;
  }
  if (text->size() > kLargest) {
    std::cerr << options.file << " is larger than 1 MiB: that is no file of settings\n";
    return server::kExitConfiguration;
  }
  const TomcatReading reading = read_tomcat(*text);
  const TomcatImport import = import_tomcat_properties(reading.properties, options.secrets);
  for (const auto* complaints : {&reading.complaints, &import.complaints}) {
    for (const TomcatComplaint& complaint : *complaints) print(options.file, complaint);
  }
  if (!reading.complaints.empty() || !import.complaints.empty()) return server::kExitConfiguration;
  if (reading.properties.empty()) {
    std::cerr << options.file << ": no setting of Tomcat's WebSocket client is in it\n";
    return server::kExitConfiguration;
  }
  std::cout << import.yaml;
  return server::kExitOk;
}

}  // namespace gateway::cli
