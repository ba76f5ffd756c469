"""The access log and the program's own: sinks that take nothing, fail, or are somebody else's; and the end."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import certificates
import wire
from harness import BINARY, Weir, WeirTest, domain, run_weir, wait_until


def full_pipe():
    """Both ends of a pipe that takes nothing more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    return reading, writing


def ask_control(weir: Weir, path: str) -> str:
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(10)
        control.connect(str(weir.folder / "state" / "control.sock"))
        control.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := control.recv(65536):
            answer += part
    return answer.decode()


class LogTest(WeirTest):
    parallel = 4

    def pipe(self):
        reading, writing = full_pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        return writing

    def use_sessions(self, weir, count):
        for _ in range(count):
            wire.open_session(weir.port, "a.test").close()

    def make(self, **node) -> Weir:
        weir = Weir([domain("a.test")], **node)
        self.addCleanup(weir.stop)
        return weir


class EndTest(LogTest):
    def test_fx5_a_standard_output_that_nobody_reads_does_not_hold_the_end(self):
        for signals in (1, 2):
            with self.subTest(signals=signals):
                weir = self.make(log={"access": {"path": "-"}})
                weir.stdout = self.pipe()
                weir.start()
                self.use_sessions(weir, 20)
                for _ in range(signals):
                    weir.signal(signal.SIGTERM)
                weir.wait_exit(30)
                weir.reader.join(10)
                self.assertRegex(weir.tail(), r"standard output: \d+ lines not written")

    def test_fx5_a_standard_error_that_nobody_reads_holds_neither_the_start_nor_the_end(self):
        for signals in (1, 2):
            with self.subTest(signals=signals):
                # With a warning, which is told before there is a log.
                weir = Weir([domain("a.test", websocket={"connection_timeout": 60, "client_timeout": 90})],
                            log={"access": {"path": "-"}})
                self.addCleanup(weir.stop)
                pipe = self.pipe()
                process = subprocess.Popen([str(BINARY), "run", "-c", str(weir.config_path)],
                                           stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
                self.addCleanup(process.wait)
                self.addCleanup(process.kill)
                wait_until((weir.folder / "state" / "control.sock").exists, "a start", 30)
                self.assertIn("weir_ready 1", ask_control(weir, "/metrics"))
                process.send_signal(signal.SIGTERM)
                if signals == 2:
                    process.send_signal(signal.SIGTERM)
                self.assertIn(process.wait(30), (0, -signal.SIGTERM))

    def test_fx5_a_fifo_without_a_reader_does_not_hold_the_start_and_gets_its_lines_later(self):
        weir = self.make()
        os.mkfifo(weir.access_path)
        weir.start()
        self.use_sessions(weir, 3)
        weir.wait_log("nobody reads this FIFO")
        self.assertEqual(weir.metric("weir_access_log_up"), 0)
        reading = os.open(weir.access_path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reading)
        text = b""

        def complete():
            nonlocal text
            try:
                text += os.read(reading, 65536)
            except BlockingIOError:
                pass
            return text.count(b'"event":"close"') == 3
        wait_until(complete, lambda: text, 30)
        wait_until(lambda: weir.metric("weir_access_log_up") == 1, "an access log that is up")
        self.assertEqual(weir.metric("weir_access_log_dropped_total"), 0)


class LossTest(LogTest):
    def test_fx6_a_full_disk_costs_lines_and_each_is_counted(self):
        weir = self.make(log={"access": {"path": "-"}})
        weir.stdout = self.keep(open("/dev/full", "wb", buffering=0))
        weir.start()
        self.use_sessions(weir, 10)
        weir.wait_log("standard output: No space left on device; lines are lost")
        wait_until(lambda: weir.metric("weir_access_log_lost_lines_total", reason="write") == 20,
                   lambda: weir.admin("/metrics")[1], 30)
        self.assertEqual(weir.metric("weir_access_log_dropped_total"), 20)
        self.assertEqual(weir.metric("weir_access_log_up"), 0)

    def test_fx6_the_control_thread_answers_while_the_log_is_stuck_and_is_to_be_reopened(self):
        weir = self.make(log={"access": {"path": "-", "queue": "64KiB"}})
        weir.stdout = self.pipe()
        weir.start()
        while weir.metric("weir_access_log_lost_lines_total", reason="full") == 0:
            self.use_sessions(weir, 50)
        for _ in range(3):
            weir.signal(signal.SIGUSR1)
            self.assertEqual(weir.admin("/healthz")[0], 200)
        weir.wait_log("standard output: reopened")
        wait_until(lambda: weir.metric("weir_access_log_up") == 0, "a log that is down")
        self.assertGreater(weir.metric("weir_access_log_lag_seconds"), 0)
        weir.wait_log("lines are lost: its queue is full")

    def test_fx6_lines_and_losses_are_as_many_as_there_were_ends(self):
        weir = self.make(log={"access": {"path": "-", "queue": "64KiB"}})
        reading, writing = full_pipe()
        self.addCleanup(os.close, reading)
        weir.stdout = writing
        weir.start()
        os.close(writing)
        ends = 0
        while weir.metric("weir_access_log_lost_lines_total", reason="full") == 0:
            self.use_sessions(weir, 50)
            ends += 50
        os.set_blocking(reading, False)
        text = b""

        def told():
            nonlocal text
            try:
                text += os.read(reading, 1 << 20)
            except BlockingIOError:
                pass
            lines = [json.loads(line) for line in text.lstrip(b"x").split(b"\n")[:-1]]
            lost = [line for line in lines if line["event"] == "lost"]
            wrote = [line for line in lines if line["event"] in ("open", "close")]
            if len(wrote) + sum(line["lines"] for line in lost) != 2 * ends:
                return False
            self.assertEqual({line["reason"] for line in lost}, {"full"})
            return True
        wait_until(told, lambda: text[-2000:], 30)
        wait_until(lambda: weir.metric("weir_access_log_up") == 1, "a log that is up")


class FieldsTest(WeirTest):
    def test_fy19_tls_stands_in_the_close_line_and_the_query_in_the_open_one_without_its_secrets(self):
        tls = certificates.leaf("a.test").yaml
        weir = Weir([domain("a.test", tls=tls)], tls=True)
        weir.node["log"]["access"].update(query="redacted", redact=["ticket"])
        weir.write([domain("a.test", tls=tls)])
        self.addCleanup(weir.stop)
        weir.start()
        client = wire.open_session(weir.tls_port, "a.test", "/chat?room=7&ticket=hush&token=hush",
                                   tls=certificates.client_context())
        client.close()
        closed = weir.wait_access(event="close")
        opened = weir.wait_access(event="open")
        self.assertEqual(opened["uri_param"], "room=7&ticket=***&token=***")
        self.assertNotIn("hush", weir.access_path.read_text())
        for name in ("tls_version", "tls_cipher", "tls_resumed", "sni"):
            self.assertEqual(closed[name], opened[name], name)
        self.assertEqual(closed["sni"], "a.test")

    def test_fy19_a_client_beyond_max_connections_has_its_line(self):
        weir = self.run_one([domain("a.test")], limits={"max_connections": 1})
        held = self.use(wire.open_session(weir.port, "a.test"))
        refused = self.use(wire.connect(weir.port))
        line = weir.wait_access(event="refused", close_cause="overload")
        self.assertEqual((line["return_code"], line["close_initiator"]), (503, "gateway"))
        self.assertIsNotNone(held)
        self.assertIsNotNone(refused)


class PathTest(WeirTest):
    def test_fx10_a_relative_path_means_the_same_wherever_the_process_starts(self):
        weir = Weir([domain("a.test")], state_dir="state", log={"access": {"path": "access.log"}})
        self.addCleanup(weir.stop)
        elsewhere = pathlib.Path(tempfile.mkdtemp(prefix="elsewhere-", dir=weir.folder))
        for count, folder in enumerate((weir.folder, elsewhere, pathlib.Path("/")), 1):
            weir.directory = folder
            weir.start()
            wire.open_session(weir.port, "a.test").close()
            weir.wait_records(count, event="close")
            weir.signal(signal.SIGTERM)
            weir.wait_exit()
            for asked_from in (weir.folder, elsewhere):
                told = run_weir("usage", "-c", os.path.relpath(weir.config_path, asked_from), "--domain", "a.test",
                                "--format", "json", "--merge", cwd=asked_from)
                self.assertEqual(json.loads(told.stdout)["domains"][0]["total"]["sessions_ws"], count, told.stderr)
        self.assertEqual(list(elsewhere.iterdir()), [])

    def test_fx10_messages_name_the_absolute_path(self):
        weir = Weir([domain("a.test")], state_dir="state")
        self.addCleanup(weir.stop)
        told = run_weir("reload", "-c", "weir.yaml", cwd=weir.folder)
        self.assertIn(str(weir.folder / "state" / "control.sock"), told.stderr)
        told = run_weir("usage", "--state-dir", "nowhere", cwd=weir.folder)
        self.assertIn(str(weir.folder / "nowhere"), told.stderr)

    def test_fy30_a_link_in_state_dir_is_not_followed(self):
        for name in ("weir.lock", "usage.db", "usage.db-wal", "meters", "control.sock"):
            with self.subTest(name):
                weir = Weir([domain("a.test")])
                self.addCleanup(weir.stop)
                victim = weir.folder / "victim"
                victim.write_text("precious")
                (weir.folder / "state" / name).symlink_to(victim)
                told = run_weir("run", "-c", str(weir.config_path))
                self.assertEqual(told.returncode, 1, told.stderr)
                self.assertIn(f"{weir.folder}/state/{name} is a symbolic link, and Weir follows none", told.stderr)
                self.assertEqual(victim.read_text(), "precious")

    def test_fy30_check_refuses_an_access_log_that_is_somebody_elses(self):
        for path in ("state/usage.db", "weir.yaml", "domains/00.yaml", "state"):
            with self.subTest(path):
                weir = Weir([domain("a.test")], log={"access": {"path": path}})
                self.addCleanup(weir.stop)
                for command in ("check", "run"):
                    told = run_weir(command, "-c", str(weir.config_path))
                    self.assertEqual(told.returncode, 2, told.stderr)
                    self.assertIn("log.access.path", told.stderr)


class SignalTest(WeirTest):
    parallel = 2

    def test_fy34_no_signal_ends_a_start_once_the_program_has_the_word(self):
        def signals(weir, kind):
            status = pathlib.Path(f"/proc/{weir.process.pid}/status").read_text()
            bits = int(next(line.split()[1] for line in status.splitlines() if line.startswith(kind)), 16)
            return {number for number in (signal.SIGHUP, signal.SIGUSR1) if bits >> (number - 1) & 1}

        both = {signal.SIGHUP, signal.SIGUSR1}
        for _ in range(10):
            weir = Weir([domain("a.test")])
            self.addCleanup(weir.stop)
            weir.start(wait=False)
            # What comes while the system's loader has it is the system's affair.
            wait_until(lambda: signals(weir, "SigBlk") | signals(weir, "SigCgt") == both, "its first act")
            ready = False
            while not ready:
                ready = any("ready" in line for line in weir.lines)
                for number in both:
                    weir.signal(number)
                self.assertIsNone(weir.process.poll(), weir.tail())
            weir.wait_log("reloaded: generation")
            weir.wait_log("reopened")
            weir.signal(signal.SIGTERM)
            weir.wait_exit()

    def test_fy34_the_access_log_is_not_for_everybody(self):
        weir = self.run_one([domain("a.test")])
        self.assertEqual(weir.access_path.stat().st_mode & 0o777, 0o640 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
