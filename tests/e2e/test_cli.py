"""The command line: exit codes, texts that say what to do next, and ports."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import certificates
import wire
from harness import BINARY, ROOT, Weir, WeirTest, domain, patience, run_weir


class CheckTest(WeirTest):
    def check(self, domains, *options, **node):
        weir = Weir(domains, **node)
        self.addCleanup(weir.stop)
        self.weir = weir
        return run_weir(*(options or ("check",)), "-c", str(weir.config_path))

    def test_good_configuration_exits_0(self):
        for options in (("check",), ("-t",), ("check", "--strict")):
            with self.subTest(options):
                done = self.check([domain("a.test")], *options)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_bad_configuration_exits_2_and_every_problem_is_told_with_its_place(self):
        bad = domain("a.test", websocket={"conection_timeout": 5, "close_timeout": "soon"})
        for options in (("check",), ("-t",)):
            with self.subTest(options):
                done = self.check([bad, domain("b.test", kind="cdn")], *options)
                text = done.stdout + done.stderr
                self.assertEqual(done.returncode, 2, text)
                self.assertRegex(text, r"00\.yaml:\d+:\d+: .*conection_timeout")
                self.assertRegex(text, "did you mean.*connection_timeout")
                self.assertRegex(text, r"00\.yaml:\d+:\d+: .*close_timeout")
                self.assertRegex(text, r"01\.yaml:\d+:\d+: .*kind: dcdn")

    def test_keys_are_told_without_a_file(self):
        done = run_weir("check", "--keys", "websocket.keepalive")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\nwebsocket.keepalive.timeout\n    time, 100ms to 5m; default 10s;", done.stdout)
        self.assertNotIn("origin", done.stdout)
        every = run_weir("check", "--keys")
        self.assertEqual(every.returncode, 0, every.stderr)
        self.assertIn("\norigin.servers.address\n", every.stdout)
        self.assertIn("\nlisteners.ports\n", every.stdout)
        self.assertLessEqual(max(len(line) for line in every.stdout.splitlines()), 80)
        unknown = run_weir("check", "--keys", "websocket.keepalive.intervall")
        self.assertEqual(unknown.returncode, 2)
        self.assertEqual(unknown.stdout, "")
        self.assertIn("did you mean websocket.keepalive.interval?", unknown.stderr)

    def test_X4_alias_bombs_and_duplicates_are_errors(self):
        weir = Weir([domain("a.test")])
        self.addCleanup(weir.stop)
        for name, text in {
            "alias": "a: &a [1, 1]\nb: [*a, *a]\n",
            "duplicate": "version: 1\nversion: 1\n",
            "tag": "version: !!str 1\n",
            "deep": "a: " + "[" * 100_000,
            "two documents": "version: 1\n---\nversion: 1\n",
            "broken": "version: [1\n",
            "empty": "",
            "binary": "\0\1\2",
        }.items():
            with self.subTest(name):
                weir.config_path.write_text(text)
                done = run_weir("check", "-c", str(weir.config_path))
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn("weir.yaml", done.stdout + done.stderr)

    def test_fx4_an_encrypted_key_is_refused_and_nobody_asked_for_its_passphrase(self):
        leaf = certificates.leaf("a.test")
        key = f"file:{certificates.encrypted(leaf)}"
        identity = {"client_certificate": leaf.yaml["certificate"], "client_key": key}
        mend = "the key is encrypted: decrypt it, for example with openssl pkey"
        for entry in (domain("a.test", tls={**leaf.yaml, "key": key}),
                      domain("a.test", origin={"servers": [{"address": "127.0.0.1:9"}], "tls": identity})):
            weir = Weir([entry])
            self.addCleanup(weir.stop)
            for command in ("check", "run"):
                for stdin in ("pipe", "terminal"):
                    with self.subTest(command=command, stdin=stdin):
                        code, text = self.with_open_stdin(stdin, command, "-c", str(weir.config_path))
                        self.assertEqual(code, 2, text)
                        self.assertIn(mend, text)

    def with_open_stdin(self, kind, *arguments):
        """Runs it with a standard input that says nothing and does not end: a pipe, or the terminal of its session."""
        command = [str(BINARY), *arguments]
        if kind == "terminal":
            held, given = os.openpty()
            command = ["setsid", "--ctty", "--wait", *command]
        else:
            given, held = os.pipe()
        try:
            done = subprocess.run(command, stdin=given, capture_output=True, text=True, timeout=patience(0))
        finally:
            os.close(given)
            os.close(held)
        return done.returncode, done.stdout + done.stderr

    def test_fx4_a_file_that_would_be_waited_for_is_refused(self):
        leaf = certificates.leaf("a.test")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-pipe-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        servers = [{"address": "127.0.0.1:9"}]
        for path in (pipe, "/dev/zero"):
            named = f"file:{path}"
            for entry in (domain("a.test", tls={**leaf.yaml, "certificate": named}),
                          domain("a.test", tls={**leaf.yaml, "key": named}),
                          domain("a.test", origin={"servers": servers, "tls": {"ca": named}}),
                          domain("a.test", origin={"servers": servers,
                                                   "auth": {"username": "u", "password": named}})):
                with self.subTest(path=path, entry=entry):
                    done = self.check([entry])
                    self.assertEqual(done.returncode, 2, done.stdout)
                    self.assertIn("not a regular file", done.stderr)
            with self.subTest(path=path, config="itself"):
                done = run_weir("check", "-c", str(path))
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("not a regular file", done.stderr)

    def test_timeout_order_is_a_warning_and_with_strict_an_error(self):
        late = domain("late.test", websocket={"connection_timeout": 60, "client_timeout": 90})
        done = self.check([late])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("W_TIMEOUT_ORDER", done.stdout + done.stderr)
        self.assertIn("late.test", done.stdout + done.stderr)
        self.assertEqual(self.check([late], "check", "--strict").returncode, 2)

    def test_effective_configuration_is_printed_and_is_itself_good(self):
        for options in (("check", "--print"), ("-T",)):
            with self.subTest(options):
                done = self.check([domain("a.test")], *options)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("connection_timeout", done.stdout)
                self.assertIn("a.test", done.stdout)
                again = self.weir.folder / "printed.yaml"
                again.write_text(done.stdout)
                done = run_weir("check", "-c", str(again))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_missing_file_names_it(self):
        done = run_weir("check", "-c", "/nowhere/weir.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere/weir.yaml", done.stdout + done.stderr)

    def test_unreadable_certificate_names_the_file(self):
        done = self.check([domain("a.test", tls={"certificate": "file:/nowhere/a.pem",
                                                 "key": "file:/nowhere/a.key"})], tls=True)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("/nowhere/a.pem", done.stdout + done.stderr)

    def test_key_that_does_not_fit_the_certificate_is_told(self):
        leaf, other = certificates.leaf("a.test"), certificates.leaf("b.test")
        done = self.check([domain("a.test", tls={"certificate": leaf.yaml["certificate"],
                                                 "key": other.yaml["key"]})], tls=True)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, r"00\.yaml|" + other.key.name)

    def test_version_and_build_are_told(self):
        for options in (("version",), ("-V",), ("--version",)):
            with self.subTest(options):
                done = run_weir(*options)
                self.assertEqual(done.returncode, 0)
                self.assertRegex(done.stdout + done.stderr, r"\d+\.\d+\.\d+")

    def test_help_lists_the_commands_and_each_command_explains_itself(self):
        done = run_weir("--help")
        self.assertEqual(done.returncode, 0)
        for command in ("run", "check", "reload", "version"):
            self.assertIn(command, done.stdout)
            each = run_weir(command, "--help")
            self.assertEqual(each.returncode, 0, command)
            self.assertGreater(len(each.stdout), 60, command)

    def test_wrong_usage_is_told_on_standard_error(self):
        for options in (("nonsense",), ("run", "--nonsense"), ("check",)):
            with self.subTest(options):
                done = run_weir(*options, cwd="/")
                self.assertNotEqual(done.returncode, 0)
                self.assertTrue(done.stderr.strip())

    def test_shipped_examples_are_good(self):
        example = ROOT / "conf" / "weir.yaml"
        self.assertTrue(example.exists())
        done = run_weir("check", "-c", str(example))
        text = done.stdout + done.stderr
        # Their certificates are the operator's, so only these may be missing here.
        problems = [line for line in text.splitlines() if "error" in line and "certificate" not in line
                    and ".key" not in line]
        self.assertEqual(problems, [], text)


class PortsTest(WeirTest):
    parallel = 2

    def taken(self):
        blocker = self.use(socket.socket())
        blocker.bind(("127.0.0.1", 0))
        blocker.listen(1)
        return blocker.getsockname()[1]

    def free(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def fails(self, listeners, **node):
        weir = Weir([domain("a.test")], listeners=listeners, **node)
        self.addCleanup(weir.stop)
        weir.start(wait=False)
        code = weir.wait_exit(5)
        self.assertEqual(code, 1, weir.tail())
        return "\n".join(weir.lines)

    def listener(self, *ports, **more):
        return {"name": "web", "address": "127.0.0.1", "ports": list(ports), **more}

    def test_port_in_use_is_told_with_the_next_step(self):
        port = self.taken()
        text = self.fails([self.listener(port)])
        self.assertIn(str(port), text)
        self.assertRegex(text, "(?i)in use")
        self.assertIn("web", text)

    def test_admin_port_in_use_is_told(self):
        port = self.taken()
        text = self.fails([self.listener(0)], admin={"listen": f"127.0.0.1:{port}"})
        self.assertIn(str(port), text)

    def test_second_instance_on_the_same_port_fails(self):
        first = self.run_one([domain("a.test")])
        self.assertIn(str(first.port), self.fails([self.listener(first.port)]))
        wire.open_session(first.port, "a.test").close()

    def test_first_available_takes_the_second_when_the_first_is_taken(self):
        taken, free = self.taken(), self.free()
        weir = self.run_one([domain("a.test")],
                            listeners=[self.listener(str(taken), str(free), mode="first_available")])
        self.assertEqual(weir.ports("web"), [free])
        wire.open_session(free, "a.test").close()
        self.assertIn(str(free), weir.admin("/metrics")[1])

    def test_first_available_takes_the_first_and_does_not_try_the_second(self):
        first, second = self.free(), self.free()
        weir = self.run_one([domain("a.test")],
                            listeners=[self.listener(first, second, mode="first_available")])
        self.assertEqual(weir.ports("web"), [first])
        with self.assertRaises(OSError):
            wire.connect(second)

    def test_first_available_without_a_free_port_lists_every_reason(self):
        ports = [self.taken(), self.taken()]
        text = self.fails([self.listener(*ports, mode="first_available")])
        for port in ports:
            self.assertIn(str(port), text)

    def test_every_port_of_a_listener_is_opened(self):
        weir = self.run_one([domain("a.test")], listeners=[self.listener(self.free(), self.free())])
        self.assertEqual(len(set(weir.ports("web"))), 2)
        for port in weir.ports("web"):
            wire.open_session(port, "a.test").close()

    def test_ipv6_listener_serves(self):
        weir = self.run_one([domain("a.test")], listeners=[self.listener(0), {
            "name": "six", "address": "::1", "ports": [0]}])
        wire.open_session(weir.ports("six")[0], "a.test", "/six", address="::1").close()
        self.assertEqual(weir.wait_access(event="close", uri="/six")["client_ip"], "::1")
        self.assertFalse(pathlib.Path("/nowhere").exists())
