// Finds the settings of Tomcat's WebSocket client in a file: Java properties, or lines of Java,
// XML or a shell that name them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::cli {

struct TomcatProperty {
  std::string name;  // without "org.apache.tomcat.websocket."; or http.proxyHost and its like
  std::string value;
  size_t line = 0;  // from 1
};

struct TomcatComplaint {
  size_t line = 0;   // 0: of no line
  std::string text;  // never holds a value, since that may be a password
};

struct TomcatReading {
  std::vector<TomcatProperty> properties;  // in the order of lines; each name once
  std::vector<TomcatComplaint> complaints;
};

// What is no setting of the WebSocket client is passed over.
[[nodiscard]] TomcatReading read_tomcat(std::string_view text);

}  // namespace gateway::cli
