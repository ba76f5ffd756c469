#include "proto/proxy_header/decoder.h"

#include <doctest/doctest.h>

#include "tests/support/cuts.h"
#include "tests/support/wire.h"

namespace ph = proto::proxy_header;
using tests::operator""_wire;

namespace {

using Octets = std::vector<uint8_t>;

constexpr std::string_view kRest = "GET / HTTP/1.1\r\n";

std::string text_of(const std::optional<ph::Header>& header) {
  if (!header) return "unfinished";
  std::string text = header->version == ph::Version::v1 ? "v1" : "v2";
  if (!header->addresses) return text + " none";
  for (const ph::Address& address : {header->addresses->source, header->addresses->destination}) {
    text += ' ' + ph::to_text(address) + ' ' + std::to_string(address.port);
  }
  return text;
}

struct Outcome {
  std::string text;  // the header, or what is wrong
  size_t consumed = 0;
};

Outcome decode(const tests::Pieces& pieces, size_t max_size) {
  ph::Decoder decoder(max_size);
  Outcome outcome;
  for (const proto::Bytes piece : pieces) {
    const auto taken = decoder.feed(piece);
    if (!taken) {
      // A fault sticks.
      const auto again = decoder.feed(piece);
      CHECK((!again && again.error() == taken.error() && !decoder.header()));
      return {taken.error(), 0};
    }
    CHECK((decoder.header() || *taken == piece.size()));
    outcome.consumed += *taken;
  }
  return {text_of(decoder.header()), outcome.consumed};
}

// All cuts of the header alone and with the connection's first octets after it must agree.
std::string decoded(const Octets& header, size_t max_size = ph::kDefaultMaxSize) {
  const Outcome whole = decode({header}, max_size);
  tests::for_each_cut(header, [&](const tests::Pieces& pieces) {
    const Outcome outcome = decode(pieces, max_size);
    CHECK(outcome.text == whole.text);
    CHECK(outcome.consumed == whole.consumed);
  });
  if (!whole.text.starts_with('v')) return whole.text;
  Octets more = header;
  more.insert(more.end(), kRest.begin(), kRest.end());
  tests::for_each_cut(more, [&](const tests::Pieces& pieces) {
    const Outcome outcome = decode(pieces, max_size);
    CHECK(outcome.text == whole.text);
    CHECK(outcome.consumed == header.size());
  });
  return whole.text;
}

std::string decoded_line(std::string_view line) {
  return decoded(Octets(line.begin(), line.end()));
}

// Version 2 with this command, family and block; the length is the block's.
Octets binary(uint8_t command, uint8_t family, const Octets& block) {
  Octets header = "0d0a0d0a000d0a515549540a"_wire;
  header.push_back(command);
  header.push_back(family);
  header.push_back(static_cast<uint8_t>(block.size() >> 8));
  header.push_back(static_cast<uint8_t>(block.size() & 0xff));
  header.insert(header.end(), block.begin(), block.end());
  return header;
}

Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// 192.0.2.1:56324 to 198.51.100.11:443.
const Octets kTcp4 = "c0000201 c633640b dc04 01bb"_wire;
const Octets kTcp6 =
    "20010db8000000000000000000000001 20010db8000000000000000000000002 dc04 01bb"_wire;
constexpr std::string_view kSeen4 = "v2 192.0.2.1 56324 198.51.100.11 443";

std::string bad(std::string_view why) { return "bad PROXY header: " + std::string(why); }

}  // namespace

TEST_CASE("proxy decoder: lines of version 1") {
  CHECK(decoded_line("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n") ==
        "v1 192.168.0.1 56324 192.168.0.11 443");
  CHECK(decoded_line("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n") ==
        "v1 255.255.255.255 65535 0.0.0.0 0");
  CHECK(decoded_line("PROXY TCP6 2001:DB8::1 ::ffff:192.0.2.1 1 2\r\n") ==
        "v1 2001:db8::1 1 ::ffff:c000:201 2");
  CHECK(decoded_line("PROXY UNKNOWN\r\n") == "v1 none");
  CHECK(decoded_line("PROXY UNKNOWN any  thing\x80 \r\n") == "v1 none");
  CHECK(decoded_line("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n") == "v1 none");
  CHECK(decoded_line("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r") == "unfinished");
  CHECK(decoded_line("") == "unfinished");
}

TEST_CASE("proxy decoder: version 1 to the letter or not at all") {
  constexpr std::string_view kWords = "it does not have the six words of version 1";
  constexpr std::string_view kAlone = "a CR or LF stands alone in it";
  struct Row {
    std::string_view line, why;
  };
  const Row rows[] = {
      {"PROXY \r\n", kWords},
      {"PROXY TCP4\r\n", kWords},
      {"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", kWords},
      {"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n", kWords},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", kWords},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", kWords},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", kWords},
      {"PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n", kWords},
      {"PROXY UNKNOWNX\r\n", kWords},
      {"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "its protocol is not TCP4, TCP6 or UNKNOWN"},
      {"PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", "its protocol is not TCP4, TCP6 or UNKNOWN"},
      {"PROXY TCP4 ::1 ::1 1 2\r\n", "it has a bad address"},
      {"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "it has a bad address"},
      {"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", "it has a bad address"},
      {"PROXY TCP4 192.0.2.1 192.0.2.256 1 2\r\n", "it has a bad address"},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "it has a bad port"},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", "it has a bad port"},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", kAlone},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rG", kAlone},
      {"PROXY UNKNOWN\r\r\n", kAlone},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(decoded_line(row.line) == bad(row.why));
  }
}

TEST_CASE("proxy decoder: a line of version 1 ends within 107 octets") {
  const auto line = [](size_t size) {
    return "PROXY UNKNOWN " + std::string(size - 16, 'x') + "\r\n";
  };
  CHECK(decoded_line(line(ph::kMaxV1Size)) == "v1 none");
  CHECK(decoded_line(line(ph::kMaxV1Size + 1)) == bad("its line does not end within 107 octets"));
}

TEST_CASE("proxy decoder: what is no PROXY header is told at its first wrong octet") {
  const std::string why = bad("it does not begin with \"PROXY\" or version 2's signature");
  for (std::string_view start :
       {"G", "\x16", "PU", "PRI * HTTP/2.0", "PROXYX", "proxy ", "\r\n\r\nG", "\n", "\r\r"}) {
    CHECK(decoded_line(start) == why);
  }
}

TEST_CASE("proxy decoder: addresses of version 2") {
  CHECK(decoded(binary(0x21, 0x11, kTcp4)) == kSeen4);
  CHECK(decoded(binary(0x21, 0x21, kTcp6)) == "v2 2001:db8::1 56324 2001:db8::2 443");
  Octets unfinished = binary(0x21, 0x11, kTcp4);
  unfinished.pop_back();
  CHECK(decoded(unfinished) == "unfinished");
}

TEST_CASE("proxy decoder: version 2 without addresses that are of use") {
  CHECK(decoded(binary(0x20, 0x00, {})) == "v2 none");
  // LOCAL skips its block unseen, whatever its family.
  CHECK(decoded(binary(0x20, 0x11, kTcp4)) == "v2 none");
  CHECK(decoded(binary(0x20, 0xff, {1, 2})) == "v2 none");
  CHECK(decoded(binary(0x21, 0x00, {})) == "v2 none");
  CHECK(decoded(binary(0x21, 0x00, {1, 2, 3, 4})) == "v2 none");
  CHECK(decoded(binary(0x21, 0x10, {})) == "v2 none");
  CHECK(decoded(binary(0x21, 0x01, {})) == "v2 none");
  CHECK(decoded(binary(0x21, 0x12, kTcp4)) == "v2 none");
  CHECK(decoded(binary(0x21, 0x22, kTcp6)) == "v2 none");
  CHECK(decoded(binary(0x21, 0x31, Octets(216))) == "v2 none");
  CHECK(decoded(binary(0x21, 0x32, Octets(216))) == "v2 none");
}

TEST_CASE("proxy decoder: version 2 with a command, family or size that cannot be") {
  CHECK(decoded(binary(0x11, 0x11, kTcp4)) == bad("its version is not 2"));
  CHECK(decoded(binary(0x31, 0x11, kTcp4)) == bad("its version is not 2"));
  CHECK(decoded(binary(0x22, 0x11, kTcp4)) == bad("its command is neither LOCAL nor PROXY"));
  CHECK(decoded(binary(0x2f, 0x00, {})) == bad("its command is neither LOCAL nor PROXY"));
  CHECK(decoded(binary(0x21, 0x41, kTcp4)) == bad("its address family is unknown"));
  CHECK(decoded(binary(0x21, 0x13, kTcp4)) == bad("its transport protocol is unknown"));
  const std::string too_short = bad("it is too short for its addresses");
  CHECK(decoded(binary(0x21, 0x11, {})) == too_short);
  CHECK(decoded(binary(0x21, 0x11, Octets(11))) == too_short);
  CHECK(decoded(binary(0x21, 0x21, Octets(35))) == too_short);
  CHECK(decoded(binary(0x21, 0x12, Octets(11))) == too_short);
  CHECK(decoded(binary(0x21, 0x31, Octets(215))) == too_short);
}

TEST_CASE("proxy decoder: TLVs are skipped and must fit") {
  const auto with = [](const Octets& tlvs) { return decoded(binary(0x21, 0x11, kTcp4 + tlvs)); };
  CHECK(with("040000"_wire) == kSeen4);
  CHECK(with("010002 6832 040001 00 ee0003 616263"_wire) == kSeen4);
  // The inside of the TLS TLV is nobody's business here.
  CHECK(with("200005 07ffffffff"_wire) == kSeen4);
  CHECK(with("04"_wire) == bad("it ends within the head of a TLV"));
  CHECK(with("0400"_wire) == bad("it ends within the head of a TLV"));
  CHECK(with("040001"_wire) == bad("a TLV is longer than the header"));
  CHECK(with("04ffff00"_wire) == bad("a TLV is longer than the header"));
  CHECK(with("040000 04000200"_wire) == bad("a TLV is longer than the header"));
  CHECK(decoded(binary(0x21, 0x31, Octets(216) + "0400"_wire)) ==
        bad("it ends within the head of a TLV"));
}

TEST_CASE("proxy decoder: a checksum is verified where there is one") {
  const auto with_checksum = [](uint32_t flaw) {
    Octets header = binary(0x21, 0x11, kTcp4 + "040001ff 030004 00000000 040000"_wire);
    ph::Crc32c sum;
    sum.add(header);
    const uint32_t crc = sum.value() ^ flaw;
    for (size_t i = 0; i < 4; ++i) {
      header[header.size() - 7 + i] = static_cast<uint8_t>(crc >> (24 - 8 * i) & 0xff);
    }
    return decoded(header);
  };
  CHECK(with_checksum(0) == kSeen4);
  CHECK(with_checksum(1) == bad("its checksum is wrong"));
  CHECK(with_checksum(0x80000000) == bad("its checksum is wrong"));
  CHECK(decoded(binary(0x21, 0x11, kTcp4 + "030003 000000"_wire)) ==
        bad("its checksum does not have four octets"));
  CHECK(decoded(binary(0x21, 0x11, kTcp4 + "030005 0000000000"_wire)) ==
        bad("its checksum does not have four octets"));
}

TEST_CASE("proxy decoder: two checksums cannot both be right") {
  // With the first right, the second is refused before it is looked at.
  Octets header = binary(0x21, 0x11, kTcp4 + "030004 00000000 030004 00000000"_wire);
  ph::Crc32c sum;
  sum.add(header);
  for (size_t i = 0; i < 4; ++i) {
    header[31 + i] = static_cast<uint8_t>(sum.value() >> (24 - 8 * i) & 0xff);
  }
  CHECK(decoded(header) == bad("it has two checksums"));
}

TEST_CASE("proxy decoder: version 2 has a limit that the caller may move") {
  const auto padded = [](size_t size) {
    Octets tlv = "04 0000"_wire;
    const size_t value = size - 16 - kTcp4.size() - tlv.size();
    tlv[1] = static_cast<uint8_t>(value >> 8);
    tlv[2] = static_cast<uint8_t>(value & 0xff);
    return binary(0x21, 0x11, kTcp4 + tlv + Octets(value));
  };
  const std::string too_long = bad("it is longer than what is taken, 4 KiB beside the addresses");
  // All cuts of as much as this would take seconds.
  const auto whole = [](const Octets& header) {
    return decode({header}, ph::kDefaultMaxSize).text;
  };
  CHECK(whole(padded(ph::kDefaultMaxSize)) == kSeen4);
  CHECK(whole(padded(ph::kDefaultMaxSize + 1)) == too_long);
  CHECK(whole(binary(0x20, 0, Octets(ph::kDefaultMaxSize))) == too_long);
  CHECK(decoded(padded(64), 64) == kSeen4);
  CHECK(decoded(padded(65), 64) == too_long);
  ph::Decoder largest(16 + 65535);
  const Octets header = padded(16 + 65535);
  const auto taken = largest.feed(header);
  REQUIRE(taken);
  CHECK(*taken == header.size());
  CHECK(text_of(largest.header()) == kSeen4);
}

TEST_CASE("FY5 proxy decoder: 4 KiB of TLVs fit behind the addresses, IPv6 ones, too") {
  Octets tlvs = "ea 0ffd"_wire;  // what a cloud adds: 3 octets of head, 4093 of value
  tlvs.resize(ph::kMaxTlvs);
  CHECK(decode({binary(0x21, 0x11, kTcp4 + tlvs)}, ph::kDefaultMaxSize).text == kSeen4);
  const Octets six = binary(0x21, 0x21, Octets(36) + tlvs);
  CHECK(decode({six}, ph::kDefaultMaxSize).consumed == ph::kDefaultMaxSize);
  CHECK(decode({six}, ph::kDefaultMaxSize).text == "v2 :: 0 :: 0");
}

TEST_CASE("proxy decoder: nothing is consumed after the header") {
  ph::Decoder decoder;
  CHECK(*decoder.feed(proto::bytes_of("PROXY UNKNOWN\r\nGET")) == 15);
  CHECK(*decoder.feed(proto::bytes_of("PROXY UNKNOWN\r\n")) == 0);
  CHECK(*decoder.feed({}) == 0);
}
