#include "proto/base/encoding.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace proto {
namespace {

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr uint8_t kNotADigit = 0xff;

constexpr std::array<uint8_t, 256> base64_values() {
  std::array<uint8_t, 256> values{};
  values.fill(kNotADigit);
  for (size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<uint8_t>(i);
  }
  return values;
}

constexpr std::array<uint8_t, 256> kBase64Values = base64_values();

// Appends the one to three octets of a group; false when it is not canonical.
bool decode_group(std::string_view group, std::string& out) {
  const size_t digits = std::min(group.find('='), size_t{4});
  if (digits < 2 || group.substr(digits).find_first_not_of('=') != group.npos) return false;
  uint32_t bits = 0;
  for (size_t i = 0; i < 4; ++i) {
    const uint8_t value = i < digits ? kBase64Values[static_cast<unsigned char>(group[i])] : 0;
    if (value == kNotADigit) return false;
    bits = bits << 6 | value;
  }
  // Bits under the padding must be zero, or two texts would stand for the same octets (RFC 4648
  // §3.5).
  const size_t octets = digits - 1;
  if ((bits & ((1U << (8 * (3 - octets))) - 1)) != 0) return false;
  for (size_t i = 0; i < octets; ++i) out.push_back(static_cast<char>(bits >> (16 - 8 * i) & 0xff));
  return true;
}

}  // namespace

std::string to_base64(Bytes bytes) {
  // One more for the NUL that EVP_EncodeBlock appends.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (size_t from = 0; from < text.size(); from += 4) {
    const std::string_view group = text.substr(from, 4);
    const bool last = from + 4 == text.size();
    if (!last && group.find('=') != group.npos) return std::nullopt;
    if (!decode_group(group, out)) return std::nullopt;
  }
  return out;
}

std::string to_base64url(Bytes bytes) {
  std::string text = to_base64(bytes);
  text.resize(std::min(text.find('='), text.size()));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::string to_hex(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (uint8_t octet : bytes) {
    text.push_back(kHexDigits[octet >> 4]);
    text.push_back(kHexDigits[octet & 0xf]);
  }
  return text;
}

namespace {

struct DigestFree {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

// OpenSSL's one-shot SHA1() looks its algorithm up by name at each call, which costs more than
// the digest of a key.
std::array<uint8_t, 20> sha1(Bytes bytes) {
  static const std::unique_ptr<EVP_MD, DigestFree> algorithm(
      EVP_MD_fetch(nullptr, "SHA1", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, DigestFree> context(EVP_MD_CTX_new());
  std::array<uint8_t, 20> digest{};
  const bool done = EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  if (!done) std::abort();
  return digest;
}

std::array<uint8_t, 32> sha256(Bytes bytes) {
  std::array<uint8_t, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    std::abort();
  return digest;
}

std::array<uint8_t, 32> hmac_sha256(Bytes key, Bytes bytes) {
  std::array<uint8_t, 32> digest{};
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(),
           digest.data(), nullptr) == nullptr)
    std::abort();
  return digest;
}

namespace {

// Fetched in bulk: a handshake needs 48 octets in three places, and each call of OpenSSL's
// generator costs more than the octets. What was handed out is wiped.
class RandomPool {
 public:
  void take(std::span<uint8_t> out) {
    while (!out.empty()) {
      if (left_ == 0) refill();
      const size_t some = std::min(out.size(), left_);
      uint8_t* const from = pool_.data() + (pool_.size() - left_);
      std::copy_n(from, some, out.data());
      OPENSSL_cleanse(from, some);
      left_ -= some;
      out = out.subspan(some);
    }
  }

 private:
  void refill() {
    if (RAND_bytes(pool_.data(), static_cast<int>(pool_.size())) != 1) std::abort();
    left_ = pool_.size();
  }

  std::array<uint8_t, 1024> pool_{};
  size_t left_ = 0;
};

}  // namespace

void random_bytes(std::span<uint8_t> out) {
  thread_local RandomPool pool;
  pool.take(out);
}

}  // namespace proto
