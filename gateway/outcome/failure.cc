#include "gateway/outcome/failure.h"

namespace gateway::outcome {

By by_of(Blame blame) {
  switch (blame) {
    case Blame::server:
    case Blame::proxy:
      return By::origin;
    case Blame::us:
    case Blame::network:
      return By::gateway;
    case Blame::client:
      return By::client;
  }
  return By::gateway;
}

}  // namespace gateway::outcome
