"""What the node itself lacks: descriptors, threads, processors."""

import os
import re
import unittest

import origin
import usage
import wire
from harness import Weir, WeirTest, domain, sanitized, wait_until

LEAST = 8  # below that not even the libraries are found


class Start(usage.Fault):
    """Refuses a process what it needs to start."""

    source = "start"
    variable = "WEIR_TEST_START"


class StartTest(WeirTest):
    def refused(self, *prefix, environment=None, **node):
        """A start that has to end by itself with 1; its last words."""
        weir = Weir([domain("a.test")], environment=environment, **node)
        self.addCleanup(weir.stop)
        weir.prefix = list(prefix)
        weir.start(wait=False)
        code = weir.wait_exit(30)
        weir.reader.join(5)
        self.assertEqual(code, 1, weir.tail())
        return weir.tail()

    def test_fx3_too_few_open_files_are_told_with_a_figure_and_never_crash(self):
        for number in range(LEAST, 30, 3):
            with self.subTest(nofile=number):
                told = self.refused("prlimit", f"--nofile={number}:{number}")
                self.assertRegex(told, r"needs at least \d+ open files and may have " + str(number))

    def test_fx3_with_as_many_as_it_asks_for_it_serves(self):
        for node in ({"workers": 1}, {"workers": 3}, {"workers": 2, "listeners": [
                {"name": "web", "address": "127.0.0.1", "ports": [0, 0, 0]}]}):
            with self.subTest(**node):
                # Enough to read a configuration that asks for more.
                few = 45 if node["workers"] > 1 else 30
                told = self.refused("prlimit", f"--nofile={few}:{few}", **node)
                needed = int(re.search(r"needs at least (\d+) open files", told).group(1))
                self.refused("prlimit", f"--nofile={needed - 1}:{needed - 1}", **node)
                weir = Weir([domain("a.test")], **node)
                self.addCleanup(weir.stop)
                weir.prefix = ["prlimit", f"--nofile={needed}:{needed}"]
                weir.start()
                self.use(wire.open_session(weir.port, "a.test"))
                self.assertEqual(weir.admin("/readyz")[0], 200)

    @unittest.skipIf(sanitized(), "a sanitizer makes and maps things of its own")
    def test_fx3_whatever_is_refused_at_the_start_it_is_told_and_never_crashes(self):
        faults = self.use(Start())
        # Of the second pipe libuv makes its own end, right after the first could be made.
        for function, numbers in (("epoll_create1", range(1, 7)), ("eventfd", range(1, 4)),
                                  ("pipe2", (1, 3, 4, 5)), ("pthread_create", range(1, 7))):
            for number in numbers:
                with self.subTest(refused=f"{function}:{number}"):
                    told = self.refused(environment={
                        **faults.environment, "WEIR_TEST_REFUSE": f"{function}:{number}"})
                    self.assertIn("cannot start", told)
        with self.subTest(refused="listen"):
            told = self.refused(environment={**faults.environment, "WEIR_TEST_REFUSE": "listen:1"})
            self.assertIn("listener web", told)

    @unittest.skipIf(sanitized(), "a sanitizer makes and maps things of its own")
    def test_fx3_meters_that_cannot_be_mapped_stop_no_start(self):
        faults = self.use(Start())
        weir = self.run_one([domain("a.test")], environment={
            **faults.environment, "WEIR_TEST_REFUSE": "mmap:0"})
        self.use(wire.open_session(weir.port, "a.test"))
        weir.wait_log("cannot map the meters")

    def test_fy4_workers_are_as_many_as_there_are_processors_to_run_on(self):
        weir = Weir([domain("a.test")], workers="auto")
        self.addCleanup(weir.stop)
        weir.prefix = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
        weir.start()
        self.assertIn(" workers=1 ", weir.wait_log(r"\bready\b") + " ")


class DescriptorsTest(WeirTest):
    FILES = 80

    def start(self, raw, **settings):
        health = {"type": "tcp", "interval": "500ms", "timeout": "10s", "fall": 1}
        servers = [{"address": f"127.0.0.1:{raw.port}"}, {"address": f"localhost:{raw.port}"}]
        weir = Weir([domain("a.test", origin={"protocol": "http", "servers": servers, "health": health})],
                    workers=1, limits={"max_connections": 1000}, **settings)
        self.addCleanup(weir.stop)
        weir.prefix = ["prlimit", f"--nofile={self.FILES}:{self.FILES}"]
        return weir.start()

    def test_fx2_limits_in_force_are_said_and_more_than_the_files_bear_is_warned_of(self):
        raw = self.use(origin.RawOrigin())
        weir = self.start(raw)
        self.assertIn("max_connections=1000 open_files=80", weir.wait_log("limits: "))
        self.assertRegex(weir.wait_log("limits.max_connections is 1000"),
                         r"warning.*80 open files \(RLIMIT_NOFILE\) bear \d+.*LimitNOFILE.* to \d+")

    def test_fx2_without_descriptors_it_is_503_and_no_server_has_failed(self):
        raw = self.use(origin.RawOrigin())
        weir = self.start(raw)
        sessions, refused = [], 0
        while refused < 5:
            client = self.use(wire.connect(weir.port))
            client.send(wire.upgrade_request("a.test"))
            status = client.read_head().status
            if status == 101:
                sessions.append(client)  # also between refusals: a check has just given its own back
                continue
            self.assertEqual(status, 503)
            refused += 1
            client.close()
        self.assertGreater(len(sessions), 10)
        for record in weir.wait_records(refused, event="refused"):
            self.assertEqual((record["close_cause"], record["close_initiator"]), ("overload", "gateway"))
            self.assertEqual(record["error"], "this node has no file descriptor left")
            self.assertIn("LimitNOFILE", record["error_detail"])
        # Now checks have none either.
        silent = [self.use(wire.connect(weir.port)) for _ in range(self.FILES)]
        weir.wait_log("cannot be checked from here")
        weir.wait_log("listener=web cannot accept: .*LimitNOFILE")
        for one in silent + sessions:
            one.close()
        wait_until(lambda: weir.descriptors() < self.FILES // 2 + 10, "descriptors given back")
        self.use(wire.open_session(weir.port, "a.test"))
        self.assertEqual(weir.metric("weir_origin_up"), 2)
        self.assertEqual(weir.metric("weir_origin_ejections_total"), 0)
        self.assertEqual(weir.metric("weir_origin_failures_total"), 0)
        self.assertFalse([line for line in weir.lines if " is down" in line or "left out" in line])


class EarlyTest(WeirTest):
    def test_fx14_clients_that_send_before_the_101_hold_no_more_than_the_cap(self):
        raw = self.use(origin.RawOrigin(script=lambda one: (one.read_head(), one.read_rest())))
        weir = self.run_one([domain("a.test", raw.port)], workers=1)
        request = wire.upgrade_request("a.test")
        early = bytes(64 * 1024)
        warm_up = [self.use(wire.connect(weir.port)) for _ in range(20)]
        for one in warm_up:
            one.send(request)
        raw.wait_for(lambda: raw.accepted == 20, "requests")
        before, clients = weir.rss(), 300
        for _ in range(clients):
            self.use(wire.connect(weir.port)).send(request + early)
        raw.wait_for(lambda: raw.accepted == 20 + clients, "requests")
        self.assert_memory(weir, before, clients * 40 * 1024)


class LoopTest(WeirTest):
    def test_fx16_turns_of_all_loops_are_told_and_two_scrapers_agree(self):
        weir = self.run_one([domain(f"{number}.test") for number in range(50)], workers=2)
        self.use(wire.open_session(weir.port, "1.test"))
        weir.signal(1)
        weir.wait_log("reloaded")
        for worker in ("0", "1", "control"):
            wait_until(lambda: weir.metric("weir_loop_turn_seconds_count", worker=worker) > 0, f"turns of {worker}")
        # The reload was a turn of the control loop; whoever asks first takes it from nobody.
        first = weir.metric("weir_loop_lag_seconds", worker="control")
        self.assertGreater(first, 0)
        self.assertGreaterEqual(weir.metric("weir_loop_lag_seconds", worker="control"), first)
        self.assertGreaterEqual(weir.metric("weir_loop_turn_seconds_sum", worker="control"), first)
