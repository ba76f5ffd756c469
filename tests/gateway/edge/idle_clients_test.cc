#include "gateway/edge/idle_clients.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/worker_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::edge::IdleClients;
using gateway::edge::LetGo;

namespace {

struct Resting final : IdleClients::Member {
  Resting(IdleClients& in, std::string& log, char name) : idle(in), gone(log), name_(name) {}
  void let_go(LetGo how) override {
    gone += how == LetGo::gently ? name_ : static_cast<char>(name_ - 'a' + 'A');
    idle.remove(*this);
  }

  IdleClients& idle;
  std::string& gone;

 private:
  char name_;
};

struct Scene {
  WorkerScene worker;
  IdleClients& idle = worker.idle_clients;
  std::string gone;
  Resting a{idle, gone, 'a'};
  Resting b{idle, gone, 'b'};
  Resting c{idle, gone, 'c'};
  Scene() {
    for (Resting* one : {&a, &b, &c}) idle.add(*one);
  }
};

}  // namespace

TEST_CASE("E9 idle clients: the longest idle go first") {
  Scene scene;
  scene.idle.let_go(2, LetGo::gently);
  CHECK(scene.gone == "ab");
  scene.idle.add(scene.a);
  scene.idle.let_go(5, LetGo::gently);
  CHECK(scene.gone == "abca");
  CHECK(scene.idle.size() == 0);
}

TEST_CASE("idle clients: one may leave from anywhere, and twice") {
  Scene scene;
  scene.idle.remove(scene.b);
  scene.idle.remove(scene.b);
  scene.idle.add(scene.b);
  scene.idle.let_go(3, LetGo::gently);
  CHECK(scene.gone == "acb");
}

TEST_CASE("E9 idle clients: a newcomer takes the place of one, where places are few") {
  Scene scene;
  scene.idle.make_room();
  CHECK(scene.gone.empty());
  auto pass = scene.worker.admission.admit(scene.worker.gate());
  scene.worker.admission.set_limit(0);
  scene.idle.make_room();
  CHECK(scene.gone == "A");
}

TEST_CASE("E9 idle clients: as many go as are held beyond nine in ten, wherever newcomers come") {
  Scene scene;
  std::vector<gateway::net::Admission::Pass> passes;
  scene.worker.admission.set_limit(20);
  for (int i = 0; i < 20; ++i) passes.push_back(*scene.worker.admission.admit(scene.worker.gate()));
  CHECK(scene.worker.admission.excess() == 2);
  scene.worker.pass(IdleClients::kLook + 10ms);
  CHECK(scene.gone == "AB");
  passes.clear();
  scene.worker.pass(IdleClients::kLook + 10ms);
  CHECK(scene.gone == "AB");
}
