// A table of its own, with every rule: what each walker makes of a line.
#include "gateway/config/field.h"

#include <doctest/doctest.h>

#include "gateway/config/key.h"
#include "gateway/config/paths.h"
#include "gateway/config/print.h"
#include "gateway/config/read.h"
#include "gateway/config/rule_text.h"
#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;
using tests::contains;

namespace sample {

struct Pause {
  std::optional<milliseconds> length;
  seconds whole{1};
  Position place;

  bool operator==(const Pause&) const = default;
};

struct Extra {
  std::string user;
  bool operator==(const Extra&) const = default;
};

struct Thing {
  bool on = false;
  uint32_t few = 3;
  std::optional<uint64_t> many;
  uint64_t bytes = 1024;
  std::optional<uint64_t> paid;
  double share = 10;
  milliseconds patience{500};
  Log::Level level = Log::Level::info;
  std::string name = "n";
  Pause pause;
  std::optional<Pause> maybe;
  std::vector<Pause> several;
  std::optional<Extra> extra;
  std::string shouted;

  bool operator==(const Thing&) const = default;
};

void read_shouted(const MapReader& map, std::string_view key, std::string& out) {
  if (auto text = map.scalar(key)) out = *text + '!';
}
std::optional<std::string> show_shouted(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}
void check_thing(const MapReader& map, const Thing& thing) {
  if (thing.few == 4) map.error("few", "must not be four");
}

constexpr Field kPauseKeys[] = {
    key<&Pause::length>("length", Duration{1s, 1h, Off::minus_one}, "How long."),
    key<&Pause::whole>("whole", Duration{1s, 1h}, "In whole seconds.",
                       {.required = "write whole: 1s"}),
};
Table keys(Of<Pause>) { return table_of<Pause>(kPauseKeys, Layout::line); }

constexpr Field kExtraKeys[] = {key<&Extra::user>("user", Text{}, "Who.")};
Table keys(Of<Extra>) { return table_of<Extra>(kExtraKeys); }

constexpr Field kLimitKeys[] = {
    key<&Thing::few>("few", Count{1, 9}, "A few.", {.also = "couple pair"}),
    key<&Thing::many>("many", Count{1, 99, "auto"}, "Many."),
};
Table limit_keys() { return part_of<Thing>(kLimitKeys); }

constexpr Field kThingKeys[] = {
    key<&Thing::on>("on", Switch{}, "On."),
    group<limit_keys>("limits", "Limits.", {.effect = Effect::live}),
    key<&Thing::bytes>("bytes", Size{1024, 65'536}, "Bytes."),
    key<&Thing::paid>("paid", Traffic{1'000'000, 1'000'000'000}, "Paid for."),
    key<&Thing::share>("share", Percent{0, 50}, "A share."),
    key<&Thing::patience>("patience", Duration{1ms, 1s, Off::ignored}, "Patience."),
    key<&Thing::level>("level", OneOf{}, "How loud."),
    key<&Thing::name>("name", Text{}, "A name.", {.effect = Effect::restart}),
    key<&Thing::pause>("pause", Sub{}, "A pause."),
    key<&Thing::maybe>("maybe", SubOrOff{}, "Perhaps another."),
    key<&Thing::several>("several", ListOfMaps{1, 2}, "More of them."),
    key<&Thing::extra>(Beside{}),
    key<&Thing::shouted>("shouted", Grammar<&read_shouted, &show_shouted>{"text", "{}"}, "Loud."),
};
Table keys(Of<Thing>) { return table_of<Thing, &check_thing>(kThingKeys); }

}  // namespace sample

namespace {

struct Result {
  sample::Thing thing;
  std::vector<std::string> problems;
};

Result read_thing(const std::string& yaml) {
  Result result;
  std::vector<Problem> problems;
  Findings findings("t.yaml", problems);
  const auto tree = parse_yaml(yaml, findings);
  REQUIRE(tree.has_value());
  read(MapReader(*tree, {}, keys(Of<sample::Thing>{}), findings), result.thing);
  for (const Problem& problem : problems) result.problems.push_back(to_string(problem));
  return result;
}

std::optional<std::string> printed(const sample::Thing& thing, std::string_view key) {
  return value_text(*find_field(keys(Of<sample::Thing>{}), key), &thing);
}

}  // namespace

TEST_CASE("field: each rule reads its kind of value into its member") {
  const auto [thing, problems] = read_thing(R"(
on: true
limits: { few: 5, many: 7 }
bytes: 2KiB
paid: 5MB
share: 2.5%
patience: 20ms
level: debug
name: other
pause: { length: 2s, whole: 3 }
maybe: { whole: 4s }
several: [{ whole: 1 }, { whole: 2, length: -1 }]
user: me
shouted: hello
)");
  for (const std::string& problem : problems) FAIL_CHECK(problem);
  sample::Thing expected;
  expected.on = true;
  expected.few = 5;
  expected.many = 7;
  expected.bytes = 2048;
  expected.paid = 5'000'000;
  expected.share = 2.5;
  expected.patience = 20ms;
  expected.level = Log::Level::debug;
  expected.name = "other";
  expected.pause = {2000ms, 3s, {}};
  expected.maybe = {std::nullopt, 4s, {}};
  expected.several = {{std::nullopt, 1s, {}}, {std::nullopt, 2s, {}}};
  expected.extra = sample::Extra{"me"};
  expected.shouted = "hello!";
  CHECK(thing == expected);
  CHECK(thing.pause.place.line == 10);
}

TEST_CASE("field: what is absent or wrong leaves the member as it was") {
  const auto [thing, problems] = read_thing(
      "on: maybe\nlimits: { few: 10 }\nshare: 51\nlevel: loud\nmaybe: off\nseveral: []\n");
  CHECK(thing == sample::Thing{});
  REQUIRE(problems.size() == 5);
  CHECK(
      contains(problems[1], "t.yaml:2:16: limits.few: \"10\" is out of range; allowed is 1 to 9"));
  CHECK(contains(problems[2], "allowed is 0% to 50%"));
  CHECK(contains(problems[4], "several: has 0 entries; allowed is 1 to 2"));
}

TEST_CASE("field: what a map requires, and what its keys say together, is told") {
  CHECK(read_thing("pause: {}\n").problems ==
        std::vector<std::string>{"t.yaml:1:8: pause.whole: is missing: write whole: 1s"});
  CHECK(contains(read_thing("pause: { whole: 1500ms }\n").problems.at(0), "must be whole seconds"));
  CHECK(contains(read_thing("maybe: 3\n").problems.at(0),
                 "must be off, or a map (key: value) with whole, but is a single value"));
  CHECK(contains(read_thing("several: [3]\n").problems.at(0), "write { length: \"3\" }"));
  CHECK(contains(read_thing("couple: 3\n").problems.at(0), "did you mean \"limits.few\"?"));
}

TEST_CASE("field: each rule prints what it reads") {
  sample::Thing thing;
  CHECK(printed(thing, "on") == "false");
  CHECK(printed(thing, "bytes") == "1KiB");
  CHECK(printed(thing, "paid") == "off");
  CHECK(printed(thing, "share") == "10%");
  CHECK(printed(thing, "patience") == "500ms");
  CHECK(printed(thing, "level") == "info");
  CHECK(printed(thing, "name") == "\"n\"");
  CHECK(printed(thing, "pause") == "{ length: off, whole: 1s }");
  CHECK(printed(thing, "maybe") == "off");
  CHECK_FALSE(printed(thing, "several"));
  CHECK_FALSE(printed(thing, "shouted"));
}

TEST_CASE("field: effects are those of the map around, unless a key says otherwise") {
  for (const KeyPath& key : paths_in(keys(Of<sample::Thing>{}))) {
    CAPTURE(key.path);
    const bool live = key.path.starts_with("limits");
    const Effect expected = live ? Effect::live : Effect::new_sessions;
    CHECK(key.effect == (key.path == "name" ? Effect::restart : expected));
    CHECK(key.path.find("..") == std::string::npos);
  }
}

TEST_CASE("field: two objects differ in the members of a key alone") {
  sample::Thing a;
  sample::Thing b;
  b.many = 5;
  const Table table = keys(Of<sample::Thing>{});
  CHECK(find_field(table, "name")->same(&a, &b));
  CHECK_FALSE(find_field(sample::limit_keys(), "many")->same(&a, &b));
}
