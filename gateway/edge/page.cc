#include "gateway/edge/page.h"

namespace gateway::edge {
namespace {

// Everything is inline because the page's policy allows nothing from elsewhere; handlers are added
// by the script, since the page has to work without inline attributes too.
constexpr std::string_view kEchoPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Weir echo</title>
<style>
:root {
  --page: #f5f6f4; --card: #ffffff; --text: #1c2421; --quiet: #56625d; --line: #d9dedb;
  --accent: #0b6b58; --on-accent: #ffffff; --sent: #0b5c86; --good: #1d7a3c; --bad: #b3261e;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121715; --card: #1b2220; --text: #e4eae7; --quiet: #a0ada7; --line: #323c38;
    --accent: #5cc9ae; --on-accent: #08201a; --sent: #83c5ee; --good: #74d08f; --bad: #ff9b91;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 54rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; }
h1 { font-size: 1.5rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: .85rem; font-weight: 600; margin: 0 0 .25rem; color: var(--quiet); }
p { margin: 0; }
.quiet { color: var(--quiet); font-size: .9rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem; margin-top: 1rem;
}
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
.wide { flex: 1 1 12rem; min-width: 0; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.numbers .card { margin-top: 0; }
.numbers { margin-top: 1rem; }
.value { font-size: 1.35rem; font-variant-numeric: tabular-nums; }
#status { font-weight: 600; }
#status::before {
  content: ""; display: inline-block; width: .65em; height: .65em; margin-right: .5em;
  border-radius: 50%; background: var(--quiet);
}
#status[data-state=open] { color: var(--good); }
#status[data-state=open]::before { background: var(--good); }
#status[data-state=broken] { color: var(--bad); }
#status[data-state=broken]::before { background: var(--bad); }
code { font-family: var(--mono); font-size: .9em; overflow-wrap: anywhere; }
button, input[type=text] {
  font: inherit; border-radius: .4rem; padding: .5rem .9rem; min-height: 2.75rem;
  border: 1px solid var(--quiet); background: var(--card); color: var(--text);
}
button { cursor: pointer; }
button.first { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button:disabled { opacity: .5; cursor: default; }
input[type=text] { width: 100%; }
input[type=checkbox] { width: 1.15rem; height: 1.15rem; accent-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
label { display: inline-flex; gap: .5rem; align-items: center; }
label.above { display: block; font-size: .9rem; color: var(--quiet); margin-bottom: .3rem; }
#log {
  list-style: none; margin: .25rem 0 0; padding: 0; height: 17rem; overflow-y: auto;
  font: .85rem/1.6 var(--mono);
}
#log li { display: flex; gap: .75rem; border-bottom: 1px solid var(--line); padding: .15rem 0; }
#log .what { flex: 0 0 5rem; color: var(--quiet); }
#log .sent .what { color: var(--sent); }
#log .received .what { color: var(--accent); }
#log .text { flex: 1 1 auto; min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
#log .side { flex: 0 0 auto; color: var(--quiet); font-variant-numeric: tabular-nums; }
#end { border-left: .3rem solid var(--quiet); }
#end[data-state=broken] { border-left-color: var(--bad); }
#end[data-state=clean] { border-left-color: var(--good); }
[hidden] { display: none !important; }
</style>
</head>
<body>
<main>
<header>
  <h1>Weir echo</h1>
  <p class="quiet">This page opened a WebSocket to the gateway that served it.</p>
</header>

<section class="card" aria-label="Connection">
  <div class="row">
    <p class="wide">
      <span id="status" role="status">starting</span><br>
      <code id="url"></code> <span id="details" class="quiet"></span>
    </p>
    <div class="row">
      <button type="button" id="connect">Connect</button>
      <button type="button" id="close" disabled>Close</button>
    </div>
  </div>
</section>

<form class="card" id="form" aria-label="Send a message">
  <label class="above" for="message">Message: the gateway sends the same bytes back</label>
  <div class="row">
    <div class="wide"><input type="text" id="message" value="Hello, Weir" autocomplete="off"></div>
    <button class="first" id="send" disabled>Send</button>
    <label><input type="checkbox" id="stream" disabled> Stream, 10 messages/s</label>
  </div>
</form>

<section class="card" id="end" aria-live="polite" hidden>
  <h2>How it ended</h2>
  <p><span class="value" id="close-code"></span> <code id="close-reason"></code></p>
  <p id="meaning"></p>
</section>

<div class="numbers">
  <section class="card" aria-labelledby="rtt-title">
    <h2 id="rtt-title">Round-trip time</h2>
    <p class="value" id="rtt">none yet</p>
    <p class="quiet" id="rtt-range">The last message; below it, all of this session.</p>
  </section>
  <section class="card" aria-labelledby="bytes-title">
    <h2 id="bytes-title">Bytes counted</h2>
    <p class="value" id="bytes">none yet</p>
    <p class="quiet" id="wire">Payload; on the wire each frame has a header as well.</p>
  </section>
</div>

<section class="card">
  <h2 id="log-title">Messages</h2>
  <ol id="log" role="log" aria-labelledby="log-title" tabindex="0"></ol>
</section>
</main>
<script>
'use strict';
const kLogLines = 200;       // Older lines go, so that a long stream does not fill the memory.
const kWaitingLimit = 1000;  // Unanswered messages whose send time is remembered.
const byId = (id) => document.getElementById(id);
const kNoRange = byId('rtt-range').textContent;
const kNoWire = byId('wire').textContent;
const bytesOf = (text) => new TextEncoder().encode(text).length;

// RFC 6455 section 5.2: two bytes, the extended length, and the mask on what a client sends.
const frameBytes = (payload, masked) =>
    2 + (payload < 126 ? 0 : payload < 65536 ? 2 : 8) + (masked ? 4 : 0) + payload;

const meanings = {
  1000: 'Normal end: one side was done and said so.',
  1001: 'Going away: the session was idle for too long, reached its maximum age, or its side left.',
  1002: 'Protocol error: one side sent a frame that RFC 6455 forbids.',
  1003: 'Unsupported data: this endpoint does not take that type of message.',
  1005: 'A Close frame without a code: an end that gives no reason.',
  1006: 'The connection was lost without a Close frame: a network failure, a crash or a cut.',
  1007: 'Invalid payload: a text message was not valid UTF-8.',
  1008: 'Policy: the gateway or the origin does not allow this session to go on.',
  1009: 'Too big: a message was larger than the receiver takes.',
  1010: 'An extension that the client needs was not agreed on.',
  1011: 'Internal error: the server, or the origin behind the gateway, could not go on.',
  1012: 'Service restart: the gateway is being stopped or replaced; connect again.',
  1013: 'Try again later: a limit was reached or the server is overloaded.',
  1014: 'Bad gateway: the origin gave an answer that the gateway could not use.',
  1015: 'The TLS handshake failed; the certificate may not be trusted.',
};

function meaningOf(code, wasOpen) {
  if (!wasOpen) {
    return 'The handshake did not succeed, so there never was a session: the gateway may be' +
        ' stopped, or it refused the upgrade. Its access log says why.';
  }
  if (meanings[code]) return meanings[code];
  if (code >= 4000) return 'A code of the application: its own documentation explains it.';
  if (code >= 3000) return 'A code registered for a library or framework.';
  return 'A code without a registered meaning.';
}

let socket = null;
let session = null;  // The counts of one connection.
let timer = 0;

const newSession = () => ({
  opened: false, waiting: [], unmatched: false, answers: 0, sum: 0, least: Infinity, most: 0,
  sent: { messages: 0, payload: 0, wire: 0 }, received: { messages: 0, payload: 0, wire: 0 },
});

function show(state, text) {
  const open = state === 'open';
  byId('status').dataset.state = state;
  byId('status').textContent = text;
  byId('send').disabled = byId('close').disabled = byId('stream').disabled = !open;
  byId('connect').disabled = state === 'connecting';
  byId('connect').textContent = open ? 'Reconnect' : 'Connect';
}

function logLine(kind, what, text, side) {
  const log = byId('log');
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  const line = document.createElement('li');
  line.className = kind;
  for (const [name, content] of [['what', what], ['text', text], ['side', side]]) {
    const part = document.createElement('span');
    part.className = name;
    part.textContent = content;
    line.append(part);
  }
  log.append(line);
  while (log.children.length > kLogLines) log.firstChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

const count = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
const milliseconds = (value) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

function showNumbers() {
  const { sent, received } = session;
  byId('bytes').textContent = `${sent.payload.toLocaleString('en')} sent, ` +
      `${received.payload.toLocaleString('en')} received`;
  const compressed = socket.extensions ? ' before compression' : '';
  byId('wire').textContent = `${count(sent.messages, 'message')} out, ` +
      `${received.messages.toLocaleString('en')} back; on the wire, with frame headers, ` +
      `${sent.wire.toLocaleString('en')} and ${received.wire.toLocaleString('en')} ` +
      `bytes${compressed}.`;
  if (!session.answers) return;
  byId('rtt-range').textContent = `Least ${milliseconds(session.least)}, mean ` +
      `${milliseconds(session.sum / session.answers)}, most ${milliseconds(session.most)}.`;
}

function add(counts, payload, masked) {
  counts.messages += 1;
  counts.payload += payload;
  counts.wire += frameBytes(payload, masked);
}

function send(text) {
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  const payload = bytesOf(text);
  logLine('sent', 'sent', text, count(payload, 'byte'));
  add(session.sent, payload, true);
  // Answers are matched by their order, so a gap would make every later time wrong.
  if (session.waiting.length >= kWaitingLimit) session.unmatched = true;
  if (!session.unmatched) session.waiting.push(performance.now());
  socket.send(text);
  showNumbers();
}

function received(event) {
  const now = performance.now();
  const isText = typeof event.data === 'string';
  const payload = isText ? bytesOf(event.data) : event.data.byteLength;
  add(session.received, payload, false);
  let side = count(payload, 'byte');
  if (session.waiting.length && !session.unmatched) {
    const time = now - session.waiting.shift();
    session.answers += 1;
    session.sum += time;
    session.least = Math.min(session.least, time);
    session.most = Math.max(session.most, time);
    side = milliseconds(time);
    byId('rtt').textContent = side;
  }
  logLine('received', 'received', isText ? event.data : '(binary)', side);
  showNumbers();
}

function stopStream() {
  clearInterval(timer);
  timer = 0;
  byId('stream').checked = false;
  byId('log').setAttribute('aria-live', 'polite');
}

function ended(event) {
  stopStream();
  const clean = event.code === 1000 || event.code === 1001;
  show(clean ? 'closed' : 'broken', session.opened ? 'closed' : 'could not connect');
  byId('details').textContent = '';
  byId('end').hidden = false;
  byId('end').dataset.state = clean ? 'clean' : 'broken';
  byId('close-code').textContent = event.code;
  byId('close-reason').textContent = event.reason || (session.opened ? '(no reason given)' : '');
  byId('meaning').textContent = meaningOf(event.code, session.opened);
  logLine('note', 'closed', `${event.code} ${event.reason}`, '');
}

function connect() {
  // The old connection may still be closing; its events are of no interest any more.
  if (socket) {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, 'reconnecting');
  }
  stopStream();
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;
  byId('url').textContent = url;
  byId('details').textContent = '';
  byId('end').hidden = true;
  byId('rtt').textContent = byId('bytes').textContent = 'none yet';
  byId('rtt-range').textContent = kNoRange;
  byId('wire').textContent = kNoWire;
  byId('close-code').textContent = byId('close-reason').textContent = '';
  show('connecting', 'connecting');
  session = newSession();
  const begin = performance.now();
  socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    const took = milliseconds(performance.now() - begin);
    session.opened = true;
    show('open', 'open');
    byId('details').textContent = `handshake ${took}` +
        (socket.extensions ? `, ${socket.extensions}` : '');
    logLine('note', 'opened', url, took);
  };
  socket.onmessage = received;
  socket.onclose = ended;
}

byId('connect').addEventListener('click', connect);
byId('close').addEventListener('click', () => {
  stopStream();
  show('closing', 'closing');
  socket.close(1000, 'closed by the visitor');
});
byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  send(byId('message').value);
  byId('message').select();
});
byId('stream').addEventListener('change', (event) => {
  if (!event.target.checked) return stopStream();
  // Ten lines a second would make a screen reader speak without end.
  byId('log').setAttribute('aria-live', 'off');
  let number = 0;
  timer = setInterval(() => send(`${byId('message').value} #${++number}`), 100);
});
connect();
</script>
</body>
</html>
)html";

}  // namespace

std::string_view echo_page() { return kEchoPage; }

}  // namespace gateway::edge
