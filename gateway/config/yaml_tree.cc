#include "gateway/config/yaml_tree.h"

#include <algorithm>
#include <sstream>
#include <unordered_set>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "gateway/config/plain_text.h"

namespace gateway::config {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr const char* kTooManyValues = "too many values: a file may hold 1,000,000";

constexpr std::string_view kIndicators = "[]{},:?!&*\"'";

Mark mark_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Our own reason to end a parse, as against what yaml-cpp cannot read.
class Refusal final : public YAML::ParserException {
 public:
  using YAML::ParserException::ParserException;
};

// Builds the tree from yaml-cpp's events: its own Node would keep duplicate keys and unfold aliases
// without end. A ParserException thrown from an event ends the parse; it is caught in parse_yaml.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Findings& findings) : findings_(findings) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) stop(mark, "a second document: a configuration file holds exactly one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

  Node take_root() { return std::move(root_); }
  // Offset of the last scalar; an unterminated quote can only be there.
  size_t last_scalar() const { return last_scalar_; }

 private:
  struct Frame {
    Node node;
    std::unordered_set<std::string> seen;
    bool has_key = false;      // a key has come and its value has not
    bool drops_value = false;  // ... and it is a duplicate
  };

  [[noreturn]] static void stop(const YAML::Mark& mark, const char* why) {
    throw Refusal(mark, why);
  }
  bool expects_key() const {
    return !stack_.empty() && stack_.back().node.kind == Node::Kind::map && !stack_.back().has_key;
  }
  void count(const YAML::Mark& mark);
  void refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void open(Node::Kind kind, const YAML::Mark& mark);
  void close();
  void take_key(const YAML::Mark& mark, const std::string& name);
  void take_value(Node node);
  std::string path() const;

  Findings& findings_;
  std::vector<Frame> stack_;
  Node root_;
  size_t nodes_ = 0;
  size_t documents_ = 0;
  size_t last_scalar_ = 0;
};

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  count(mark);
  if (expects_key()) stop(mark, "a key is missing here");
  refuse(mark, "?", anchor);
  take_value({Node::Kind::null, mark_of(mark), {}, {}, {}});
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) {
  count(mark);
  if (expects_key()) stop(mark, "an alias (*name) is not allowed: write the key out");
  findings_.error(mark_of(mark), path(), "an alias (*name) is not allowed: write the value out");
  take_value({Node::Kind::broken, mark_of(mark), {}, {}, {}});
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  count(mark);
  last_scalar_ = static_cast<size_t>(mark.pos);
  if (expects_key()) {
    take_key(mark, value);
    refuse(mark, tag, anchor);
    return;
  }
  refuse(mark, tag, anchor);
  take_value({Node::Kind::scalar, mark_of(mark), value, {}, {}});
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) {
  refuse(mark, tag, anchor);
  open(Node::Kind::sequence, mark);
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value /*style*/) {
  refuse(mark, tag, anchor);
  open(Node::Kind::map, mark);
}

void TreeBuilder::count(const YAML::Mark& mark) {
  if (++nodes_ > kMaxNodes) stop(mark, kTooManyValues);
}

void TreeBuilder::refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
  if (anchor != 0) {
    findings_.error(mark_of(mark), path(), "an anchor (&name) is not allowed: remove it");
  }
  // "?" is a plain value, "!" a quoted one; the empty tag is yaml-cpp's for some containers.
  if (tag.empty() || tag == "?" || tag == "!") return;
  findings_.error(mark_of(mark), path(), "a tag (!name) is not allowed: remove it");
}

void TreeBuilder::open(Node::Kind kind, const YAML::Mark& mark) {
  count(mark);
  if (expects_key()) stop(mark, "a key must be a word, not a list or a map");
  if (stack_.size() >= kMaxDepth) stop(mark, "nested too deeply: 64 levels are allowed");
  stack_.emplace_back();
  stack_.back().node.kind = kind;
  stack_.back().node.at = mark_of(mark);
}

void TreeBuilder::close() {
  Node node = std::move(stack_.back().node);
  stack_.pop_back();
  take_value(std::move(node));
}

void TreeBuilder::take_key(const YAML::Mark& mark, const std::string& name) {
  Frame& frame = stack_.back();
  frame.has_key = true;
  frame.drops_value = !frame.seen.insert(name).second;
  if (!frame.drops_value) {
    frame.node.keys.push_back({name, mark_of(mark)});
    return;
  }
  if (findings_.full()) return;
  int first = 0;
  for (const Node::Key& key : frame.node.keys) {
    if (key.name == name) first = key.at.line;
  }
  findings_.error(
      mark_of(mark), path(),
      "duplicate key " + in_quotes(name) + ": it stands already on line " + std::to_string(first));
}

void TreeBuilder::take_value(Node node) {
  if (stack_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = stack_.back();
  // yaml-cpp places an absent value at whatever comes next, which may be many lines further down.
  bool absent = node.kind == Node::Kind::null && frame.has_key && !frame.drops_value;
  if (absent) node.at = frame.node.keys.back().at;
  if (!frame.drops_value) frame.node.items.push_back(std::move(node));
  frame.has_key = false;
  frame.drops_value = false;
}

std::string TreeBuilder::path() const {
  std::string out;
  for (const Frame& frame : stack_) {
    if (frame.node.kind == Node::Kind::sequence) {
      out += '[' + std::to_string(frame.node.items.size()) + ']';
    } else if (frame.has_key && !frame.drops_value) {
      out += (out.empty() ? "" : ".") + shown(frame.node.keys.back().name);
    }
  }
  return out;
}

// yaml-cpp's name of a mistake is seldom what the operator did; the text at the place tells more.
std::string explain(const YAML::Exception& exception, std::string_view text) {
  auto at = static_cast<size_t>(exception.mark.pos);
  if (exception.mark.pos < 0 || at >= text.size()) return "not YAML: " + exception.msg;
  if (text[at] == '*') {
    return "an alias (*name) is not allowed; a value that begins with * needs quotes, as in "
           "\"*.example.com\"";
  }
  size_t line = text.rfind('\n', at);
  line = line == std::string_view::npos ? 0 : line + 1;
  size_t indent = text.find_first_not_of(" \t", line);
  if (text.substr(line, indent - line).find('\t') != std::string_view::npos) {
    return "a tab cannot indent YAML: use spaces";
  }
  std::string out = "not YAML: " + exception.msg;
  if (exception.msg == YAML::ErrorMsg::MAP_VALUE) {
    out += "; look for a missing ':' or quote, or a wrong indentation, here and on the line before";
  }
  return out;
}

// yaml-cpp takes a quote that the end of the file cuts off for a whole one when a line break comes
// before the end.
bool ends_inside_quotes(std::string_view text, size_t scalar) {
  if (scalar >= text.size() || (text[scalar] != '"' && text[scalar] != '\'')) return false;
  char quote = text[scalar];
  for (size_t i = scalar + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      // Two single quotes stand for one inside a single-quoted value.
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return false;
      ++i;
    }
  }
  return true;
}

// yaml-cpp keeps the tokens of a whole [...] or {...} before it reports the first of them, a few
// hundred bytes for each of these characters, so they are counted before it sees them.
bool has_too_many_indicators(std::string_view text) {
  auto count = std::count_if(text.begin(), text.end(),
                             [](char c) { return kIndicators.find(c) != std::string_view::npos; });
  return static_cast<size_t>(count) > kMaxNodes;
}

std::optional<Node> build(std::string_view text, Findings& findings) {
  std::istringstream in{std::string(text)};
  TreeBuilder builder(findings);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    findings.error(mark_of(refusal.mark), {}, refusal.msg);
    return std::nullopt;
  } catch (const YAML::Exception& exception) {
    findings.error(mark_of(exception.mark), {}, explain(exception, text));
    return std::nullopt;
  }
  if (ends_inside_quotes(text, builder.last_scalar())) {
    auto before = text.substr(0, builder.last_scalar());
    auto line = 1 + std::count(before.begin(), before.end(), '\n');
    auto column = before.size() - (before.rfind('\n') + 1) + 1;
    findings.error({static_cast<int>(line), static_cast<int>(column)}, {},
                   "a quote is opened here and never closed");
    return std::nullopt;
  }
  return builder.take_root();
}

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, Findings& findings) {
  if (text.size() > kMaxFileBytes) {
    findings.error({}, {}, "the file is larger than 8 MiB");
    return std::nullopt;
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (auto bad = first_bad_byte(text)) {
    findings.error(bad->at, {}, bad->why);
    return std::nullopt;
  }
  if (has_too_many_indicators(text)) {
    findings.error({1, 1}, {}, kTooManyValues);
    return std::nullopt;
  }
  return build(text, findings);
}

}  // namespace gateway::config
