"""Disks that are full, broken or read-only, files that are damaged: traffic goes on, and no figure is wrong."""

import os
import re
import shutil
import threading
import time

import origin
import usage
import wire
from frames import BINARY, CLOSE, from_client, frame
from harness import Weir, WeirTest, domain, wait_until

FAILED = r"usage: the ledger cannot be written: "
WORKS = r"usage: the ledger is written again"


class Echoes:
    """A session that never rests, what it has moved, and how long its slowest echo took."""

    def __init__(self, port: int, name: str):
        self.session = wire.open_session(port, name)
        self.count, self.slowest = 0, 0.0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.stopping.wait(0.002):
            begin = time.monotonic()
            self.session.send(from_client(BINARY, bytes(1000)))
            self.session.read_frame()
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.count += 1

    def wait_more(self, count: int = 50) -> None:
        wanted = self.count + count
        wait_until(lambda: self.count >= wanted, "more echoes")

    def finish(self) -> "dict[str, int]":
        """What must have been counted for it."""
        self.stopping.set()
        self.thread.join(wire.TIMEOUT)
        assert not self.thread.is_alive()
        up = from_client(BINARY, bytes(1000)) * self.count
        down = frame(BINARY, bytes(1000)) * self.count
        return usage.expected(up, down, up, down)

    def close(self) -> None:
        self.stopping.set()
        self.session.close()


class FaultsTest(WeirTest):
    parallel = 2

    def setUp(self):
        super().setUp()
        self.disk = self.use(usage.Disk())
        self.origin = self.use(origin.RawOrigin())

    def make(self, **options) -> Weir:
        weir = Weir([domain("disk.test", self.origin.port), domain("late.test", self.origin.port)],
                    usage=usage.FLUSH, environment=self.disk.environment, **options)
        weir.environment["WEIR_TEST_FOLDER"] = str(weir.folder / "state")
        weir.command_environment = dict(os.environ)  # commands find the disk well
        self.addCleanup(weir.stop)
        return weir

    def lines(self, weir: Weir, pattern: str) -> list:
        return [line for line in weir.lines if re.search(pattern, line)]

    def suffer(self, trouble) -> None:
        """Traffic before, during and after a trouble: all of it is in the ledger in the end."""
        weir = self.make().start()
        echoes = self.use(Echoes(weir.port, "disk.test"))
        echoes.wait_more()
        self.assertEqual(weir.metric("weir_usage_ledger_up"), 1)
        trouble()
        weir.wait_log(FAILED)
        wait_until(lambda: weir.metric("weir_usage_ledger_errors_total") >= 3, "more errors")
        self.assertEqual(weir.metric("weir_usage_ledger_up"), 0)
        self.assertGreater(weir.metric("weir_usage_ledger_lag_seconds"), 0)
        late = self.use(Echoes(weir.port, "late.test"))  # a domain that was not seen before
        late.wait_more()
        echoes.wait_more()
        self.assertEqual(len(self.lines(weir, FAILED)), 1)
        self.disk.well()
        weir.wait_log(WORKS)
        wait_until(lambda: weir.metric("weir_usage_ledger_up") == 1, "a ledger that is up")
        for name, one in (("disk.test", echoes), ("late.test", late)):
            usage.wait_ledger(weir, name, one.finish())
        self.assertEqual((len(self.lines(weir, FAILED)), len(self.lines(weir, WORKS))), (1, 1), weir.tail())
        self.assertEqual(usage.verify(weir).returncode, 0)
        self.assertGreater(self.disk.failures, 0)
        print(f"slowest echo {1000 * max(echoes.slowest, late.slowest):.1f} ms")

    def test_full_disk(self):
        self.suffer(self.disk.full)

    def test_broken_disk(self):
        self.suffer(self.disk.broken)

    def test_read_only_disk(self):
        self.suffer(self.disk.read_only)

    def test_fxl_a_disk_that_holds_every_write_holds_no_session_and_no_question(self):
        weir = self.make().start()
        echoes = self.use(Echoes(weir.port, "disk.test"))
        echoes.wait_more()
        self.disk.hold()
        self.addCleanup(self.disk.well)
        wait_until(lambda: weir.metric("weir_usage_ledger_lag_seconds") > 1, "a ledger that is late")
        late = self.use(Echoes(weir.port, "late.test"))  # a domain that was not seen before
        late.wait_more(200)
        echoes.wait_more(200)
        self.assertEqual(weir.admin("/healthz")[0], 200)
        self.assertGreater(weir.metric("weir_client_bytes_in_total", domain="late.test"), 0)
        self.disk.well()
        for name, one in (("disk.test", echoes), ("late.test", late)):
            usage.wait_ledger(weir, name, one.finish())
        self.assertEqual(usage.verify(weir).returncode, 0)

    def test_one_sync_that_fails_costs_nothing(self):
        weir = self.make().start()
        echoes = self.use(Echoes(weir.port, "disk.test"))
        for _ in range(3):
            echoes.wait_more(20)
            before = weir.metric("weir_usage_ledger_errors_total")

            def failed():
                # A checkpoint may meet it, too: what that could not sync is still in the log, and no error.
                if self.disk.syncs_left == 0:
                    self.disk.no_sync(1)
                return weir.metric("weir_usage_ledger_errors_total") > before

            self.disk.no_sync(1)
            wait_until(failed, "an error")
            self.disk.well()
        usage.wait_ledger(weir, "disk.test", echoes.finish())
        wait_until(lambda: len(self.lines(weir, FAILED)) == len(self.lines(weir, WORKS)), lambda: weir.tail())

    def test_a_full_disk_at_the_start_stops_no_traffic(self):
        weir = self.make()
        self.disk.full()
        weir.start()
        echoes = self.use(Echoes(weir.port, "disk.test"))
        echoes.wait_more()
        self.assertEqual(weir.metric("weir_usage_ledger_up"), 0)
        self.disk.well()
        usage.wait_ledger(weir, "disk.test", echoes.finish())
        self.assertEqual(usage.verify(weir).returncode, 0)

    def test_killed_while_the_disk_is_full_loses_nothing(self):
        weir = self.make().start()
        echoes = self.use(Echoes(weir.port, "disk.test"))
        echoes.wait_more()
        self.disk.full()
        weir.wait_log(FAILED)
        echoes.wait_more()
        wanted = echoes.finish()
        weir.crash()
        self.disk.well()
        weir.start()
        usage.wait_ledger(weir, "disk.test", wanted)

    def test_stopped_while_the_disk_is_full_loses_nothing(self):
        weir = self.make(drain={"timeout": 0}).start()
        echoes = self.use(Echoes(weir.port, "disk.test"))
        echoes.wait_more()
        wanted = echoes.finish()
        self.disk.full()
        weir.wait_log(FAILED)
        weir.process.terminate()
        self.assertEqual(weir.wait_exit(), 0, weir.tail())
        self.disk.well()
        weir.start()
        usage.wait_ledger(weir, "disk.test", {name: wanted[name] for name in usage.STREAM})


class DamageTest(WeirTest):
    parallel = 2

    def used(self, **options) -> "tuple[Weir, dict]":
        """A Weir that has counted something, and what."""
        server = self.use(origin.RawOrigin())
        weir = Weir([domain("one.test", server.port)], usage=usage.FLUSH, workers=1, **options)
        self.addCleanup(weir.stop)
        weir.start()
        wanted = self.exercise(weir)
        usage.wait_ledger(weir, "one.test", wanted)
        return weir, wanted

    def exercise(self, weir: Weir, count: int = 20) -> dict:
        with wire.open_session(weir.port, "one.test") as session:
            for _ in range(count):
                session.send(from_client(BINARY, bytes(5000)))
                session.read_frame()
            session.send(from_client(CLOSE))
            session.read_until_frame(CLOSE)
        up = from_client(BINARY, bytes(5000)) * count + from_client(CLOSE)
        down = frame(BINARY, bytes(5000)) * count + frame(CLOSE)
        return usage.expected(up, down, up, down)

    def kept(self, weir: Weir, name: str) -> list:
        return [path for path in (weir.folder / "state").rglob("*.damaged-*") if name in path.name]

    def test_a_damaged_ledger_is_set_aside_and_traffic_is_served(self):
        for how in ("no database", "cut in half", "a page of noise"):
            with self.subTest(how):
                weir, _ = self.used()
                weir.process.terminate()
                weir.wait_exit()
                path = usage.Ledger(weir).path
                data = path.read_bytes()
                if how == "no database":
                    path.write_bytes(b"this is not a database" * 1000)
                elif how == "cut in half":
                    path.write_bytes(data[:len(data) // 2 // 4096 * 4096 + 100])
                else:
                    path.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
                weir.start()
                weir.wait_log("error.*usage: the ledger .*damaged.*usage.db.damaged-")
                self.assertTrue(self.kept(weir, "usage.db"))
                wanted = self.exercise(weir)
                usage.wait_ledger(weir, "one.test", wanted)  # and nothing else
                self.assertEqual(usage.verify(weir).returncode, 0)

    def test_a_ledger_that_is_removed_while_it_is_written_is_begun_anew_with_what_is_still_in_the_meters(self):
        weir, wanted = self.used()
        path = usage.Ledger(weir).path
        for file in (path, path.with_name(path.name + "-wal")):
            file.unlink()
        usage.add(wanted, self.exercise(weir))
        weir.wait_log("error.*usage: the ledger .*removed")
        usage.wait_ledger(weir, "one.test", {name: wanted[name] for name in usage.STREAM})
        self.assertEqual(usage.verify(weir).returncode, 0)

    def test_fx22_fy23_after_a_crash_usage_is_whole_and_a_copied_meter_file_counts_once(self):
        server = self.use(origin.RawOrigin())
        # Nothing comes to the ledger before the crash.
        weir = Weir([domain("one.test", server.port)], usage={"flush_interval": "60s"}, workers=1)
        self.addCleanup(weir.stop)
        weir.start()
        wanted = self.exercise(weir)
        weir.wait_access(event="close")
        weir.crash()
        folder = weir.folder / "state" / "meters"
        (path,) = folder.glob("*.meters")
        shutil.copy(path, folder / (path.stem + " (copy).meters"))
        shutil.copy(path, weir.folder / "backup")
        found = usage.totals(weir, "one.test")
        self.assertEqual({name: found[name] for name in wanted}, wanted)
        done = usage.verify(weir)
        self.assertEqual(done.returncode, 1)
        self.assertIn(" (copy).meters and ", done.stdout)
        weir.start()
        weir.wait_log(r"warning.*usage: meter file .*\(copy\).meters is a second one of boot", since=weir.begun)
        self.assertEqual(usage.Ledger(weir).domain("one.test", wanted), wanted)
        self.assertEqual(usage.verify(weir).returncode, 0)
        weir.crash()
        shutil.copy(weir.folder / "backup", path)  # the boot was recovered long ago
        weir.start()
        weir.wait_log("info.*usage: the meters of an earlier run .*were in the ledger already", since=weir.begun)
        self.assertEqual(usage.Ledger(weir).domain("one.test", wanted), wanted)

    def test_a_damaged_meter_file_is_set_aside_and_the_rest_is_right(self):
        for how in ("empty", "noise", "cut", "a slot of noise"):
            with self.subTest(how):
                weir, wanted = self.used()
                weir.crash()
                (path,) = (weir.folder / "state" / "meters").glob("*.meters")
                data = bytearray(path.read_bytes())
                if how == "empty":
                    data.clear()
                elif how == "noise":
                    data = bytearray(os.urandom(len(data)))
                elif how == "cut":
                    del data[len(data) // 3:]
                else:
                    at = data.index(b"one.test", 8192) - 32
                    data[at + 8:at + 40] = os.urandom(32)
                path.write_bytes(data)
                weir.start()
                if how != "cut":
                    weir.wait_log("error.*usage: meter file .*damaged", since=weir.begun)
                    self.assertTrue(self.kept(weir, ".meters"))
                # The ledger had it all; neither less nor more may come of such a file.
                found = usage.Ledger(weir).domain("one.test", wanted)
                self.assertEqual(found, wanted)
                usage.add(wanted, self.exercise(weir))
                usage.wait_ledger(weir, "one.test", wanted)

    def test_a_second_process_on_the_folder_is_refused_by_the_pid_of_the_first(self):
        weir, _ = self.used()
        second = Weir([domain("two.test")], state_dir=str(weir.folder / "state"))
        self.addCleanup(second.stop)
        second.start(wait=False)
        self.assertEqual(second.wait_exit(), 1)
        self.assertIn(f"pid {weir.process.pid}", "\n".join(second.lines))
        self.exercise(weir)
