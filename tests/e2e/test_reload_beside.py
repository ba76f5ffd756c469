"""A reload is read and built beside the control thread: whatever its files do, probes and drains do not wait."""

import os
import signal
import subprocess

import usage
import wire
from harness import BINARY, Weir, WeirTest, domain, wait_until
from patience import patience


class BesideTest(WeirTest):
    parallel = 2

    def setUp(self):
        super().setUp()
        self.disk = self.use(usage.Disk())
        self.addCleanup(self.disk.well)

    def make(self, domains, **options) -> Weir:
        weir = Weir(domains, environment=self.disk.environment, **options)
        weir.environment["WEIR_TEST_FOLDER"] = str(weir.folder / "domains")
        weir.command_environment = dict(os.environ)  # commands find the disk well
        self.addCleanup(weir.stop)
        return weir.start()

    def probe(self, weir: Weir) -> None:
        self.assertEqual(weir.admin("/healthz"), (200, "ok\n"))
        self.assertEqual(weir.admin("/readyz")[0], 200)

    def applied(self, weir: Weir) -> float:
        return weir.metric("weir_config_reloads_total", result="success")

    def command(self, weir: Weir) -> subprocess.Popen:
        """`weir reload`, which waits."""
        process = subprocess.Popen([str(BINARY), "reload", "-c", str(weir.config_path)], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env=weir.command_environment)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_probes_and_sessions_go_on_while_many_new_domains_load(self):
        weir = self.make([domain("old.test")])
        weir.write([domain("old.test")] + [domain(f"d{number}.test") for number in range(400)])
        self.disk.hold_reads()
        weir.signal(signal.SIGHUP)
        wait_until(lambda: self.disk.held_reads > 0, "the builder at work")
        for _ in range(20):
            self.probe(weir)
        wire.open_session(weir.port, "old.test").close()
        self.assertEqual(self.applied(weir), 0)
        self.disk.well()
        while self.applied(weir) < 1:
            self.probe(weir)
        wire.open_session(weir.port, "d399.test").close()
        line = weir.wait_log("reloaded: generation 2 ")
        self.assertIn("domains=401 parsed=400 built=400 same=1", line)
        for phase in ("read", "build", "swap"):
            self.assertGreater(weir.metric("weir_config_reload_seconds", phase=phase), 0)

    def test_whoever_asks_while_one_is_read_gets_what_the_files_said_after_that(self):
        weir = self.make([domain("old.test")])
        weir.write([domain("old.test"), domain("mid.test")])
        self.disk.hold_reads()
        weir.signal(signal.SIGHUP)
        wait_until(lambda: self.disk.held_reads > 0, "the builder at work")
        weir.write([domain("old.test"), domain("mid.test"), domain("new.test")])
        waiting = self.command(weir)
        for _ in range(3):
            weir.signal(signal.SIGHUP)
        self.probe(weir)
        self.disk.well()
        text = waiting.communicate(timeout=patience())[0]
        self.assertEqual(waiting.returncode, 0, text)
        wire.open_session(weir.port, "new.test").close()

    def test_a_drain_does_not_wait_for_a_disk_that_is_stuck(self):
        weir = self.make([domain("old.test")])
        weir.write([domain("old.test"), domain("new.test")])
        self.disk.hold_reads()
        waiting = self.command(weir)
        log = len(weir.lines)
        wait_until(lambda: self.disk.held_reads > 0, "the builder at work")
        weir.signal(signal.SIGTERM)
        text = waiting.communicate(timeout=patience())[0]
        self.assertEqual(waiting.returncode, 2, text)
        self.assertIn("not reloaded: draining", text)
        self.assertEqual(weir.wait_exit(), 0)
        self.assertFalse([line for line in weir.lines[log:] if "reloaded:" in line])
