"""SIGHUP, `weir reload`, changed files, and SIGUSR1: what is running is not touched."""

import base64
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

import certificates
import frames
import origin
import wire
from frames import TEXT, from_client
from harness import Weir, WeirTest, domain, run_weir, wait_until

BAD_KEY = {"websocket": {"enabled": True, "conection_timeout": 5}}


def echoes(session, text=b"alive") -> bool:
    session.send(from_client(TEXT, text))
    return session.read_until_frame(TEXT).payload == text


class ReloadTest(WeirTest):
    parallel = 3

    def reload(self, weir):
        before = weir.metric("weir_config_reloads_total")
        weir.signal(signal.SIGHUP)
        wait_until(lambda: weir.metric("weir_config_reloads_total") > before,
                   lambda: f"reload counted; the log:\n{weir.tail()}")

    def status(self, weir, host, **options):
        with wire.connect(weir.port) as client:
            client.send(wire.upgrade_request(host, **options))
            return client.read_head().status

    def test_sighup_applies_a_good_configuration_and_sessions_survive(self):
        weir = self.run_one([domain("old.test"), domain("stay.test")])
        session = self.use(wire.open_session(weir.port, "stay.test"))
        self.assertEqual(self.status(weir, "new.test"), 404)
        generation = weir.metric("weir_config_generation")
        weir.write([domain("new.test"), domain("stay.test", websocket={"connection_timeout": 40})])
        self.reload(weir)
        self.assertEqual(self.status(weir, "new.test"), 101)
        self.assertEqual(self.status(weir, "old.test"), 404)
        self.assertTrue(echoes(session))
        self.assertEqual(weir.metric("weir_config_last_reload_successful"), 1)
        self.assertGreater(weir.metric("weir_config_generation"), generation)

    def test_fx4_a_reload_with_an_encrypted_key_keeps_what_runs(self):
        leaf = certificates.leaf("a.test")
        weir = self.run_one([domain("a.test", tls=leaf.yaml)], tls=True)
        mark = len(weir.lines)
        weir.write([domain("new.test", tls={**leaf.yaml, "key": f"file:{certificates.encrypted(leaf)}"})])
        self.reload(weir)
        self.assertEqual(weir.metric("weir_config_last_reload_successful"), 0)
        weir.wait_log("the key is encrypted", since=mark)
        wire.open_session(weir.tls_port, "a.test", tls=certificates.client_context()).close()

    def test_bad_configuration_changes_nothing_and_says_why(self):
        weir = self.run_one([domain("old.test")])
        session = self.use(wire.open_session(weir.port, "old.test"))
        mark = len(weir.lines)
        weir.write([domain("new.test"), {**domain("bad.test"), **BAD_KEY}])
        self.reload(weir)
        self.assertEqual(weir.metric("weir_config_last_reload_successful"), 0)
        self.assertEqual(self.status(weir, "old.test"), 101)
        self.assertEqual(self.status(weir, "new.test"), 404)
        self.assertTrue(echoes(session))
        line = weir.wait_log("conection_timeout", since=mark)
        self.assertRegex(line, r"01\.yaml:\d+:\d+")
        self.assertIn("connection_timeout", line.replace("conection_timeout", ""))
        weir.write([domain("new.test")])
        self.reload(weir)
        self.assertEqual(weir.metric("weir_config_last_reload_successful"), 1)
        self.assertEqual(self.status(weir, "new.test"), 101)

    def test_listener_that_goes_and_comes_back_keeps_those_who_came_in_by_it(self):
        weir = self.run_one([domain("a.test")], listeners=[
            {"name": "web", "address": "127.0.0.1", "ports": [0]},
            {"name": "side", "address": "127.0.0.1", "ports": [0]}])
        request = wire.upgrade_request("a.test")
        with wire.connect(weir.ports("side")[0]) as waiting:
            waiting.send(request[:20])
            both = weir.node["listeners"]
            for listeners in (both[:1], both):
                weir.node["listeners"] = listeners
                weir.write([domain("a.test")])
                self.reload(weir)
            # The metric may be read before the log is.
            wait_until(lambda: len(weir.ports("side")) == 2, "the new port")
            wire.open_session(weir.ports("side")[-1], "a.test").close()
            waiting.send(request[20:])
            self.assertEqual(waiting.read_head().status, 101)
        weir.wait_records(2, event="open", listener="side")

    def test_a_session_outlives_its_configuration_and_a_client_that_shakes_hands_again_changes_nothing(self):
        secure = domain("a.test", tls=certificates.leaf("a.test").yaml)
        weir = self.run_one([secure], tls=True)
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{weir.tls_port}", "-servername", "a.test", "-tls1_2",
             "-crlf", "-no_ign_eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        client.stdin.write(wire.upgrade_request("a.test").replace(b"\r\n", b"\n"))
        client.stdin.flush()
        weir.wait_access(event="open")
        for number in range(2):  # nothing is left of what it came in by
            weir.write([secure, domain(f"b{number}.test")])
            self.reload(weir)
        client.stdin.write(b"R\n")  # asks for another handshake
        client.stdin.flush()
        record = weir.wait_access(event="close")
        self.assertEqual(record["close_initiator"], "client", record)
        with wire.connect(weir.tls_port, certificates.client_context(), "a.test") as other:
            other.send(wire.upgrade_request("a.test"))
            self.assertEqual(other.read_head().status, 101)

    def test_missing_certificate_changes_nothing(self):
        good = domain("a.test", tls=certificates.leaf("a.test").yaml)
        weir = self.run_one([good], tls=True)
        weir.write([good, domain("b.test", tls={"certificate": "file:/nowhere/b.pem",
                                                "key": "file:/nowhere/b.key"})])
        mark = len(weir.lines)
        self.reload(weir)
        self.assertEqual(weir.metric("weir_config_last_reload_successful"), 0)
        weir.wait_log("/nowhere/b", since=mark)
        wire.open_session(weir.tls_port, "a.test", tls=certificates.client_context()).close()

    def test_new_certificate_is_presented_after_a_reload(self):
        first, second = certificates.leaf("a.test", days=20), certificates.leaf("a.test", days=21)
        weir = self.run_one([domain("a.test", tls=first.yaml)], tls=True)

        def presented():
            with wire.connect(weir.tls_port, certificates.client_context(), "a.test") as client:
                return client.sock.getpeercert()["serialNumber"]

        before = presented()
        weir.write([domain("a.test", tls=second.yaml)])
        self.reload(weir)
        self.assertNotEqual(presented(), before)

    def test_weir_reload_exits_0_when_applied_and_2_when_refused(self):
        closed = origin.RawOrigin()
        closed.close()
        weir = self.run_one([domain("old.test")], admin={"listen": f"127.0.0.1:{closed.port}"})
        weir.write([domain("new.test")])
        done = run_weir("reload", "-c", str(weir.config_path))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.status(weir, "new.test"), 101)
        weir.write([{**domain("bad.test"), **BAD_KEY}])
        done = run_weir("reload", "-c", str(weir.config_path))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("conection_timeout", done.stdout + done.stderr)
        self.assertEqual(self.status(weir, "new.test"), 101)
        self.assertEqual(weir.metric("weir_config_last_reload_successful"), 0)

    def test_sessions_survive_100_reloads_and_nothing_leaks(self):
        raw = self.use(origin.RawOrigin(origin.echo, timeout=60))
        secure = certificates.leaf("b.test").yaml
        versions = [[domain("a.test", raw.port), domain("b.test", tls=secure)],
                    [domain("a.test", raw.port), domain("b.test", tls=secure), domain("c.test")]]
        weir = self.run_one(versions[0], tls=True)
        sessions = [self.use(wire.open_session(weir.port, "a.test")) for _ in range(10)]
        for number in range(10):
            weir.write(versions[number % 2])
            self.reload(weir)
        self.assertTrue(all(echoes(session) for session in sessions))
        memory, descriptors = weir.rss(), weir.descriptors()
        for number in range(90):
            weir.write(versions[number % 2])
            self.reload(weir)
            self.assertTrue(echoes(sessions[number % 10]))
            wire.open_session(weir.port, "a.test").close()
        self.assertEqual(weir.metric("weir_config_last_reload_successful"), 1)
        self.assertTrue(all(echoes(session) for session in sessions))
        self.assertLessEqual(weir.descriptors(), descriptors + 4)
        self.assert_memory(weir, memory, 6 << 20)

    def test_switching_off_refuses_new_sessions_and_keeps_running_ones(self):
        weir = self.run_one([domain("a.test")])
        session = self.use(wire.open_session(weir.port, "a.test"))
        weir.write([domain("a.test", websocket={"enabled": False})])
        self.reload(weir)
        # Each worker takes the new configuration with its next turn.
        wait_until(lambda: self.status(weir, "a.test") == 403, "refused")
        self.assertTrue(echoes(session))

    def test_switching_off_with_on_disable_drain_closes_running_sessions(self):
        weir = self.run_one([domain("a.test")])
        session = self.use(wire.open_session(weir.port, "a.test"))
        weir.write([domain("a.test", websocket={"enabled": False, "on_disable": "drain"})])
        self.reload(weir)
        # Not 1012, which would ask the client to come back.
        got = self.closed(session, 1001, "WebSocket was switched off")
        session.send(from_client(frames.CLOSE, got.payload))
        session.close()
        self.assertEqual(weir.wait_access(event="close")["close_cause"], "domain_disabled")

    def test_fx12_sessions_of_a_removed_domain_are_told_so_one_after_the_other(self):
        weir = self.run_one([domain("old.test"), domain("new.test")], workers=1, drain={"close_rate": 1})
        leaving = [self.use(wire.open_session(weir.port, "old.test")) for _ in range(30)]
        staying = self.use(wire.open_session(weir.port, "new.test"))
        weir.write([domain("new.test")])
        done = run_weir("reload", "-c", str(weir.config_path))
        line = "domain old.test is no longer configured: its 30 open sessions are told to end"
        self.assertIn(line, done.stdout + done.stderr)
        weir.wait_log(line)
        wait_until(lambda: weir.metric("weir_mass_close_pending", cause="domain_removed") > 0, "some are pending")
        weir.node["drain"] = {"close_rate": 1000}
        weir.write([domain("new.test")])
        self.reload(weir)
        for session in leaving:
            got = self.closed(session, 1001, "this domain is no longer served here")
            session.send(from_client(frames.CLOSE, got.payload))
        records = weir.wait_records(30, event="close", domain="old.test")
        self.assertEqual({(record["close_cause"], record["close_initiator"], record["close_code"])
                          for record in records}, {("domain_removed", "gateway", 1001)})
        wait_until(lambda: weir.metric("weir_mass_close_pending") == 0, "none is pending")
        self.assertTrue(echoes(staying))
        self.assertEqual(self.status(weir, "old.test"), 404)

    def test_fx12_a_handshake_under_way_when_its_domain_goes_is_told_after_it(self):
        held = threading.Event()
        self.addCleanup(held.set)

        def late(connection):
            held.wait(30)
            return origin.echo(connection)

        raw = self.use(origin.RawOrigin(late, timeout=60))
        weir = self.run_one([domain("old.test", raw.port), domain("new.test")], workers=1)
        client = self.use(wire.connect(weir.port))
        client.send(wire.upgrade_request("old.test"))
        raw.wait_for(lambda: raw.accepted == 1, "the handshake at the origin")
        weir.write([domain("new.test")])
        self.reload(weir)
        wait_until(lambda: self.status(weir, "old.test") == 404, "the new configuration")
        held.set()
        self.assertEqual(client.read_head().status, 101)
        self.closed(client, 1001, "this domain is no longer served here")

    def test_changed_files_are_applied_when_asked_for(self):
        weir = self.run_one([domain("old.test")], reload={"on_change": True})
        weir.write([domain("new.test")])
        wait_until(lambda: self.status(weir, "new.test") == 101, "reload by itself", 6)

    def test_fx10_the_first_file_of_an_empty_folder_is_noticed(self):
        weir = self.run_one([], reload={"on_change": True})
        weir.wait_log("no file matches")
        self.assertEqual(self.status(weir, "new.test"), 404)
        weir.write([domain("new.test")])
        wait_until(lambda: self.status(weir, "new.test") == 101, "reload by itself")

    def test_sigusr1_opens_the_access_log_anew(self):
        weir = self.run_one([domain("a.test")])
        wire.open_session(weir.port, "a.test", "/first").close()
        weir.wait_access(event="close", uri="/first")
        rotated = weir.folder / "access.log.1"
        weir.access_path.rename(rotated)
        wire.open_session(weir.port, "a.test", "/between").close()
        wait_until(lambda: any(record.get("uri") == "/between" and record["event"] == "close"
                               for record in weir.access_log(rotated)), "record in the old file")
        weir.signal(signal.SIGUSR1)
        wait_until(weir.access_path.exists, "new access log")
        wire.open_session(weir.port, "a.test", "/after").close()
        weir.wait_access(event="close", uri="/after")
        self.assertNotIn("/after", rotated.read_text())
        self.assertNotIn("/first", weir.access_path.read_text())


class NamedFilesTest(WeirTest):
    """The YAML stays as it is; what it names changes."""
    parallel = 2

    def setUp(self):
        super().setUp()
        self.secrets = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-secrets-"))
        self.addCleanup(shutil.rmtree, self.secrets, ignore_errors=True)

    def install(self, leaf, name="own") -> dict:
        shutil.copy(leaf.certificate, self.secrets / f"{name}.pem")
        shutil.copy(leaf.key, self.secrets / f"{name}.key")
        return {"certificate": f"file:{self.secrets}/{name}.pem", "key": f"file:{self.secrets}/{name}.key"}

    def reload(self, weir, result):
        mark, before = len(weir.lines), weir.metric("weir_config_reloads_total", result=result)
        weir.signal(signal.SIGHUP)
        wait_until(lambda: weir.metric("weir_config_reloads_total", result=result) > before,
                   lambda: f"reload: {result}; the log:\n{weir.tail()}")
        return mark

    def serial(self, weir):
        with wire.connect(weir.tls_port, certificates.client_context(), "a.test") as client:
            return client.sock.getpeercert()["serialNumber"]

    def test_a_certificate_is_read_anew_and_a_broken_key_changes_nothing(self):
        names = self.install(certificates.leaf("a.test", days=20))
        weir = self.run_one([domain("a.test", tls=names)], tls=True)
        first = self.serial(weir)
        self.install(certificates.leaf("a.test", days=21))
        line = weir.wait_log("read anew", since=self.reload(weir, "success"))
        self.assertIn("own.key", line)
        self.assertIn("own.pem", line)
        second = self.serial(weir)
        self.assertNotEqual(second, first)
        (self.secrets / "own.key").write_text("no key at all")
        mark = self.reload(weir, "failure")
        self.assertRegex(weir.wait_log("own.key", since=mark), r"00\.yaml:\d+:\d+")
        self.assertEqual(self.serial(weir), second)

    def test_a_password_file_is_read_anew_and_an_empty_one_changes_nothing(self):
        given = []

        def script(connection):
            connection.head = connection.read_head()
            given.append(connection.head.get("Authorization"))
            if given[-1] is None:
                connection.send(b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\n'
                                b"Content-Length: 0\r\n\r\n")
                return
            connection.send(origin.good_101(connection.head))
            connection.read_rest()

        def basic(password):
            return "Basic " + base64.b64encode(f"user:{password}".encode()).decode()

        raw = self.use(origin.RawOrigin(script))
        password = self.secrets / "password"
        password.write_text("first\n")
        auth = {"username": "user", "password": f"file:{password}", "allow_basic_plaintext": True}
        weir = self.run_one([domain("a.test", origin={
            "servers": [{"address": f"127.0.0.1:{raw.port}"}], "auth": auth})])
        wire.open_session(weir.port, "a.test").close()
        self.assertEqual(given[-1], basic("first"))
        password.write_text("second\n")
        weir.wait_log(str(password), since=self.reload(weir, "success"))
        wire.open_session(weir.port, "a.test").close()
        self.assertEqual(given[-1], basic("second"))
        password.write_text("")
        mark = self.reload(weir, "failure")
        self.assertIn("empty", weir.wait_log(str(password), since=mark))
        wire.open_session(weir.port, "a.test").close()
        self.assertEqual(given[-1], basic("second"))
        self.assertFalse([line for line in weir.lines if "second" in line or "first" in line])

    def test_an_authority_is_read_anew_and_a_broken_one_changes_nothing(self):
        authority = self.secrets / "ca.pem"
        shutil.copy(certificates.authority("other").certificate, authority)
        raw = self.use(origin.RawOrigin(origin.echo, tls=certificates.leaf("a.test").server_context()))
        weir = self.run_one([domain("a.test", origin={
            "protocol": "https", "servers": [{"address": f"127.0.0.1:{raw.port}"}],
            "tls": {"ca": f"file:{authority}"}})])
        self.assertEqual(wire.exchange(weir.port, wire.upgrade_request("a.test"))[0].status, 502)
        shutil.copy(certificates.authority().certificate, authority)
        weir.wait_log("read anew: 1 file:", since=self.reload(weir, "success"))
        wire.open_session(weir.port, "a.test").close()
        authority.write_text("no certificate at all")
        weir.wait_log(str(authority), since=self.reload(weir, "failure"))
        wire.open_session(weir.port, "a.test").close()

    def test_a_changed_certificate_is_noticed_where_changes_are_watched(self):
        names = self.install(certificates.leaf("a.test", days=20))
        weir = self.run_one([domain("a.test", tls=names)], tls=True, reload={"on_change": True})
        first = self.serial(weir)
        self.install(certificates.leaf("a.test", days=21))
        wait_until(lambda: self.serial(weir) != first, "reload by itself", 6)
