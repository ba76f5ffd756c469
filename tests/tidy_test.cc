#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

namespace fs = std::filesystem;

struct Line {
  size_t number = 0;
  std::string text;
  std::string code;  // without its // comment and what stands in quotes
};

struct Source {
  std::string path;    // from the root: "proto/ws/frame.h"
  std::string folder;  // "proto/ws"
  std::vector<Line> lines;

  bool is_header() const { return path.ends_with(".h"); }
};

std::string at(const Source& source, const Line& line) {
  return source.path + ":" + std::to_string(line.number) + ": " + line.text;
}

// Good enough for the words that are looked for; a raw string that spans lines is read as code.
std::string code_of(const std::string& text) {
  std::string code;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '/' && i + 1 < text.size() && text[i + 1] == '/') break;
    // 1'000 is a number.
    const bool digit_separator = c == '\'' && i > 0 && std::isalnum(text[i - 1]) != 0;
    if (c == '"' || (c == '\'' && !digit_separator)) {
      quote = c;
      continue;
    }
    code += c;
  }
  return code;
}

Source read_source(const fs::path& file) {
  const fs::path path = fs::relative(file, WEIR_SOURCE_DIR);
  Source source{path.generic_string(), path.parent_path().generic_string(), {}};
  std::ifstream in(file);
  std::string text;
  while (std::getline(in, text)) {
    source.lines.push_back({source.lines.size() + 1, text, code_of(text)});
  }
  return source;
}

std::vector<Source> read_tree(std::initializer_list<const char*> roots) {
  std::vector<Source> sources;
  for (const char* root : roots) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(WEIR_SOURCE_DIR) / root)) {
      const fs::path extension = entry.path().extension();
      if (extension == ".h" || extension == ".cc") sources.push_back(read_source(entry.path()));
    }
  }
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return a.path < b.path; });
  return sources;
}

const std::vector<Source>& product() {
  static const std::vector<Source> kSources = read_tree({"proto", "gateway"});
  return kSources;
}

// The folders in the order of CMakeLists.txt: each may include from those before it.
std::vector<std::string> rows() {
  std::ifstream in(fs::path(WEIR_SOURCE_DIR) / "CMakeLists.txt");
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  const std::regex part(R"((?:^|\n)weir_part\(([a-z0-9_/]+))");
  std::vector<std::string> found;
  for (std::sregex_iterator it(all.begin(), all.end(), part), end; it != end; ++it) {
    found.push_back((*it)[1]);
  }
  found.emplace_back("gateway");  // main.cc
  return found;
}

// Every place where `pattern` matches the code, or with `whole_line` comments and quotes as well.
std::vector<std::string> places(const std::vector<Source>& sources, const std::string& pattern,
                                bool whole_line) {
  const std::regex wanted(pattern);
  std::vector<std::string> found;
  for (const Source& source : sources) {
    for (const Line& line : source.lines) {
      if (std::regex_search(whole_line ? line.text : line.code, wanted))
        found.push_back(at(source, line));
    }
  }
  return found;
}

void check_none(const std::vector<std::string>& found) {
  for (const std::string& place : found) FAIL_CHECK(place);
}

}  // namespace

TEST_CASE("tidy: the tree and the rows of CMakeLists.txt are found, and each folder has its row") {
  const auto order = rows();
  REQUIRE(product().size() > 100);
  REQUIRE(order.size() > 10);
  for (const Source& source : product()) {
    INFO(source.path);
    CHECK(std::find(order.begin(), order.end(), source.folder) != order.end());
  }
}

TEST_CASE("tidy: a file includes from its own folder and from rows above it") {
  const auto order = rows();
  const std::regex include("^#include \"((?:proto|gateway|tests)[^\"]*)/[^\"/]+\"");
  for (const Source& source : product()) {
    const auto own = std::find(order.begin(), order.end(), source.folder);
    for (const Line& line : source.lines) {
      std::smatch match;
      if (!std::regex_search(line.text, match, include)) continue;
      const auto row = std::find(order.begin(), order.end(), match[1].str());
      INFO(at(source, line));
      CHECK(row != order.end());
      CHECK(row <= own);
    }
  }
}

TEST_CASE("tidy: an include of ours is the path from the root") {
  check_none(places(product(), "^#include \"(?!(proto|gateway)/)", true));
}

TEST_CASE("tidy: each library is known to its folder alone") {
  struct Library {
    const char* name;
    const char* include;
    const char* words;  // what only its API is called
    const char* where;  // may use it
  };
  const Library libraries[] = {
      {"llhttp", "<llhttp", R"(\bllhttp_|\bHPE_)", "proto/http1/.*"},
      {"OpenSSL", "<openssl/", R"(\b(SSL|TLS1|TLSEXT|BIO|EVP|ERR|X509|OPENSSL|OpenSSL)_)",
       "proto/(base|auth)/.*|gateway/net/tls/.*|gateway/cli/.*"},
      {"libuv", "<uv", R"(\b(uv|UV)_)", "gateway/net/.*|gateway/server/signals.*|gateway/cli/.*"},
      {"c-ares", "<ares", R"(\b(ares|ARES)_)", "gateway/net/dns/client\\..*"},
      {"yaml-cpp", "<yaml-cpp/", R"(\bYAML::)", "gateway/config/yaml_tree\\.cc"},
      {"prometheus-cpp", "<prometheus/", R"(\bprometheus::)", "tests/.*"},
      {"CLI11", "<CLI/", R"(\bCLI::)", "gateway/cli/.*"},
      {"nlohmann-json", "<nlohmann/", R"(\bnlohmann::)", "gateway/(usage|billing)/.*|gateway/config/schema\\.cc"},
      {"SQLite", "<sqlite3", R"(\b(sqlite3|SQLITE)_)", "gateway/usage/ledger/.*\\.cc"},
      {"libpq", "<libpq-fe", R"(\b(PQ[a-z]\w+|PGRES_\w+|PGconn|PGresult)\b)",
       "gateway/postgres/.*\\.cc"},
      {"GMP", "<gmpxx", R"(\bmp[zq]_class\b)", "gateway/billing/.*"},
  };
  for (const Library& library : libraries) {
    INFO(library.name << " belongs to " << library.where);
    const std::regex where(library.where);
    std::vector<Source> others;
    std::copy_if(product().begin(), product().end(), std::back_inserter(others),
                 [&where](const Source& source) { return !std::regex_match(source.path, where); });
    check_none(places(others, std::string("^#include ") + library.include, true));
    check_none(places(others, library.words, false));
  }
}

TEST_CASE("tidy: llhttp stays strict") {
  check_none(places(product(), "llhttp_set_lenient", true));
}

TEST_CASE("tidy: files stay below 500 lines") {
  constexpr size_t kSoft = 400;
  constexpr size_t kHard = 500;
  for (const Source& source : read_tree({"proto", "gateway", "tests"})) {
    const size_t size = source.lines.size();
    if (size > kSoft) MESSAGE(source.path << " has " << size << " lines: a noun is missing");
    INFO(source.path);
    CHECK(size <= kHard);
  }
}

TEST_CASE("tidy: lines stay within 100 columns") {
  // Bytes that continue a UTF-8 sequence take no column.
  const auto columns = [](const std::string& text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  };
  for (const Source& source : product()) {
    for (const Line& line : source.lines) {
      if (columns(line.text) > 100) FAIL_CHECK(at(source, line));
    }
  }
}

TEST_CASE("tidy: nothing is left to do, no banner is drawn, and no name says nothing") {
  check_none(places(product(), R"(//\s*[-=*#]{3})", true));
  check_none(places(product(), R"(\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b)", true));
  check_none(places(product(), R"(\busing namespace\b)", false));
  check_none(places(
      product(),
      R"(\b(class|struct|enum|using)\s+(class\s+)?\w*(Impl|Manager|Util|Utils|Helper)\b)", false));
}

TEST_CASE("tidy: a header begins with what it is for, then #pragma once") {
  for (const Source& source : product()) {
    if (!source.is_header()) continue;
    INFO(source.path);
    size_t comment = 0;
    while (comment < source.lines.size() && source.lines[comment].text.starts_with("// "))
      ++comment;
    CHECK(comment > 0);
    REQUIRE(comment < source.lines.size());
    CHECK(source.lines[comment].text == "#pragma once");
  }
}
