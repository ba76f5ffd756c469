// The one table of keys: what a key is called, where it is kept, what may be written there, what it
// is for, and when a change of it takes effect. The reader, the printer, the known paths, the
// schema, the manual and the list of what needs a restart walk it. key.h makes its lines, and
// README.md says how to add one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/config/position.h"

namespace gateway::config {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MapReader;
struct Field;
struct Table;

// When a reload brings a changed key into force.
enum class Effect : uint8_t {
  new_sessions,  // for what begins after the reload
  live,          // at once, for what is open, too
  restart,       // only a restart does
};

// How a time says "no limit".
enum class Off : uint8_t {
  never,
  word,          // off
  minus_one,     // off or -1
  not_positive,  // off, or anything that is not positive
  ignored,       // not at all: as Tomcat, what is not positive is a warning and changes nothing
};

// Rules: what may be written for a key. Both ends of a range are allowed. `Value` is what a walker
// sees of the member, whichever of the types that fit it has.

struct Switch {
  using Value = bool;
  bool says_on = false;  // printed as on and off, and not as true and false
};
struct Count {
  using Value = std::optional<uint64_t>;
  uint64_t least;
  uint64_t most;
  std::string_view none = {};  // the word for "no number" of a std::optional: auto, off
};
// "64KiB"; a std::optional can be off.
struct Size {
  using Value = std::optional<uint64_t>;
  uint64_t least;
  uint64_t most;
  bool off = false;
};
// "500GB", in decimal units.
struct Traffic {
  using Value = std::optional<uint64_t>;
  uint64_t least;
  uint64_t most;
  bool off = false;
};
struct Percent {
  using Value = double;
  uint64_t least;
  uint64_t most;
  bool bare = false;  // printed without the %, since the key's name says it
};
// Kept as `seconds` it must be whole ones.
struct Duration {
  using Value = std::optional<milliseconds>;
  milliseconds least;
  milliseconds most;
  Off off = Off::never;
  bool whole_seconds = false;
};
// One of the words of an enum, which enum_words.h has.
struct OneOf {
  using Value = size_t;  // which of `words`
  std::span<const std::string_view> words = {};
};
// One line of text. Nothing is wrong with it unless `problem` says what.
struct Text {
  using Value = std::string;
  std::optional<std::string> (*problem)(std::string_view text) = nullptr;
  std::string_view pattern = {};  // for editors
};

// A rule with the member that it is for.
template <class Rule>
struct Bound : Rule {
  typename Rule::Value (*get)(const void* object);
  void (*set)(void* object, typename Rule::Value value);
};

// A map with keys of its own.
struct Map {
  enum class Presence : uint8_t { always, or_off, if_written };

  Table (*keys)();
  const void* (*at)(const void* object);  // null: it is off, or was not written
  void* (*make)(void* object);            // the same, made where it is not there
  void (*clear)(void* object);
  Presence presence = Presence::always;
  bool beside = false;  // the keys stand in the map of the object itself, beside its others
  bool brief = false;   // a single value stands for a map of its first key alone
  bool again = false;   // its keys are told where they first stand
};

// A list of maps.
struct Maps {
  uint64_t least;
  uint64_t most;
  Table (*keys)();
  void (*clear)(void* object);
  void* (*add)(void* object);
  const void* (*item)(const void* object, size_t index);  // null: there are no more
  // An item in which nothing is written yet, where it starts from what the object says and only
  // what differs from that is printed; null: items have their defaults.
  std::shared_ptr<const void> (*fresh)(const void* object);
};

// A grammar of its own. `form` and `schema` tell people and editors about it.
struct Custom {
  void (*read)(const MapReader& map, std::string_view key, void* object);
  std::optional<std::string> (*print)(const void* object);  // nothing: there is nothing to print
  std::string_view form;
  std::string_view schema;  // JSON
};

// A key that the readers of whole files take themselves; it is known, and described.
struct Apart {
  std::string_view form;
  std::string_view schema = {};  // JSON; empty: a map of `keys`
  Table (*keys)() = nullptr;
};

using Rule = std::variant<Bound<Switch>, Bound<Count>, Bound<Size>, Bound<Traffic>, Bound<Percent>,
                          Bound<Duration>, Bound<OneOf>, Bound<Text>, Map, Maps, Custom, Apart>;

// The columns that most keys leave empty.
struct More {
  std::optional<Effect> effect = {};  // nothing: that of the map around it, at last new_sessions
  std::string_view also = {};         // what others call the key: words between spaces
  std::string_view required = {};     // what to write where it is missing; empty: it may be
  std::string_view usual = {};        // the default in words, where no value can say it
};

struct Field {
  std::string_view name;
  Rule rule;
  std::string_view doc;  // in sentences
  More more;
  bool (*same)(const void* a, const void* b);  // whether two objects agree in it
};

// How a map is printed: its keys on lines of their own, or all on the line of the key.
enum class Layout : uint8_t { block, line };

// The keys of one map, in the order in which they are read, printed and told.
struct Table {
  std::span<const Field> fields;
  const void* (*usual)();  // an object with every default
  Layout layout;
  void (*put)(void* object, Position place);           // null: it keeps no place
  void (*finish)(const MapReader& map, void* object);  // null: no rules between its keys
};

// Names the struct whose table is asked for: keys(Of<Keepalive>{}). keys.h declares them all.
template <class T>
struct Of {};

}  // namespace gateway::config
