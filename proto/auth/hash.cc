#include "proto/auth/hash.h"

#include <array>
#include <cassert>
#include <cstdlib>
#include <memory>

#include <openssl/evp.h>

#include "proto/base/bytes.h"
#include "proto/base/encoding.h"

namespace proto::auth {
namespace {

struct HashFree {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

using Algorithm = std::unique_ptr<EVP_MD, HashFree>;

// OpenSSL looks an algorithm up by name, which costs more than the hash of a password.
EVP_MD* algorithm_of(Hash hash) {
  static const std::array<Algorithm, 3> kAlgorithms = {
      Algorithm(EVP_MD_fetch(nullptr, "MD5", nullptr)),
      Algorithm(EVP_MD_fetch(nullptr, "SHA2-256", nullptr)),
      Algorithm(EVP_MD_fetch(nullptr, "SHA2-512/256", nullptr))};
  return kAlgorithms[static_cast<size_t>(hash)].get();
}

}  // namespace

std::string_view to_text(Hash hash) {
  switch (hash) {
    case Hash::md5:
      return "MD5";
    case Hash::sha256:
      return "SHA-256";
    case Hash::sha512_256:
      return "SHA-512-256";
  }
  return {};
}

bool is_available(Hash hash) { return algorithm_of(hash) != nullptr; }

std::string hash_joined(Hash hash, std::initializer_list<std::string_view> parts) {
  assert(is_available(hash));
  const std::unique_ptr<EVP_MD_CTX, HashFree> context(EVP_MD_CTX_new());
  bool done = EVP_DigestInit_ex2(context.get(), algorithm_of(hash), nullptr) == 1;
  std::string_view separator;
  for (std::string_view part : parts) {
    done = done && EVP_DigestUpdate(context.get(), separator.data(), separator.size()) == 1 &&
           EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    separator = ":";
  }
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  // Only want of memory can fail an algorithm that was found.
  if (!done || EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) std::abort();
  return to_hex(Bytes(digest).first(size));
}

}  // namespace proto::auth
