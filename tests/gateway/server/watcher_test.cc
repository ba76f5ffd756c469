#include "gateway/server/watcher.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::server::Watcher;

namespace {

// The wheel is turned by hand: the loop itself never runs, and no time passes.
struct Scene final : Watcher::Handler {
  void on_files_changed() override { ++changes; }
  void interval() { loop.wheel().advance(loop.now() + Watcher::kInterval + 8ms); }

  Folder folder;
  gateway::net::Loop loop;
  void watch(const std::vector<std::string>& files, const std::vector<std::string>& named = {}) {
    watcher.watch({.files = files, .named = named, .read_since = INT64_MAX});
  }

  Watcher watcher{loop,
                  [](const gateway::net::SideThread::Errand& errand) {
                    if (const auto done = errand()) done();
                  },
                  *this};
  int changes = 0;
};

}  // namespace

TEST_CASE("watcher: tells a change once, when it has rested for an interval") {
  Scene scene;
  const std::string file = scene.folder.write("weir.yaml", "a");
  scene.watch({file});
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 0);
  scene.folder.write("weir.yaml", "ab");
  scene.interval();
  CHECK(scene.changes == 0);
  scene.interval();
  CHECK(scene.changes == 1);
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 1);
}

TEST_CASE("watcher: waits while files go on changing") {
  Scene scene;
  const std::string file = scene.folder.write("weir.yaml", "");
  scene.watch({file});
  for (size_t size = 1; size < 6; ++size) {
    scene.folder.write("weir.yaml", std::string(size, 'x'));
    scene.interval();
    CHECK(scene.changes == 0);
  }
  scene.interval();
  CHECK(scene.changes == 1);
}

TEST_CASE("watcher: sees the symlink of a mounted ConfigMap point elsewhere") {
  Scene scene;
  const std::string link = scene.folder.file("link.yaml");
  std::filesystem::create_symlink(scene.folder.write("old.yaml", ""), link);
  const std::string next = scene.folder.write("new.yaml", "");
  scene.watch({link});
  std::filesystem::remove(link);
  std::filesystem::create_symlink(next, link);
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 1);
}

TEST_CASE("watcher: a file that appears in the folder, or goes, is a change") {
  Scene scene;
  const std::string file = scene.folder.write("a.yaml", "");
  scene.watch({file});
  scene.folder.write("b.yaml", "");
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 1);
  std::filesystem::remove(file);
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 2);
}

TEST_CASE("watcher: a file that is named is watched, and not what lies beside it") {
  Scene scene;
  Folder secrets;
  const std::string file = scene.folder.write("a.yaml", "");
  const std::string key = secrets.write("a.key", "one");
  scene.watch({file}, {key});
  secrets.write("other", "");
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 0);
  secrets.write("a.key", "another");
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 1);
}

TEST_CASE("watcher: begins anew with the files of the next configuration") {
  Scene scene;
  const std::string file = scene.folder.write("a.yaml", "");
  scene.watch({file});
  scene.folder.write("a.yaml", "longer");
  scene.watch({file});  // a reload by signal has read it meanwhile
  scene.interval();
  scene.interval();
  CHECK(scene.changes == 0);
}

TEST_CASE("FX10 watcher: sees a new file in the folder of a node file that was named without one") {
  Scene scene;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(scene.folder.path());
  scene.folder.write("weir.yaml", "a");
  scene.watch({"weir.yaml"});
  scene.interval();
  scene.folder.write("new.yaml", "b");
  scene.interval();
  scene.interval();
  std::filesystem::current_path(before);
  CHECK(scene.changes == 1);
}

TEST_CASE("watcher: what was written while the files were read is told when it rests") {
  Scene scene;
  const std::string file = scene.folder.write("weir.yaml", "a");
  scene.watcher.watch({.files = {file}, .named = {}, .read_since = 0});
  scene.interval();
  CHECK(scene.changes == 1);
  scene.interval();
  CHECK(scene.changes == 1);
}
