// Runs a fuzz target over the files of the folders given, as a plain test without a fuzzer.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

bool replay_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> content(std::istreambuf_iterator<char>(file), {});
  if (!file) return false;
  // A buffer of exactly the file's size, so that AddressSanitizer sees a read past its end.
  const auto exact = std::make_unique<uint8_t[]>(content.size());
  std::copy(content.begin(), content.end(), exact.get());
  LLVMFuzzerTestOneInput(exact.get(), content.size());
  return true;
}

// How many files ran; 0: the folder is missing or empty, or a file could not be read.
size_t replay_folder(const fs::path& folder) {
  std::error_code error;
  size_t ran = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_regular_file()) continue;
    if (!replay_file(entry->path())) return 0;
    ++ran;
  }
  return error ? 0 : ran;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s <corpus folder>...\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    const size_t ran = replay_folder(argv[i]);
    if (ran == 0) {
      std::fprintf(stderr, "%s: missing, empty or unreadable\n", argv[i]);
      return 1;
    }
    std::printf("%s: %zu inputs\n", argv[i], ran);
  }
  return 0;
}
