"""conf/schema.json accepts the examples that ship with it, and refuses what the reader refuses too."""

import copy
import json
import pathlib
import unittest

import jsonschema
import yaml

CONF = pathlib.Path(__file__).resolve().parents[3] / "conf"
SCHEMA = json.loads((CONF / "schema.json").read_text(encoding="utf-8"))


PRICES_SCHEMA = json.loads((CONF / "prices.schema.json").read_text(encoding="utf-8"))


class PlainDates(yaml.SafeLoader):
    """Dates stay text, as in the reader and in YAML 1.2, which editors read."""


PlainDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def changed(document, path, value):
    """A copy of the document in which the key at the path (a list) has another value."""
    document = copy.deepcopy(document)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


class SchemaTest(unittest.TestCase):
    def setUp(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)
        self.validator = jsonschema.Draft7Validator(SCHEMA)
        self.node = load(CONF / "weir.yaml")
        self.domain = load(CONF / "domains" / "chat.example.com.yaml")

    def accepts(self, document):
        errors = [error.message for error in self.validator.iter_errors(document)]
        self.assertEqual(errors, [])

    def refuses(self, document):
        self.assertFalse(self.validator.is_valid(document))

    def test_every_example_is_accepted(self):
        files = [CONF / "weir.yaml", *sorted((CONF / "domains").glob("*.yaml"))]
        self.assertGreaterEqual(len(files), 3)
        for file in files:
            with self.subTest(file=file.name):
                self.accepts(load(file))

    def test_right_values_are_accepted(self):
        for path, value in [
            (["websocket", "connection_timeout"], 60),
            (["websocket", "connection_timeout"], "30d"),
            (["websocket", "send_stall_timeout"], -1),
            (["websocket", "read_idle", "client"], "off"),
            (["websocket", "read_idle", "client"], False),
            (["websocket", "max_lifetime", "jitter"], "2.5%"),
            (["origin", "ports", "http"], "58888"),
            (["origin", "ports", "http"], ["58888", 59888]),
            (["origin", "health"], "off"),
            (["origin", "health"], False),
            (["origin", "health"], {"type": "http", "path": "/up?full=1", "expect": ["200-299", 304]}),
            (["origin", "ejection"], {"failures": 5, "time": "1m"}),
            (["origin", "hash_on"], "cookie:sid"),
            (["origin", "auth"], {"username": "weir", "password": "file:p", "schemes": ["digest"]}),
            (["origin", "forward_proxy"], {"url": "http://proxy.test:3128", "no_proxy": ["10.0.0.0/8"]}),
            (["origin", "tls", "pins"], ["sha256/" + 43 * "A" + "="]),
            (["origin", "source"], ["192.0.2.1", "2001:db8::1"]),
            (["origin", "deny_addresses"], ["10.0.0.0/8", "::1", "fe80::/10"]),
            (["origin", "deny_addresses"], []),
            (["websocket", "max_message", "text"], "64KiB"),
            (["origin", "tls", "ca"], "file:/etc/ssl/ca.pem"),
            (["access", "origins"], ["https://app.example.com"]),
            (["tls"], {"certificate": "file:a.pem", "key": "${CHAT_KEY_FILE}"}),
            (["usage", "overhead_percent"], 7.5),
            (["usage", "deduct_undelivered"], True),
            (["usage", "budget", "traffic"], "500GB"),
            (["usage", "budget", "traffic"], 1000000),
            (["usage", "budget", "traffic"], False),
            (["usage", "budget", "messages"], 1),
            (["usage", "budget", "soft"], "99.5%"),
            (["usage", "budget"], None),
            (["http", "methods"], ["GET", "M-SEARCH"]),
            (["http", "max_body"], "1TiB"),
            (["http", "hsts"], {"max_age": "365d", "include_subdomains": True, "preload": True}),
            (["http", "redirect_https"], {}),
            (["origin", "sticky"], "query:sid"),
            (["origin", "sticky"], {"by": "cookie", "name": "NODE", "max_age": "session"}),
            (["origin", "sticky"], "off"),
            (["routes"], []),
            (["routes"], [{"path": "/a/", "origin": {"sticky": "client_ip"}, "http": {"retry": [502]}},
                          {"path": "/b", "redirect": {"to": "https://b.test/"}},
                          {"path": "/c", "respond": {"body": "ok\n"}}, {"path": "/d", "builtin": "echo"}]),
        ]:
            with self.subTest(path=path, value=value):
                self.accepts(changed(self.domain, path, value))

    def test_right_values_of_a_node_are_accepted(self):
        for path, value in [
            (["log", "access", "format"], "dcdn"),
            (["listeners", 0, "proxy_protocol"], {"trusted": ["10.0.0.0/8", "::1"]}),
            (["listeners", 0, "proxy_protocol"], False),
            (["usage"], None),
            (["usage", "sessions"], False),
            (["usage", "postgres"], "off"),
            (["usage", "postgres"], False),
            (["usage", "postgres"], {"url": "${WEIR_DATABASE}", "timeout": 5}),
            (["defaults", "usage", "budget"], {"traffic": "2TB", "period": "day"}),
        ]:
            with self.subTest(path=path, value=value):
                self.accepts(changed(self.node, path, value))

    def test_wrong_domains_are_refused(self):
        for path, value in [
            (["websocket", "conection_timeout"], 60),
            (["websocket", "connection_timeout"], "1.5s"),
            (["websocket", "connection_timeout"], "60 s"),
            (["websocket", "connection_timeout"], "off"),
            (["websocket", "on_disable"], "kill"),
            (["origin", "protocol"], "ftp"),
            (["origin", "servers"], []),
            (["origin", "servers", 0, "priority"], 256),
            (["origin", "servers", 0, "weight"], 101),
            (["origin", "ports", "https"], []),
            (["origin", "balance"], "random"),
            (["origin", "hash_on"], "cookie"),
            (["origin", "health"], True),
            (["origin", "health"], "on"),
            (["origin", "health", "type"], "udp"),
            (["origin", "health", "path"], "up"),
            (["origin", "health", "expect"], ["2xx"]),
            (["origin", "auth"], {"username": "weir", "password": "x", "schemes": ["ntlm"]}),
            (["origin", "auth"], None),
            (["origin", "forward_proxy"], {"url": "https://proxy.test:3128"}),
            (["origin", "forward_proxy"], {"url": "http://a:b@proxy.test:3128"}),
            (["origin", "tls", "pins"], ["sha1/AAAA"]),
            (["origin", "proxy_protocol"], "v3"),
            (["origin", "source"], ["eth0"]),
            (["origin", "deny_addresses"], ["localhost"]),
            (["origin", "deny_addresses"], "10.0.0.0/8"),
            (["websocket", "max_message"], 1000),
            (["origin", "servers"], [{"address": "http://10.0.0.5"}]),
            (["origin", "max_response_head"], "16KB"),
            (["access", "origins"], ["https://app.example.com/path"]),
            (["tls"], {"certificate": "file:a.pem"}),
            (["names"], ["second.example.com"]),
            (["kind"], "vod"),
            (["routes"], [{"path": "api"}]),
            (["routes"], [{"http": {"enabled": True}}]),
            (["routes"], [{"path": "/a", "redirect": {"to": "b"}}]),
            (["http", "methods"], "GET"),
            (["http", "redirect_https"], {"status": 303}),
            (["origin", "sticky"], "segment:9"),
            (["weather"], []),
            (["usage", "billing"], "bandwidth"),
            (["usage", "overhead_percent"], 21),
            (["usage", "budget", "traffic"], "500GiB"),
            (["usage", "budget", "traffic"], "1.5TB"),
            (["usage", "budget", "messages"], 0),
            (["usage", "budget", "period"], "week"),
            (["usage", "budget", "soft"], 101),
        ]:
            with self.subTest(path=path, value=value):
                self.refuses(changed(self.domain, path, value))

    def test_wrong_nodes_are_refused(self):
        for path, value in [
            (["version"], 2),
            (["listeners"], []),
            (["listeners"], [{"name": "web"}]),
            (["listeners", 0, "ports"], [65536]),
            (["listeners", 0, "proxy_protocol"], {}),
            (["listeners", 0, "proxy_protocol"], True),
            (["listeners", 0, "proxy_protocol"], {"trusted": ["lb.test"]}),
            (["workers"], 0),
            (["log", "level"], "loud"),
            (["defaults", "limits"], {}),
            (["log", "access", "format"], "text"),
            (["usage", "flush"], "1s"),
            (["usage", "keep"], "off"),
            (["usage", "postgres"], "on"),
            (["usage", "postgres"], True),
            (["usage", "postgres"], {}),
            (["usage", "postgres"], {"url": "file:/a", "password": "x"}),
        ]:
            with self.subTest(path=path, value=value):
                self.refuses(changed(self.node, path, value))


class PricesSchemaTest(unittest.TestCase):
    def setUp(self):
        jsonschema.Draft7Validator.check_schema(PRICES_SCHEMA)
        self.validator = jsonschema.Draft7Validator(PRICES_SCHEMA)
        text = (CONF / "prices.yaml").read_text(encoding="utf-8")
        self.prices = yaml.load(text, Loader=PlainDates)

    def test_the_example_is_accepted(self):
        errors = [error.message for error in self.validator.iter_errors(self.prices)]
        self.assertEqual(errors, [])

    def test_wrong_prices_are_refused(self):
        for path, value in [
            (["version"], 2),
            (["currency", "code"], "usd"),
            (["p95", "price"], "-1"),
            (["p95", "price"], -1),
            (["p95", "price"], "1e3"),
            (["traffic", "tiers"], []),
            (["traffic", "tiers", 0, "up_to"], "10TiB"),
            (["traffic", "tiers", 0, "upto"], "10TB"),
            (["peak_bandwidth", "tiering"], "steep"),
            (["packs", 0, "gb"], 0),
            (["packs", 0, "from"], "October"),
            (["day_begins"], "Europe/Berlin"),
            (["domains", "chat.example.com", "currency"], {"code": "USD"}),
        ]:
            with self.subTest(path=path, value=value):
                self.assertFalse(self.validator.is_valid(changed(self.prices, path, value)))


if __name__ == "__main__":
    unittest.main()
