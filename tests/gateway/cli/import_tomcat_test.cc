#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/cli/tomcat_properties.h"
#include "gateway/config/yaml_reader.h"
#include "tests/gateway/cli/command.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

// As it stands in a folder of its own, which is also that of the passwords.
class Import {
 public:
  explicit Import(std::string_view text) {
    folder_.write("origin-password", "s3cret-one\n");
    folder_.write("proxy-password", "s3cret-two\n");
    file_ = folder_.write("tomcat.properties", std::string(text));
    done_ = weir({"import-tomcat", file_, "--secrets", folder_.path()});
  }

  const Done& done() const { return done_; }
  bool says(std::string_view text) const { return done_.out.find(text) != std::string::npos; }
  bool complains(int line, std::string_view text) const {
    const size_t at = done_.err.find(file_ + ":" + std::to_string(line) + ": ");
    return at != std::string::npos && done_.err.find(text, at) != std::string::npos;
  }

  // What our own reader makes of it.
  gateway::config::Domain read() const {
    REQUIRE(done_.code == 0);
    std::string yaml = "listeners: [{ name: web, ports: [0] }]\ndomains:\n  - domain: a.example\n";
    std::string_view rest = done_.out;
    while (!rest.empty()) {
      const size_t end = rest.find('\n') + 1;
      yaml += "    " + std::string(rest.substr(0, end));
      if (rest.substr(0, end) == "origin:\n") yaml += "      servers: [{ address: 10.0.0.5 }]\n";
      rest.remove_prefix(end);
    }
    if (done_.out.find("\norigin:\n") == std::string::npos)
      yaml += "    origin: { servers: [{ address: 10.0.0.5 }] }\n";
    const auto reading = gateway::config::read_text(yaml, "made.yaml");
    CAPTURE(yaml);
    for (const auto& problem : reading.problems) CHECK(to_string(problem) == "");
    REQUIRE(reading.document.domains.size() == 1);
    return reading.document.domains[0];
  }

 private:
  Folder folder_;
  std::string file_;
  Done done_;
};

constexpr std::string_view kWhole = R"(# Tomcat's WebSocket client
org.apache.tomcat.websocket.IO_TIMEOUT_MS=7000
org.apache.tomcat.websocket.MAX_REDIRECTIONS: 5
org.apache.tomcat.websocket.READ_IDLE_TIMEOUT_MS 90000
org.apache.tomcat.websocket.WRITE_IDLE_TIMEOUT_MS=\
    120000
org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT=20000
org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT=10000
org.apache.tomcat.websocket.ABNORMAL_SESSION_CLOSE_SEND_TIMEOUT=100
org.apache.tomcat.websocket.MAX_HTTP_RESPONSE_HEADER_BYTES=8192
org.apache.tomcat.websocket.textBufferSize=8192
org.apache.tomcat.websocket.binaryBufferSize=16384
org.apache.tomcat.websocket.WS_AUTHENTICATION_USER_NAME=gate"way
org.apache.tomcat.websocket.WS_AUTHENTICATION_PASSWORD=s3cret-one
org.apache.tomcat.websocket.WS_AUTHENTICATION_REALM=the b\u00fcro
org.apache.tomcat.websocket.WS_PROXY_AUTHENTICATION_USER_NAME=proxy user
org.apache.tomcat.websocket.WS_AUTHENTICATION_PROXY_PASSWORD=s3cret-two
http.proxyHost=Proxy.example.net
http.proxyPort=3128
https.proxyHost=proxy.example.net
https.proxyPort=3128
http.nonProxyHosts=localhost|127.*|10.1.2.*|*.example.org|[::1]
org.apache.tomcat.websocket.SSL_PROTOCOLS=TLSv1.2,TLSv1.3
org.apache.tomcat.websocket.SSL_TRUSTSTORE=/etc/store.jks
org.apache.tomcat.websocket.SSL_TRUSTSTORE_PWD=s3cret-three
org.apache.tomcat.websocket.executorCoreSize=10
catalina.home=/opt/tomcat
)";

}  // namespace

TEST_CASE("import-tomcat: every setting has its key, and our reader takes what is printed") {
  const Import import(kWhole);
  CHECK(import.done().err.empty());
  const gateway::config::Domain domain = import.read();
  const auto& websocket = domain.websocket;
  CHECK(websocket.enabled);
  CHECK(websocket.read_idle.origin == 90s);
  CHECK(websocket.write_idle.origin == 120s);
  CHECK_FALSE(websocket.read_idle.client);
  CHECK(websocket.send_stall_timeout == 20s);
  CHECK(websocket.close_timeout == 10s);
  CHECK(websocket.abnormal_close_send_timeout == 100ms);
  CHECK(websocket.max_message.text == 8192);
  CHECK(websocket.max_message.binary == 16384);
  const auto& origin = domain.origin;
  CHECK(origin.io_timeout == 7s);
  CHECK(origin.max_redirects == 5);
  CHECK(origin.max_response_head == 8192);
  CHECK(origin.tls.min_version == gateway::config::TlsVersion::tls1_2);
  REQUIRE(origin.auth);
  CHECK(origin.auth->credentials.username == "gate\"way");
  CHECK(origin.auth->credentials.password == "s3cret-one");
  CHECK(origin.auth->credentials.realm == "the b\xc3\xbcro");
  REQUIRE(origin.forward_proxy);
  CHECK(origin.forward_proxy->host == "proxy.example.net");
  CHECK(origin.forward_proxy->port == 3128);
  REQUIRE(origin.forward_proxy->credentials);
  CHECK(origin.forward_proxy->credentials->username == "proxy user");
  CHECK(origin.forward_proxy->credentials->password == "s3cret-two");
  for (const char* direct : {"localhost", "127.9.9.9", "10.1.2.3", "a.example.org", "::1"})
    CHECK(origin.forward_proxy->is_direct(direct));
  CHECK_FALSE(origin.forward_proxy->is_direct("10.1.3.3"));
}

TEST_CASE("import-tomcat: no password is printed, and what has no counterpart is said") {
  const Import import(kWhole);
  CHECK_FALSE(import.says("s3cret"));
  CHECK(import.says("/origin-password\n"));
  CHECK(import.says("/proxy-password\n"));
  CHECK(import.says("SSL_TRUSTSTORE (line 24)"));
  CHECK(import.says("executorCoreSize (line 26) has no counterpart"));
  CHECK_FALSE(import.says("catalina"));
}

TEST_CASE("import-tomcat: Java, XML and a shell name the same settings") {
  const Import import(R"(<Context>
  <Parameter name="org.apache.tomcat.websocket.textBufferSize" value="8192" override="false"/>
  <context-param>
    <param-name>org.apache.tomcat.websocket.binaryBufferSize</param-name>
    <param-value> 4096 </param-value>
  </context-param>
// org.apache.tomcat.websocket.MAX_REDIRECTIONS=3 in a comment
  config.getUserProperties().put("org.apache.tomcat.websocket.IO_TIMEOUT_MS", "6000");
  session.getUserProperties().put(Constants.READ_IDLE_TIMEOUT_MS, Long.valueOf(9_000L));
  properties.put(Constants.MAX_REDIRECTIONS_PROPERTY, 7);
JAVA_OPTS="-Dhttps.proxyHost=proxy.example.net -Dhttps.proxyPort=8080 -Dfile.encoding=UTF-8"
)");
  CHECK(import.done().err.empty());
  const auto domain = import.read();
  CHECK(domain.websocket.max_message.text == 8192);
  CHECK(domain.websocket.max_message.binary == 4096);
  CHECK(domain.websocket.read_idle.origin == 9s);
  CHECK(domain.origin.io_timeout == 6s);
  CHECK(domain.origin.max_redirects == 7);
  REQUIRE(domain.origin.forward_proxy);
  CHECK(domain.origin.forward_proxy->port == 8080);
}

TEST_CASE(
    "import-tomcat: what Tomcat ignores is left out, and what is out of range is cut and told") {
  const Import import(R"(org.apache.tomcat.websocket.READ_IDLE_TIMEOUT_MS=-1
org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT=0
org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT=-1
org.apache.tomcat.websocket.MAX_REDIRECTIONS=50
org.apache.tomcat.websocket.SSL_PROTOCOLS=TLSv1,TLSv1.3
)");
  const auto domain = import.read();
  CHECK_FALSE(domain.websocket.read_idle.origin);
  CHECK_FALSE(domain.websocket.send_stall_timeout);
  CHECK(domain.websocket.close_timeout == 30s);
  CHECK(domain.origin.max_redirects == 20);
  CHECK(import.says("MAX_REDIRECTIONS (line 4) is beyond what may stand here"));
  CHECK(import.says("no version below TLS 1.2"));
}

TEST_CASE("import-tomcat: an error names its line and never a password") {
  const std::string prefix = "org.apache.tomcat.websocket.";
  const std::vector<std::pair<std::string, std::pair<int, const char*>>> rows{
      {prefix + "IO_TIMEOUT_MS=soon\n", {1, "is no whole number"}},
      {prefix + "IO_TIMEOUT_MS=0\n", {1, "lets every step fail at once"}},
      {prefix + "BLOCKING_SEND_TIMEOUT=0\n", {1, "lets every send fail at once"}},
      {"\n" + prefix + "WS_AUTHENTICATION_USER_NAME=a\n", {2, "needs WS_AUTHENTICATION_PASSWORD"}},
      {prefix + "WS_AUTHENTICATION_PASSWORD=s3cret\n", {1, "needs WS_AUTHENTICATION_USER_NAME"}},
      {prefix + "WS_AUTHENTICATION_REALM=r\n", {1, "has no user name"}},
      {prefix + "WS_AUTHENTICATION_PROXY_PASSWORD=s3cret\n\n" + prefix +
           "WS_PROXY_AUTHENTICATION_PASSWORD=s3cret2\n",
       {3, "has another value than WS_AUTHENTICATION_PROXY_PASSWORD (line 1)"}},
      {prefix + "MAX_REDIRECTIONS=1\n" + prefix + "MAX_REDIRECTIONS=2\n",
       {2, "is given a second value; the first is in line 1"}},
      {"http.proxyHost=a.example\nhttps.proxyHost=b.example\n", {2, "names another proxy"}},
      {"http.proxyHost=a b\n", {1, "is no host name or address"}},
      {"http.proxyHost=a\nhttp.proxyPort=70000\n", {2, "is no port"}},
      {"http.proxyHost=a\nhttp.nonProxyHosts=foo*\n", {2, "no_proxy cannot say"}},
      {"put(\"" + prefix + "IO_TIMEOUT_MS\", timeout);\n", {1, "no value that can be read here"}},
      {"put(\"" + prefix + "IO_TIMEOUT_MS\", 60 * 1000);\n", {1, "no value that can be read here"}},
      {prefix + "WS_AUTHENTICATION_USER_NAME=a\\tb\n" + prefix +
           "WS_AUTHENTICATION_PASSWORD=s3cret\n",
       {1, "must be one line of UTF-8 text"}},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    const Import import(text);
    CAPTURE(import.done().err);
    CHECK(import.done().code == 2);
    CHECK(import.done().out.empty());
    CHECK(import.complains(expected.first, expected.second));
    CHECK(import.done().err.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("import-tomcat: a file without any setting, or none at all, is an error") {
  const Import nothing("catalina.home=/opt/tomcat\n");
  CHECK(nothing.done().code == 2);
  CHECK(nothing.done().err.find("no setting of Tomcat's WebSocket client") != std::string::npos);
  CHECK(weir({"import-tomcat", "/nonexistent/file"}).code == 2);
  CHECK(weir({"import-tomcat"}).code == 2);
}

TEST_CASE("import-tomcat: any text is read to its end") {
  const std::string pieces[] = {"org.apache.tomcat.websocket.",
                                "IO_TIMEOUT_MS",
                                "=",
                                "\\",
                                "\n",
                                "\"",
                                "</",
                                ">",
                                "<",
                                "value",
                                ",",
                                "Long.valueOf(",
                                "-",
                                "\\u12",
                                "http.proxyHost",
                                std::string(1, '\0'),
                                "\xff",
                                " "};
  uint32_t state = 1;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 1664525U + 1013904223U;
      text += pieces[(state >> 16) % std::size(pieces)];
    }
    static_cast<void>(gateway::cli::read_tomcat(text));
  }
}
