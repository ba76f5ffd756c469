// Feeds a frame scanner and remembers all that its events showed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/ws/frame_scanner.h"

namespace tests {

// What a direction showed, whatever the cuts.
struct Scanned {
  std::vector<uint8_t> forwarded;   // Pongs that were events of their own left out
  std::vector<uint8_t> with_pongs;  // the same with them, in their places
  std::vector<std::string> pongs;   // their payload
  proto::ws::Counts counts;
  std::optional<proto::ws::CloseCode> close_code;
  std::string close_reason;
  std::optional<proto::ws::CloseCode> violation;
  std::string why;
  uint32_t exceeded = 0;
  proto::ws::Opcode exceeding = proto::ws::Opcode::binary;
  bool at_boundary = true;

  bool operator==(const Scanned&) const = default;
};

class Scanning {
 public:
  explicit Scanning(const proto::ws::FrameScanner::Options& options, bool watch_pongs = false)
      : scanner_(options) {
    scanner_.watch_pongs(watch_pongs);
  }

  void feed(proto::Bytes in) {
    while (!in.empty()) {
      const auto event = scanner_.scan(in);
      append(scanned_.with_pongs, event.octets);
      if (event.what == proto::ws::FrameScanner::Event::What::pong) {
        scanned_.pongs.emplace_back(proto::text_of(scanner_.pong()));
      } else {
        append(scanned_.forwarded, event.octets);
      }
    }
  }

  // A Close has passed, or there was a violation.
  bool over() const { return scanner_.close() != nullptr || scanner_.offence() != nullptr; }
  // How many octets the events had.
  size_t shown() const { return scanned_.with_pongs.size(); }

  // As of now.
  Scanned scanned() const {
    Scanned all = scanned_;
    all.counts = scanner_.counts();
    all.at_boundary = scanner_.at_boundary();
    if (const auto* close = scanner_.close()) {
      all.close_code = close->code;
      all.close_reason = close->reason;
    }
    if (const auto* offence = scanner_.offence()) {
      all.violation = offence->violation.code;
      all.why = offence->violation.why;
      all.exceeded = offence->exceeded;
      all.exceeding = offence->exceeding;
    }
    return all;
  }

 private:
  static void append(std::vector<uint8_t>& to, proto::Bytes octets) {
    to.insert(to.end(), octets.begin(), octets.end());
  }

  proto::ws::FrameScanner scanner_;
  Scanned scanned_;
};

}  // namespace tests
