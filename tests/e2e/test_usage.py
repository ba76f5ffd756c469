"""Every figure of usage equals the arithmetic over the bytes that passed, in every place where it is told."""

import json
import time
import urllib.parse

import certificates
import frames
import origin
import peers
import usage
import wire
from frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, from_client
from harness import Weir, WeirTest, domain

UP = ([from_client(TEXT, b"hello"), from_client(BINARY), from_client(PING, b"are you there"),
       from_client(BINARY, bytes(125)), from_client(BINARY, bytes(126)), from_client(BINARY, bytes(65535))]
      + [from_client(BINARY, b"u" * 16384) for _ in range(16)]
      + [from_client(TEXT, b"x" * 2000, fin=False), from_client(PING, b""),
         from_client(CONTINUATION, b"y" * 48, fin=False), from_client(CONTINUATION, b"z")])
DOWN = ([frame(BINARY, b"d" * 262144) for _ in range(4)]
        + [frame(PONG, b"are you there"), frame(TEXT, b"a" * 2048), frame(TEXT, b"a" * 2049),
           frame(BINARY, b"1" * 30000, fin=False), frame(PING, b"p"), frame(CONTINUATION, b"2" * 2768)])


def talk(down):
    """An origin that first sends `down`, then reads up to the client's Close and answers it."""
    def script(connection):
        connection.upgrade()
        connection.send(b"".join(down))
        connection.read_until_frame(CLOSE)
        connection.send(frame(CLOSE, frames.close_payload(1000)))
    return script


class Scene:
    """A domain, what lies behind it, and what must have been counted for it."""

    def __init__(self, test, name, target, protocol="http", **options):
        self.name = name
        self.tap = test.keep(usage.Tap(target)) if target else None
        port = self.tap.port if self.tap else 9
        self.yaml = domain(name, tls=certificates.leaf(name).yaml, origin={
            "servers": [{"address": "127.0.0.1"}], "protocol": protocol,
            "ports": {"http": port, "https": port},
            "tls": {"ca": f"file:{certificates.authority().certificate}"}},
            access={"origins": "any"}, **options)
        self.expected = {}
        self.records = {}  # the part of it that session records have
        self.closed = {}
        self.answers = {}

    def add(self, figures, **counts):
        usage.add(self.expected, figures)
        usage.add(self.expected, counts)

    def add_session(self, client, cause, own_close_to_origin=0, own_close_to_client=0):
        """Of one session, from what passed its two taps; Weir's own Close is in no figure."""
        server = self.tap.latest
        origin_up = usage.after_head(server.up)
        client_down = usage.after_head(client.down)
        figures = usage.expected(
            usage.after_head(client.up), client_down[:len(client_down) - own_close_to_client],
            origin_up[:len(origin_up) - own_close_to_origin], usage.after_head(server.down))
        usage.add(self.records, figures)
        self.add(figures, sessions_ws=1, client_handshake_in=len(usage.head_of(client.up)),
                 client_handshake_out=len(usage.head_of(client.down)),
                 origin_handshake_in=len(usage.head_of(server.down)),
                 origin_handshake_out=len(usage.head_of(server.up)))
        self.add({f"closed.{cause}": 1, "answers.101": 1})


class ArithmeticTest(WeirTest):
    @classmethod
    def configure(cls):
        leaf = certificates.leaf("origin.test")
        cls.node = cls.keep(peers.node_server(leaf))
        cls.tomcat = cls.keep(peers.Tomcat(leaf))
        cls.raw = cls.keep(origin.RawOrigin(talk(DOWN)))
        cls.closing = cls.keep(origin.RawOrigin(cls.close_first))
        cls.echoing = cls.keep(origin.RawOrigin())
        cls.busy = cls.keep(origin.RawOrigin(origin.answer(
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nbusy\n", end=True)))
        cls.scenes = {}
        for name, target in (("raw.test", cls.raw.port), ("deflate.test", cls.node.http),
                             ("tomcat.test", cls.tomcat.http), ("closes.test", cls.closing.port),
                             ("reset.test", cls.echoing.port), ("busy.test", cls.busy.port)):
            cls.scenes[name] = Scene(cls, name, target)
        cls.scenes["off.test"] = Scene(cls, "off.test", None, websocket={"enabled": False})
        return Weir([scene.yaml for scene in cls.scenes.values()], usage=usage.FLUSH,
                    workers=2)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.front = cls.keep(usage.Tap(cls.weir.port))
        for play in (cls.play_raw, cls.play_deflate, cls.play_tomcat, cls.play_closes,
                     cls.play_reset, cls.play_refusals, cls.play_http):
            play()
        for name in cls.scenes:
            usage.wait_ledger(cls.weir, name, {key: number for key, number in cls.scenes[name].expected.items()
                                               if "." not in key})

    @staticmethod
    def close_first(connection):
        connection.upgrade()
        connection.send(frame(TEXT, b"that is all") + frame(CLOSE, frames.close_payload(4000, "done")))
        connection.read_until_frame(CLOSE)

    @classmethod
    def over(cls, name):
        """The client's connection, once both ends have seen its end."""
        cls.front.wait_over()
        cls.scenes[name].tap.wait_over()
        cls.weir.wait_access(event="close", domain=name)
        return cls.front.latest

    @classmethod
    def play_raw(cls):
        with wire.open_session(cls.front.port, "raw.test") as session:
            session.send(b"".join(UP) + from_client(CLOSE, frames.close_payload(1000)))
            session.read_until_frame(CLOSE)
            session.read_rest()
        client = cls.over("raw.test")
        assert usage.after_head(client.up) == b"".join(UP) + from_client(CLOSE, frames.close_payload(1000))
        assert usage.after_head(client.down) == b"".join(DOWN) + frame(CLOSE, frames.close_payload(1000))
        cls.scenes["raw.test"].add_session(client, "client_close")

    @classmethod
    def play_deflate(cls):
        got = peers.node_client(f"ws://deflate.test:{cls.front.port}/", deflate=True,
                                steps=["hello " * 1000, {"size": 100_000}, {"ping": "x"}])
        assert "permessage-deflate" in got["extensions"] and got["binary"] == [100_000], got
        cls.scenes["deflate.test"].add_session(cls.over("deflate.test"), "client_close")

    @classmethod
    def play_tomcat(cls):
        got = peers.node_client(f"ws://tomcat.test:{cls.front.port}/echo",
                                steps=[{"size": 262_144}, {"size": 1_048_576}, "hello", {"ping": "x"}])
        assert got["binary"] == [262_144, 1_048_576], got
        cls.scenes["tomcat.test"].add_session(cls.over("tomcat.test"), "client_close")

    @classmethod
    def play_closes(cls):
        with wire.open_session(cls.front.port, "closes.test") as session:
            session.read_until_frame(CLOSE)
            session.send(from_client(CLOSE, frames.close_payload(4000, "done")))
            session.read_rest()
        cls.scenes["closes.test"].add_session(cls.over("closes.test"), "origin_close")

    @classmethod
    def play_reset(cls):
        session = wire.open_session(cls.front.port, "reset.test")
        session.send(from_client(TEXT, b"echo this") + from_client(BINARY, bytes(5000)))
        session.read_frame(), session.read_frame()
        session.reset()
        client = cls.over("reset.test")
        # The origin is told in a frame that is nobody's.
        told = 2 + 4 + 2 + len("client connection lost")
        cls.scenes["reset.test"].add_session(client, "client_abort", own_close_to_origin=told)

    @classmethod
    def refused(cls, name, host, status, cause):
        head, body, _ = wire.exchange(cls.front.port, wire.upgrade_request(host))
        assert head.status == status, head
        cls.front.wait_over()
        client = cls.front.latest
        counts = {"client_handshake_in": len(client.up), "client_handshake_out": len(client.down),
                  f"refused.{cause}": 1, f"answers.{status}": 1}
        if name in cls.scenes:
            cls.scenes[name].add(counts)
        return counts

    @classmethod
    def play_refusals(cls):
        cls.refused("off.test", "off.test", 403, "websocket_disabled")
        cls.unmatched = cls.refused("_unmatched", "unknown.test", 404, "no_route")
        cls.refused("busy.test", "busy.test", 503, "origin_refused_upgrade")
        cls.scenes["busy.test"].tap.wait_over()
        server = cls.scenes["busy.test"].tap.latest
        cls.scenes["busy.test"].add({}, origin_handshake_out=len(server.up),
                                    origin_handshake_in=len(server.down))

    @classmethod
    def play_http(cls):
        head, _, _ = wire.exchange(cls.front.port, b"GET /page HTTP/1.1\r\nHost: raw.test\r\n\r\n")
        cls.front.wait_over()
        client = cls.front.latest
        cls.scenes["raw.test"].add({"client_http_in": len(client.up), "client_http_out": len(client.down),
                                    f"http_answers.{head.status}": 1, "http_requests": 1})

    def equal(self, wanted, found, what):
        self.assertEqual({name: found.get(name, 0) for name in wanted}, wanted, what)

    def test_json_equals_the_arithmetic(self):
        series = usage.series(self.weir)
        for name, scene in self.scenes.items():
            self.equal(scene.expected, usage.flat(series[name]["total"]), name)
            sums = {}
            for interval in series[name]["intervals"]:
                usage.add(sums, usage.flat(interval))
            self.equal(scene.expected, sums, name)
        self.equal(self.unmatched, usage.flat(series["_unmatched"]["total"]), "_unmatched")

    def test_csv_equals_the_arithmetic(self):
        sums = usage.from_csv(usage.report(self.weir, "--interval", "300", format="csv"))
        for name, scene in self.scenes.items():
            self.equal(scene.expected, sums[name], name)

    def test_table_has_the_bytes(self):
        text = usage.report(self.weir, "--domain", "raw.test", format="table")
        self.assertIn(f"{self.scenes['raw.test'].expected['client_bytes_out']:,} bytes", text)

    def test_merged_domains_are_the_sum(self):
        names = ("raw.test", "tomcat.test")
        wanted = {}
        for name in names:
            usage.add(wanted, self.scenes[name].expected)
        options = [text for name in names for text in ("--domain", name)]
        merged = usage.series(self.weir, "--merge", *options)
        self.equal(wanted, usage.flat(merged["*"]["total"]), "merged")

    def test_peak_and_percentile_follow_from_the_buckets(self):
        one = usage.series(self.weir, "--domain", "raw.test", "--interval", "300")["raw.test"]
        rates = sorted(interval["client_bytes_out"] * 8 / usage.BUCKET for interval in one["intervals"])
        self.assertAlmostEqual(one["peak_out"]["bits_per_second"], rates[-1])
        rank = -(-95 * len(rates) // 100)
        self.assertAlmostEqual(one["percentile_95_out_bits_per_second"], rates[rank - 1])

    def test_verify_agrees(self):
        done = usage.verify(self.weir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"[1-9]\d* of them with slots of 2 meter files; 5 session records")

    def test_metrics_equal_the_arithmetic(self):
        for name, scene in self.scenes.items():
            wanted = scene.records or dict.fromkeys(usage.EXACT, 0)
            found = {field: self.weir.metric(f"weir_{field}_total", domain=name) for field in usage.STREAM}
            for way, kind in (("in", "client_payload_in"), ("out", "origin_payload_in")):
                found[kind] = self.weir.metric("weir_payload_bytes_total", domain=name, direction=way)
                for opcode in ("text", "binary"):
                    found[f"{opcode}_messages_{way}"] = self.weir.metric(
                        "weir_messages_total", domain=name, direction=way, opcode=opcode)
                for size in ("2k", "32k"):
                    found[f"units_{size}_{way}"] = self.weir.metric(
                        "weir_billed_units_total", domain=name, direction=way, meter=f"message_units_{size}")
            self.assertEqual(found, {field: wanted[field] for field in found}, name)
            for field, number in scene.expected.items():
                if field.startswith("answers."):
                    self.assertEqual(self.weir.metric("weir_handshakes_total", domain=name,
                                                      code=field.split(".")[1]), number, (name, field))

    def test_access_log_equals_the_arithmetic(self):
        for name, scene in self.scenes.items():
            lines = [line for line in self.weir.access_log() if line["domain"] == name
                     and line["event"] == "close"]
            self.assertEqual(len(lines), scene.expected.get("sessions_ws", 0), name)
            for line in lines:
                wanted = scene.records
                found = {field: line[field] for field in usage.STREAM}
                found.update(client_payload_in=line["payload_in"], origin_payload_in=line["payload_out"],
                             ping_frames_in=line["pings_in"], pong_frames_out=line["pongs_out"])
                self.equal(found, wanted, name)
                self.assertEqual(line["msgs_in"], wanted["text_messages_in"] + wanted["binary_messages_in"])
                self.assertEqual(line["msgs_out"], wanted["text_messages_out"] + wanted["binary_messages_out"])

    def test_session_records_equal_the_arithmetic(self):
        for name, scene in self.scenes.items():
            rows = usage.Ledger(self.weir).sessions(name)
            self.assertEqual(len(rows), scene.expected.get("sessions_ws", 0), name)
            for row in rows:
                self.assertEqual(row["kind"], "stop")
                self.equal(scene.records, {field: row[field] for field in scene.records}, name)
                line = self.weir.wait_access(event="close", domain=name)
                self.assertEqual(row["session"].hex(), line["session_id"])
                self.assertEqual(row["end_cause"], line["close_cause"])

    def ask(self, call, **parameters):
        status, body = self.weir.admin(f"/usage/websocket/{call}?{urllib.parse.urlencode(parameters)}")
        return status, json.loads(body)

    def test_admin_api_equals_the_arithmetic(self):
        for name, scene in self.scenes.items():
            status, answer = self.ask("traffic", DomainName=name)
            self.assertEqual((status, answer["DataInterval"]), (200, "300"))
            modules = answer["TrafficDataPerInterval"]["DataModule"]
            self.assertEqual(sum(one["WebsocketTraffic"] for one in modules),
                             scene.expected.get("client_bytes_out", 0), name)
            _, answer = self.ask("bps", DomainName=name)
            modules = answer["BpsDataPerInterval"]["DataModule"]
            self.assertAlmostEqual(sum(one["WebsocketBps"] for one in modules) * usage.BUCKET / 8,
                                   scene.expected.get("client_bytes_out", 0), delta=0.5)
            _, answer = self.ask("http-codes", DomainName=name)
            codes = {}
            for module in answer["HttpCodeDataPerInterval"]["DataModule"]:
                for one in module["WebsocketHttpCode"]["HttpCodeDataModule"]:
                    usage.add(codes, {f"answers.{one['Code']}": one["Count"]})
            self.assertEqual(codes, {field: number for field, number in scene.expected.items()
                                     if field.startswith("answers.")}, name)

    def test_admin_api_merges_domains_and_refuses_what_it_does_not_know(self):
        names = "raw.test,tomcat.test"
        _, answer = self.ask("traffic", DomainName=names)
        modules = answer["TrafficDataPerInterval"]["DataModule"]
        self.assertEqual(answer["DomainName"], names)
        self.assertEqual(sum(one["WebsocketTraffic"] for one in modules),
                         sum(self.scenes[name].expected["client_bytes_out"] for name in names.split(",")))
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for parameters, code in (
                ({"StartTime": now}, "MissingTimeParameter"),
                ({"StartTime": "yesterday", "EndTime": now}, "InvalidStartTime.Malformed"),
                ({"StartTime": now, "EndTime": "tomorrow"}, "InvalidEndTime.Malformed"),
                ({"StartTime": now, "EndTime": "2020-01-01T00:00:00Z"}, "InvalidEndTime.Mismatch"),
                ({"StartTime": "2019-01-01T00:00:00Z", "EndTime": now}, "InvalidStartTime.ValueNotSupported")):
            status, answer = self.ask("bps", DomainName="raw.test", **parameters)
            self.assertEqual((status, answer["Code"]), (400, code))

    def test_what_comes_in_goes_out(self):
        for name, scene in self.scenes.items():
            found = usage.Ledger(self.weir).domain(name)
            if name == "reset.test":
                continue  # an echo may have met the reset
            self.assertEqual(found["client_payload_in"], found["origin_payload_out"], name)
            self.assertEqual(found["origin_payload_in"], found["client_payload_out"], name)

    def test_network_bytes_are_at_least_those_of_the_stream(self):
        # Sessions that were quiet before they ended: what the kernel has not sent by then is not in it.
        for name in ("deflate.test", "tomcat.test"):
            found = usage.totals(self.weir, name)
            for way in ("in", "out"):
                stream = found[f"client_bytes_{way}"] + found[f"client_handshake_{way}"]
                self.assertGreaterEqual(found[f"client_network_{way}"], stream, name)
                self.assertLess(found[f"client_network_{way}"], 1.5 * stream + 65536, name)
