"""What is measured: each scenario runs against one fresh proxy and returns figures by name."""

import dataclasses
import time
import typing

import measure
import tools

GIGABYTE = 1e9


class RunFailed(Exception):
    """The run gave no figures worth keeping; the text says why."""


@dataclasses.dataclass(frozen=True)
class Scale:
    """How long and how much; --quick is the smaller one."""

    seconds: float
    handshakes: int
    rate: float
    idle: tuple          # session counts
    idle_secure: int
    stalled: int
    stall_seconds: float
    memory_rounds: int   # memory hardly varies from round to round
    sessions_limit: int  # what the descriptor limit leaves room for


@dataclasses.dataclass(frozen=True)
class Bench:
    """One run: a fresh proxy, the certificates, the scale."""

    proxy: typing.Any
    certificates: typing.Any
    scale: Scale
    secure: bool

    def load(self, mode, **options):
        port = self.proxy.ports[self.secure]
        kind = tools.HttpLoad if self.proxy.setting.plain_requests else tools.Load
        return kind(mode, port, self.secure, self.certificates, **options)


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    run: typing.Callable      # Bench -> {figure: value}, with "problems" a list of texts
    figures: tuple            # (name, label, format); lower is better in all
    secure: bool = False      # the clients speak TLS
    origin: str = "http"
    plain: bool = False       # plain requests, and the origin of those
    large_buffers: bool = False
    most_rounds: int = 1000


def everything(scale, tuned_bulk):
    """All scenarios, in the order of the table."""
    return [*message_scenarios(), *bulk_scenarios(tuned_bulk), *handshake_scenarios(),
            latency_scenario(scale), *idle_scenarios(scale), *stall_scenarios(scale)]


def message_scenarios():
    cases = [("ws-64", 64, False, "http"), ("ws-1000", 1000, False, "http"),
             ("wss-http-64", 64, True, "http"), ("wss-http-1000", 1000, True, "http"),
             ("wss-https-256", 256, True, "https")]
    for name, connections, secure, origin in cases:
        yield Scenario(name, echo(connections, 128),
                       (("message", f"{name}: CPU us per 128 B message", ".2f"),),
                       secure=secure, origin=origin)


def bulk_scenarios(tuned):
    cases = [("64KiB", 65536, 16), ("1MiB", 1048576, 4)]
    for secure in (False, True):
        for size_name, size, connections in cases:
            name = f"bulk-{'wss' if secure else 'ws'}-{size_name}"
            yield Scenario(name, echo(connections, size),
                           (("gigabyte", f"{name}: CPU s per GB", ".3f"),),
                           secure=secure, large_buffers=tuned)


def handshake_scenarios():
    for name, secure, resume in (("handshake-ws", False, False), ("handshake-wss", True, False),
                                 ("handshake-wss-resumed", True, True)):
        yield Scenario(name, handshakes(resume),
                       (("handshake", f"{name}: CPU us per session", ".1f"),), secure=secure)


def latency_scenario(scale):
    title = f"latency: {scale.rate:,.0f} msg/s over 500:"
    return Scenario("latency", open_loop, (
        ("p50", f"{title} p50 us", ".0f"), ("p99", f"{title} p99 us", ".0f"),
        ("p99.9", f"{title} p99.9 us", ".0f"), ("message", f"{title} CPU us per message", ".2f")))


def idle_scenarios(scale):
    cases = [*(("ws", False, "http", count) for count in scale.idle),
             ("wss", True, "http", scale.idle_secure),
             ("wss-https", True, "https", scale.idle_secure)]
    for kind, secure, origin, wanted in cases:
        count = min(wanted, scale.sessions_limit)
        name = f"idle-{kind}-{wanted // 1000}k"
        if count < wanted * 0.9:
            print(f"{name} is left out: descriptors suffice for {count:,} sessions")
            continue
        title = f"{name} ({count:,}):"
        yield Scenario(name, idle(count), (
            ("bytes", f"{title} process bytes per session", ",.0f"),
            ("kernel", f"{title} kernel bytes per session, all 4 sockets", ",.0f"),
            ("kept", f"{title} % of growth kept 2 s after", ".0f")),
            secure=secure, origin=origin, most_rounds=scale.memory_rounds)


def stall_scenarios(scale):
    for name, mode, secure in (("stalled-client-ws", "flood", False),
                               ("stalled-client-wss", "flood", True),
                               ("stalled-origin-ws", "sink", False),
                               ("stalled-origin-wss", "sink", True)):
        title = f"{name} ({scale.stalled}):"
        yield Scenario(name, stalled(mode), (
            ("kibibytes", f"{title} process KiB per session", ",.1f"),
            ("kept", f"{title} % of growth kept 2 s after", ".0f")),
            secure=secure, most_rounds=scale.memory_rounds)


def echo(connections, size):
    def run(bench):
        results, spent = worked(bench, "echo", connections=connections, size=size,
                                seconds=bench.scale.seconds)
        problems = check(results, opened=connections)
        return {"message": spent / results["messages"] * 1e6,
                "gigabyte": spent / results["relayed_bytes"] * GIGABYTE,
                "problems": problems, "tls": results["tls"]}
    return run


def handshakes(resume):
    def run(bench):
        count = bench.scale.handshakes // (3 if bench.secure else 1)
        extra = {"resume": True} if resume else {}
        results, spent = worked(bench, "handshake", connections=count, parallel=32, **extra)
        problems = check(results, opened=count, messages=count)
        if results["resumed"] != (count if resume else 0):
            problems.append(f"{results['resumed']} of {count} TLS handshakes were resumed")
        return {"handshake": spent / count * 1e6, "problems": problems, "tls": results["tls"]}
    return run


def open_loop(bench):
    seconds, rate = bench.scale.seconds, bench.scale.rate
    results, spent = worked(bench, "rate", connections=500, rate=rate, seconds=seconds)
    problems = check(results, opened=500, messages=int(rate * seconds))
    if results["seconds"] > seconds * 1.05 + 0.1:
        problems.append(f"the load took {results['seconds']:.1f} s for {seconds} s; lower --rate")
    return {**results["latency_us"], "message": spent / results["messages"] * 1e6,
            "problems": problems}


def idle(count):
    def run(bench):
        return memory_of(bench, "idle", count, messages=count, connections=count, parallel=256,
                         timeout=120)
    return run


def stalled(mode):
    def run(bench):
        count = bench.scale.stalled
        figures = memory_of(bench, mode, count, connections=count, parallel=64, size=65536,
                            seconds=bench.scale.stall_seconds)
        figures["kibibytes"] = figures["bytes"] / 1024
        return figures
    return run


def worked(bench, mode, settle=0, **options):
    """Run a load; its results and the proxy's processor time while it worked and settled."""
    load = bench.load(mode, **options)
    try:
        if not load.prepared():
            raise RunFailed("the load did not get ready")
        members = bench.proxy.members()
        before = measure.cpu_seconds(members)
        results = load.work()
        time.sleep(settle)
        spent = measure.cpu_seconds(members) - before
    finally:
        load.stop()
    if not results or not results["messages"]:
        raise RunFailed("no message came back" if results else "the load died or hung")
    return results, spent


def memory_of(bench, mode, count, messages=None, **options):
    """Memory the proxy holds for `count` sessions and what it keeps when they have left."""
    members = bench.proxy.members()
    start, kernel_start = measure.private_bytes(members), measure.kernel_bytes()
    load = bench.load(mode, **options)
    try:
        results = load.work() if load.prepared() else None
        grown = measure.private_bytes(members) - start
        kernel = measure.kernel_bytes() - kernel_start
    finally:
        load.stop()
    if not results:
        raise RunFailed("the load died or hung")
    time.sleep(2)
    left = measure.private_bytes(members) - start
    stalls = count if mode in ("flood", "sink", "stalled") else None
    return {"bytes": grown / count, "kernel": kernel / count,
            "kept": 100 * left / grown if grown > 0 else 0.0,
            "problems": check(results, opened=count, messages=messages, stalls=stalls)}


def check(results, opened, messages=None, stalls=None):
    """Texts on what did not happen as it must for the figures to mean anything."""
    problems = []
    if results["errors"]:
        problems.append(f"{results['errors']} errors")
    expected = {"opened": opened, "messages": messages, "stalled": stalls}
    for name, count in expected.items():
        if count is not None and results[name] != count:
            problems.append(f"{results[name]} {name} instead of {count}")
    return problems
