#include "gateway/config/path_prefix.h"

#include <doctest/doctest.h>

using gateway::config::path_prefix_problem;

TEST_CASE("Q1 path prefix: begins a path in one way alone") {
  for (const char* good : {"/", "/api", "/socket.io/", "/a/.b/..c", "/webroot/decision", "/a=b,c"})
    CHECK_FALSE(path_prefix_problem(good));
  struct Row {
    std::string text;
    const char* says;
  };
  for (const Row& row : {
           Row{"", "it begins with /"},
           Row{"api", "\"api\" is no beginning of a path: it begins with /"},
           Row{" /api", "it begins with /"},
           Row{"/a b", "no space"},
           Row{"/\xC3\xA9", "only ASCII"},
           Row{"/api?x=1", "queries and fragments"},
           Row{"/api#x", "queries and fragments"},
           Row{"/%61pi", "in more than one way"},
           Row{"/a;b", "in more than one way"},
           Row{"/a\\b", "in more than one way"},
           Row{"//api", "as one slash"},
           Row{"/api//", "as one slash"},
           Row{"/api/../x", "no segment . or .."},
           Row{"/api/.", "no segment . or .."},
           Row{"/..", "no segment . or .."},
           Row{'/' + std::string(1024, 'a'), "at most 1024 characters"},
       }) {
    CAPTURE(row.text);
    const auto problem = path_prefix_problem(row.text);
    REQUIRE(problem.has_value());
    CHECK(problem->find(row.says) != problem->npos);
  }
}
