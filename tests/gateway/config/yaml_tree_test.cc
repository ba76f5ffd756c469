#include "gateway/config/yaml_tree.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;

namespace {

struct Parsed {
  std::optional<Node> tree;
  std::vector<Problem> problems;

  std::string first() const { return problems.empty() ? "" : to_string(problems.front()); }
};

Parsed parse(std::string_view text) {
  Parsed parsed;
  Findings findings("t.yaml", parsed.problems);
  parsed.tree = parse_yaml(text, findings);
  return parsed;
}

std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("yaml tree: maps, lists and scalars know where they stand") {
  auto parsed = parse("a: 1\nb:\n  - \"x y\"\n  - { c: }\n");
  REQUIRE(parsed.tree.has_value());
  const Node& root = *parsed.tree;
  REQUIRE(root.keys.size() == 2);
  CHECK(root.keys[1].name == "b");
  CHECK(root.keys[1].at.line == 2);
  const Node& list = root.items[1];
  REQUIRE(list.kind == Node::Kind::sequence);
  CHECK(list.items[0].text == "x y");
  CHECK(list.items[0].at.line == 3);
  CHECK(list.items[0].at.column == 5);
  CHECK(list.items[1].items[0].kind == Node::Kind::null);
}

TEST_CASE("yaml tree: anchors, aliases and tags are refused, and the rest is still read") {
  auto parsed = parse("a: &x 1\nb: *x\nc: !!str 2\nd: !own [1]\ne: &y { f: 1 }\n");
  REQUIRE(parsed.tree.has_value());
  REQUIRE(parsed.problems.size() == 5);
  CHECK(to_string(parsed.problems[0]) ==
        "t.yaml:1:4: a: an anchor (&name) is not allowed: remove it");
  CHECK(to_string(parsed.problems[1]) ==
        "t.yaml:2:4: b: an alias (*name) is not allowed: write the value out");
  CHECK(to_string(parsed.problems[2]) == "t.yaml:3:4: c: a tag (!name) is not allowed: remove it");
  CHECK(parsed.tree->items[1].kind == Node::Kind::broken);
}

TEST_CASE("yaml tree: an alias bomb is refused and never unfolded") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    char before = static_cast<char>(c - 1);
    std::string name(1, before);
    bomb +=
        std::string(1, c) + ": &" + c + " [" + repeated("*" + name + ", ", 8) + "*" + name + "]\n";
  }
  auto parsed = parse(bomb);
  CHECK(parsed.problems.size() == 9 + 8 * 9);
}

TEST_CASE("yaml tree: a name that begins with * is answered with the quotes it needs") {
  CHECK(
      parse("domain: *.example.com\n").first() ==
      "t.yaml:1:9: an alias (*name) is not allowed; a value that begins with * needs quotes, as in "
      "\"*.example.com\"");
}

TEST_CASE("yaml tree: a duplicate key names the line of the first") {
  auto parsed = parse("a: 1\nb: 2\na: 3\n");
  REQUIRE(parsed.tree.has_value());
  CHECK(parsed.first() == "t.yaml:3:1: duplicate key \"a\": it stands already on line 1");
  CHECK(parsed.tree->items[0].text == "1");
  CHECK(parsed.tree->keys.size() == 2);
  CHECK(parse("a: { b: 1, \"b\": 2 }").problems.size() == 1);
}

TEST_CASE("yaml tree: what is not one whole YAML document is refused with a place") {
  struct Row {
    std::string text;
    const char* says;
  };
  for (const Row& row :
       {Row{"a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document"},
        Row{"a: [1, 2\n", "t.yaml:2:1: not YAML"}, Row{"a: b: c\n", "look for a missing ':'"},
        Row{"a:\n\tb: 1\n", "a tab cannot indent YAML"},
        Row{"a: \"open\nb: 1\n", "t.yaml:1:4: a quote is opened here and never closed"},
        Row{"a: 'it''s\n", "never closed"}, Row{"? [a]\n: 1\n", "a key must be a word"},
        Row{"? {a: 1}\n: 1\n", "a key must be a word"}, Row{": 1\n", "a key is missing here"},
        Row{"&k a: 1\n*k : 2\n", "write the key out"}, Row{"a: \xFF\n", "t.yaml:1:4: not UTF-8"},
        Row{"a: 1\x04\nb: 2\n", "t.yaml:1:5: a control character"}, Row{"a: @b\n", "not YAML"}}) {
    CAPTURE(row.text);
    auto parsed = parse(row.text);
    REQUIRE_FALSE(parsed.problems.empty());
    CAPTURE(to_string(parsed.problems.back()));
    CHECK(tests::contains(to_string(parsed.problems.back()), row.says));
  }
}

TEST_CASE("yaml tree: a closed quote at the end of the file is fine") {
  for (const char* text :
       {"a: \"x\"", "a: 'it''s'", "a: \"x\\\"\"\n", "a: \"x\" # \"", "\"a\": b"}) {
    CAPTURE(text);
    CHECK(parse(text).problems.empty());
  }
}

TEST_CASE("yaml tree: a byte order mark is skipped, an empty file is nothing") {
  auto parsed = parse(
      "\xEF\xBB\xBF"
      "a: 1\n");
  CHECK(parsed.problems.empty());
  CHECK(parsed.tree->keys[0].name == "a");
  CHECK(parse("").tree->kind == Node::Kind::null);
  CHECK(parse("# nothing\n").tree->kind == Node::Kind::null);
}

TEST_CASE("yaml tree: depth, number of values and size have limits") {
  CHECK(parse(repeated("[", kMaxDepth) + repeated("]", kMaxDepth)).problems.empty());
  CHECK(tests::contains(parse(repeated("[", kMaxDepth + 1) + repeated("]", kMaxDepth + 1)).first(),
                        "nested too deeply"));
  CHECK(tests::contains(parse(repeated("{a: ", 100) + repeated("}", 100)).first(),
                        "nested too deeply"));
  CHECK(tests::contains(parse(repeated("- ", 100'000)).first(), "nested too deeply"));
  CHECK_FALSE(parse(repeated("[", 100'000)).tree.has_value());
  CHECK_FALSE(parse(repeated("{a: ", 100'000)).tree.has_value());
  CHECK(tests::contains(parse("[" + repeated("1,", kMaxNodes) + "]").first(), "too many values"));
  CHECK(tests::contains(parse(repeated("- 1\n", kMaxNodes)).first(), "too many values"));
  CHECK(tests::contains(parse(std::string(kMaxNodes + 1, '{')).first(), "too many values"));
  CHECK(tests::contains(parse(std::string(kMaxFileBytes + 1, '#')).first(), "larger than 8 MiB"));
}

TEST_CASE("yaml tree: a file of mistakes alone stops being reported") {
  auto parsed = parse(repeated("a: 1\n", 5000));
  CHECK(parsed.problems.size() == Findings::kMaxErrors + 1);
  CHECK(parsed.problems.back().text == "too many problems: the rest is not listed");
}

TEST_CASE("yaml tree: a key of a megabyte is not repeated whole in every message") {
  auto parsed = parse("? " + std::string(1 << 20, 'k') + "\n: [" + repeated("&a 1, ", 900) + "]\n");
  REQUIRE(parsed.problems.size() == 900);
  CHECK(to_string(parsed.problems.front()).size() < 200);
}
