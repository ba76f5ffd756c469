"""Who a request comes from, with proxies that are trusted in front of Weir: nginx, HAProxy, both, and none."""

import origin
import wire
from balancers import HaproxyFront, HaproxyHttpFront, NginxHttpFront
from harness import Weir, WeirTest, domain

CLIENT = "127.0.0.2"  # the proxies come from 127.0.0.1, which alone is trusted
FORGED = (b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
          b"X-Forwarded-Host: evil.test\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
          b"X_Forwarded_For: 6.6.6.6\r\nX-SSL-Client-Verify: SUCCESS\r\n")


class ClientAddressTest(WeirTest):
    parallel = 4

    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(origin.echo))
        listeners = [{"name": "web", "address": "127.0.0.1", "ports": [0]},
                     {"name": "lb", "address": "127.0.0.1", "ports": [0],
                      "proxy_protocol": {"trusted": ["127.0.0.1"]}}]
        cls.plain = cls.keep(origin.RawOrigin(origin.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")))
        return Weir([domain("chat.test", cls.origin.port),
                     domain("plain.test", cls.plain.port, http={"enabled": True, "forwarded": True},
                            origin={"reuse": {"mode": "off"}})],
                    listeners=listeners, trusted_proxies=["127.0.0.1"])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nginx = cls.keep(NginxHttpFront(cls.weir.port))
        cls.haproxy = cls.keep(HaproxyHttpFront(cls.weir.port))

    def told(self, port, path, source=CLIENT, extra=FORGED):
        """The head at the origin, and the line in the log, of an upgrade that came by that port."""
        with wire.connect(port, source=source) as client:
            client.send(wire.upgrade_request("chat.test", path, extra=extra))
            self.assertEqual(client.read_head().status, 101)
        found = next(one.head for one in list(self.origin.connections)
                     if one.head and one.head.start.startswith(f"GET {path} "))
        return found, self.weir.wait_access(event="open", uri=path)

    def check_real(self, record):
        self.assertEqual((record["client_ip"], record.get("proxy_ip")), (CLIENT, "127.0.0.1"))

    def test_a_spoof_from_an_untrusted_peer_changes_nothing(self):
        head, record = self.told(self.weir.port, "/untrusted")
        self.assertEqual(record["client_ip"], CLIENT)
        self.assertNotIn("proxy_ip", record)
        self.assertEqual(record["scheme"], "ws")
        self.assertEqual(head.all("X-Forwarded-For"), [CLIENT])
        self.assertEqual(head.all("X-Forwarded-Proto"), ["http"])
        self.assertEqual(head.all("X-Forwarded-Host"), ["chat.test"])
        self.assertEqual(head.all("X-Forwarded-Port"), ["80"])
        self.assertNotIn(b"6.6.6.6", head.raw)
        self.assertNotIn(b"evil", head.raw)
        self.assertNotIn(b"SUCCESS", head.raw)

    def test_behind_nginx_the_client_is_whom_nginx_names(self):
        head, record = self.told(self.nginx.port, "/nginx")
        self.check_real(record)
        self.assertEqual(head.all("X-Forwarded-For"), [f"6.6.6.6, 127.0.0.1, {CLIENT}, 127.0.0.1"])
        # What it says of the scheme and the host holds, since it is trusted.
        self.assertEqual(head.all("X-Forwarded-Proto"), ["https"])
        self.assertEqual(head.all("X-Forwarded-Host"), ["front.test"])
        self.assertEqual(head.all("X-Forwarded-Port"), ["443"])
        self.assertEqual(record["scheme"], "wss")

    def test_behind_haproxy_the_client_is_in_a_line_of_its_own(self):
        head, record = self.told(self.haproxy.port, "/haproxy")
        self.check_real(record)
        self.assertEqual(head.all("X-Forwarded-For"), [f"6.6.6.6, 127.0.0.1, {CLIENT}, 127.0.0.1"])

    def test_over_three_hops_the_client_is_the_first_that_is_not_trusted(self):
        first = self.use(HaproxyHttpFront(self.nginx.port))
        head, record = self.told(first.port, "/hops")
        self.check_real(record)
        self.assertEqual(head.all("X-Forwarded-For"), [f"6.6.6.6, 127.0.0.1, {CLIENT}, 127.0.0.1, 127.0.0.1"])

    def test_with_the_proxy_protocol_the_peer_is_whom_its_header_names(self):
        direct = self.use(HaproxyFront(self.weir.ports("lb")[0]))
        head, record = self.told(direct.ports["send-proxy-v2"], "/proxied")
        self.check_real(record)
        # It is not trusted, so that nothing it says of itself counts.
        self.assertEqual(head.all("X-Forwarded-For"), [CLIENT])

    def test_with_both_the_fields_of_a_trusted_peer_count(self):
        direct = self.use(HaproxyFront(self.weir.ports("lb")[0]))
        both = self.use(NginxHttpFront(direct.ports["send-proxy-v2"]))
        head, record = self.told(both.port, "/both")
        self.check_real(record)
        self.assertEqual(head.all("X-Forwarded-For"), [f"6.6.6.6, 127.0.0.1, {CLIENT}, 127.0.0.1"])

    def asked_plainly(self, port, path):
        with wire.connect(port, source=CLIENT) as client:
            client.send(f"GET {path} HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n".encode() + FORGED + b"\r\n")
            self.assertEqual(client.read_head().status, 200)
            self.assertEqual(client.read_rest(), b"ok")
        return next(one.head for one in list(self.plain.connections)
                    if one.head and one.head.start.startswith(f"GET {path} "))

    def test_plain_requests_tell_the_same(self):
        head = self.asked_plainly(self.weir.port, "/alone")
        self.assertEqual(head.all("X-Forwarded-For"), [CLIENT])
        self.assertEqual(head.all("X-Forwarded-Port"), ["80"])
        self.assertEqual(head.all("Forwarded"), [f'for={CLIENT};host="plain.test";proto=http'])
        self.assertNotIn(b"6.6.6.6", head.raw)
        head = self.asked_plainly(self.nginx.port, "/behind")
        self.assertEqual(head.all("X-Forwarded-For"), [f"6.6.6.6, 127.0.0.1, {CLIENT}, 127.0.0.1"])
        self.assertEqual(head.all("X-Forwarded-Proto"), ["https"])
        # What nginx has let through of this field is its client's word: the list is that of X-Forwarded-For.
        self.assertEqual(head.all("Forwarded"), [f'for=6.6.6.6, for=127.0.0.1, for={CLIENT}, for=127.0.0.1;'
                                                 'host="front.test";proto=https'])
