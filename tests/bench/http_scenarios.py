"""What is measured of plain requests; see scenarios.py."""

import scenarios
from scenarios import Scenario, check, memory_of, worked

KIBIBYTE = 1024
PIECE = 64 * 1024 * 1024  # of a body that is large


def everything(scale):
    """All scenarios, in the order of the table."""
    return [*request_scenarios(), *body_scenarios(), *rest_scenarios(scale)]


def request_scenarios():
    cases = [("http-get-64", 64, False, 0), ("http-get-1000", 1000, False, 0),
             ("https-get-64", 64, True, 0), ("http-post-64", 64, False, KIBIBYTE)]
    for name, connections, secure, body in cases:
        yield Scenario(name, loop(connections, body),
                       (("request", f"{name}: CPU us per request of 1 KiB", ".2f"),),
                       secure=secure, plain=True)
    yield Scenario("http-fresh", fresh, (("request", "http-fresh: CPU us per connection of one "
                                          "request", ".1f"),), plain=True)


def body_scenarios():
    cases = [("http-down-length", f"/bytes/{PIECE}", 0), ("http-down-chunked", f"/chunked/{PIECE}", 0),
             ("http-up", "/bytes/16", PIECE)]
    for name, path, body in cases:
        yield Scenario(name, transfer(path, body), (("gigabyte", f"{name}: CPU s per GB", ".3f"),),
                       plain=True, large_buffers=True)


def rest_scenarios(scale):
    count = min(scale.idle_secure, scale.sessions_limit)
    for name, secure in (("http-idle", False), ("https-idle", True)):
        yield Scenario(name, resting("rest", count), memory_figures(name, count), secure=secure,
                       plain=True, most_rounds=scale.memory_rounds)
    yield Scenario("http-events", resting("begun", count, path="/events"),
                   memory_figures("http-events", count), plain=True,
                   most_rounds=scale.memory_rounds)
    yield Scenario("http-stalled", stalled, memory_figures("http-stalled", scale.stalled), plain=True,
                   most_rounds=scale.memory_rounds)


def memory_figures(name, count):
    return (("bytes", f"{name} ({count:,}): process bytes each", ",.0f"),
            ("kept", f"{name} ({count:,}): % of growth kept 2 s after", ".0f"))


def loop(connections, body):
    def run(bench):
        results, spent = worked(bench, "loop", connections=connections, body=body,
                                seconds=bench.scale.seconds)
        return {"request": spent / results["messages"] * 1e6,
                "problems": check(results, opened=connections), "tls": results["tls"]}
    return run


def fresh(bench):
    count = bench.scale.handshakes
    results, spent = worked(bench, "fresh", requests=count, parallel=32)
    return {"request": spent / count * 1e6, "problems": check(results, opened=count, messages=count)}


def transfer(path, body):
    def run(bench):
        results, spent = worked(bench, "loop", connections=4, path=path, body=body,
                                answer=16 if body else PIECE, seconds=bench.scale.seconds)
        return {"gigabyte": spent / results["body_bytes"] * scenarios.GIGABYTE,
                "problems": check(results, opened=4)}
    return run


def resting(mode, count, path="/bytes/1024"):
    def run(bench):
        return memory_of(bench, mode, count, connections=count, path=path)
    return run


def stalled(bench):
    count = bench.scale.stalled
    return memory_of(bench, "stalled", count, connections=count, path="/flood",
                     seconds=bench.scale.stall_seconds)
