"""Servers and clients of what speaks over HTTP first: Socket.IO, SockJS, SignalR. Each client says at which node it was."""

import json
import os

import peers
import plain

# How many sessions there are to each way of being sticky; WEIR_CHATS=200 in tests/run --long.
COUNT = int(os.environ.get("WEIR_CHATS", "12"))


def socket_io_nodes(version: int, count: int = 2, **job) -> "list[peers.Server]":
    """`one`, `two`. Version 4 takes clients of version 2 as well."""
    options = {"allowEIO3": True} if version == 4 else {}
    names = ("one", "two")[:count]
    return [peers.socket_io_server(version, name=name, options=options, **job) for name in names]


def socket_io_clients(port: int, version: int, count: int = COUNT, host: str = "127.0.0.1", **job) -> dict:
    return _clients("socket_io_client.mjs", url=f"http://{host}:{port}", version=version, count=count, **job)


def engine_io_node() -> peers.Server:
    return peers.Server(["node", str(peers.NODE / "engine_io.mjs")])


def engine_io_client(port: int) -> dict:
    return _clients("engine_io_client.mjs", url=f"http://127.0.0.1:{port}")


def sockjs_node(name: str) -> peers.Server:
    return peers.Server(["node", str(peers.NODE / "sockjs.mjs"), name])


def sockjs_clients(port: int, transport: str, count: int = COUNT) -> dict:
    return _clients("sockjs_client.mjs", url=f"http://127.0.0.1:{port}/echo", transport=transport, count=count)


SOCKJS_TRANSPORTS = ("websocket", "xhr-streaming", "eventsource", "xhr-polling")


def signalr_node(name: str) -> peers.Server:
    return peers.Server(["node", str(peers.NODE / "signalr.mjs"), name])


def signalr_clients(port: int, transport: str, count: int = COUNT) -> dict:
    return _clients("signalr_client.mjs", url=f"http://127.0.0.1:{port}/hub", transport=transport, count=count)


SIGNALR_TRANSPORTS = ("WebSockets", "ServerSentEvents", "LongPolling")


def servers(nodes) -> list:
    return [{"address": f"127.0.0.1:{node.http}"} for node in nodes]


def _clients(script: str, **job) -> dict:
    return plain.job(["node", str(peers.NODE / script), json.dumps(job)])
