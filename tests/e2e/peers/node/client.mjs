// An npm `ws` client. The argument is a job as JSON; the result is one line of JSON.
// Steps are strings to send, or objects: {size}: a binary message of that many bytes, {ping}, {close: [code, reason]},
// {wait: "close"}. After each string or size it waits for one message.
import { readFileSync } from 'node:fs';
import WebSocket from 'ws';

const job = JSON.parse(process.argv[2]);
const patience = Math.max(1, Number(process.env.WEIR_TEST_PATIENCE ?? 1));
const result = { messages: [], binary: [], pongs: 0 };
const inbox = [];
let wake = () => {};

const socket = new WebSocket(job.url, job.protocols ?? [], {
  ca: job.ca && readFileSync(job.ca),
  headers: job.headers,
  origin: job.origin,
  perMessageDeflate: job.deflate ? { threshold: 0 } : false,
  // The name in the URL is the domain; the edge listens on loopback.
  lookup: (_host, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }])
    : done(null, '127.0.0.1', 4)),
});

function finish() {
  console.log(JSON.stringify(result));
  process.exit(0);
}

const closed = new Promise((done) => {
  socket.on('close', (code, reason) => {
    result.code = code;
    result.reason = reason.toString();
    done();
    wake();
  });
});
socket.on('error', (error) => { result.error = error.message; });
socket.on('unexpected-response', (_request, response) => {
  result.status = response.statusCode;
  const parts = [];
  response.on('data', (part) => parts.push(part));
  response.on('end', () => { result.body = Buffer.concat(parts).toString(); finish(); });
});
socket.on('message', (data, binary) => { inbox.push([data, binary]); wake(); });
socket.on('pong', () => { result.pongs += 1; wake(); });
setTimeout(() => { result.error = 'timed out'; finish(); }, job.timeout ?? 60000 * patience);

async function until(condition) {
  while (!condition() && socket.readyState !== WebSocket.CLOSED) await new Promise((done) => { wake = done; });
}

async function receive() {
  await until(() => inbox.length > 0);
  if (inbox.length === 0) return;
  const [data, binary] = inbox.shift();
  if (binary) result.binary.push(data.length);
  else result.messages.push(data.toString());
}

async function step(item) {
  if (typeof item === 'string') { socket.send(item); await receive(); }
  else if (item.size) {
    socket.send(Buffer.alloc(item.size, 'weir'));
    await receive();
  } else if (item.ping) {
    const before = result.pongs;
    socket.ping(item.ping);
    await until(() => result.pongs > before);
  } else if (item.close) {
    socket.close(...item.close);
    await closed;
  } else if (item.wait === 'close') await closed;
}

socket.on('open', async () => {
  result.protocol = socket.protocol;
  result.extensions = socket.extensions;
  for (const item of job.steps ?? []) await step(item);
  if (socket.readyState === WebSocket.OPEN) socket.close(1000);
  await closed;
  finish();
});
closed.then(() => setTimeout(finish, 50));
