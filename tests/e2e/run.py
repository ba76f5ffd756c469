#!/usr/bin/python3
"""Runs the end-to-end tests: each module in its own process, two for each core at a time; see README.md."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest

from patience import FACTOR

HERE = pathlib.Path(__file__).resolve().parent
NODE = HERE / "peers" / "node"

# The longest first, so that the workers end together.
FIRST = ["test_timers"]


class Outcome:
    """How one test method ended."""

    def __init__(self, name: str, state: str, seconds: float, text: str):
        self.name, self.state, self.seconds, self.text = name, state, seconds, text

    def line(self) -> str:
        return json.dumps(vars(self))


def run_case(case: unittest.TestCase) -> Outcome:
    result = unittest.TestResult()
    begin = time.monotonic()
    case.run(result)
    seconds = time.monotonic() - begin
    broken = result.failures + result.errors
    if broken:
        return Outcome(case.id(), "failed", seconds, "\n".join(text for _, text in broken))
    if result.skipped:
        return Outcome(case.id(), "skipped", seconds, result.skipped[0][1])
    return Outcome(case.id(), "passed", seconds, "")


def run_class(kind, cases, report) -> None:
    """unittest's class fixtures around methods that may run in parallel threads."""
    try:
        kind.setUpClass()
        with concurrent.futures.ThreadPoolExecutor(getattr(kind, "parallel", 1)) as pool:
            for outcome in pool.map(run_case, cases):
                report(outcome)
        kind.tearDownClass()
    except unittest.SkipTest as skip:
        for case in cases:
            report(Outcome(case.id(), "skipped", 0, str(skip)))
    except Exception:
        report(Outcome(f"{kind.__module__}.{kind.__name__}.setUpClass", "failed", 0,
                       traceback.format_exc()))
    finally:
        kind.doClassCleanups()
        for _, error, _ in kind.tearDown_exceptions:
            report(Outcome(f"{kind.__module__}.{kind.__name__}.cleanup", "failed", 0, repr(error)))


def cases_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases_of(item)
        else:
            yield item


def run_module(module: str, pattern: str, output: str) -> None:
    classes = {}
    for case in cases_of(unittest.defaultTestLoader.loadTestsFromName(module)):
        if pattern in case.id():
            classes.setdefault(type(case), []).append(case)
    lock = threading.Lock()
    with open(output, "a", encoding="utf-8") as file:
        def report(outcome: Outcome) -> None:
            with lock:
                file.write(outcome.line() + "\n")
                file.flush()

        for kind, cases in classes.items():
            run_class(kind, cases, report)


def install_node_peers() -> None:
    wanted = (NODE / "package-lock.json").stat().st_mtime
    done = NODE / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < wanted:
        subprocess.run(["npm", "ci", "--silent", "--no-progress"], cwd=NODE, check=True)
        os.utime(done)


def start_module(module: str, pattern: str, scratch: str, limit: float):
    """Runs one module in a child and returns its outcomes, in any case."""
    output = os.path.join(scratch, module)
    command = [sys.executable, str(HERE / "run.py"), "--module", module, "--output", output,
               "--only", pattern]
    text = ""
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=limit)
        text = done.stderr if done.returncode else ""
    except subprocess.TimeoutExpired:
        text = f"not done within {limit} s"
    outcomes = []
    if os.path.exists(output):
        with open(output, encoding="utf-8") as file:
            outcomes = [Outcome(**json.loads(line)) for line in file]
    if text:
        outcomes.append(Outcome(module, "failed", 0, text))
    return outcomes


def show(outcome: Outcome) -> None:
    print(f"{outcome.state:8}{outcome.seconds:6.1f} s  {outcome.name}", flush=True)
    if outcome.state != "passed":
        print("    " + outcome.text.strip().replace("\n", "\n    "), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="test_*.py files or module names; default: all")
    parser.add_argument("--only", default="", metavar="TEXT", help="only tests whose id contains it")
    parser.add_argument("--allow-skips", action="store_true", help="a skipped test is no failure")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1),
                        help="modules at a time; most of them wait most of their time")
    parser.add_argument("--limit", type=float, default=900 * FACTOR,
                        help="seconds for one module")
    parser.add_argument("--module", help=argparse.SUPPRESS)
    parser.add_argument("--output", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.module:
        run_module(options.module, options.only, options.output)
        return 0

    names = [pathlib.Path(name).stem for name in options.modules]
    names = names or sorted(path.stem for path in HERE.glob("test_*.py"))
    names.sort(key=lambda name: name not in FIRST)
    install_node_peers()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as scratch, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(start_module, name, options.only, scratch, options.limit)
                for name in names]
        for job in concurrent.futures.as_completed(jobs):
            for outcome in job.result():
                show(outcome)
                counts[outcome.state] += 1
    failed = counts["failed"] + (0 if options.allow_skips else counts["skipped"])
    if counts["skipped"]:
        print(f"{counts['skipped']} of them skipped{'' if options.allow_skips else ', which is failed'}")
    print(f"{counts['passed']} passed, {failed} failed")
    return 1 if failed or not counts["passed"] else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())
