// A Soul / ShenYu admin, as far as its data sync over WebSocket goes. The argument is JSON: {name, port, master, masterUrl, bytes,
// token}. `MYSELF` brings all groups, of which SELECTOR has `bytes` bytes; `RUNNING_MODE` says who is the master; any other
// text is ignored. A line on standard input is sent to all sessions. Each session is told as a line of JSON.
import http from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import { WebSocketServer } from 'ws';

const job = JSON.parse(process.argv[2] ?? '{}');
const MOST_FROM_A_CLIENT = 10240; // messageMaxSize
const GROUPS = ['APP_AUTH', 'PLUGIN', 'SELECTOR', 'RULE', 'META_DATA', 'PROXY_SELECTOR', 'DISCOVER_UPSTREAM'];

const tell = (event) => console.log(JSON.stringify(event));

function isAllowed(given) {
  if (!job.token) return true;
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(job.token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_FROM_A_CLIENT, perMessageDeflate: false });

function sync(socket) {
  for (const groupType of GROUPS) {
    const data = groupType === 'SELECTOR' ? ['s'.repeat(job.bytes ?? 10)] : [job.name];
    socket.send(JSON.stringify({ groupType, eventType: 'MYSELF', data }));
  }
}

function runningMode(socket) {
  socket.send(JSON.stringify({
    eventType: 'RUNNING_MODE', isMaster: job.master ?? true, runningMode: 'CLUSTER', masterUrl: job.masterUrl ?? '',
  }));
}

sockets.on('connection', (socket, request) => {
  tell({ event: 'open', url: request.url, headers: request.headers });
  socket.on('error', () => {});
  socket.on('ping', () => tell({ event: 'ping' }));
  socket.on('close', (code) => tell({ event: 'close', code }));
  socket.on('message', (data) => {
    const text = data.toString();
    tell({ event: 'said', text });
    if (text === 'MYSELF') sync(socket);
    else if (text === 'RUNNING_MODE') runningMode(socket);
  });
});

const server = http.createServer((_, response) => response.writeHead(404).end());
server.on('upgrade', (request, socket, head) => {
  const path = request.url.split('?')[0];
  if (path !== '/websocket') socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  else if (!isAllowed(request.headers['x-shenyu-sync-token'])) socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  else sockets.handleUpgrade(request, socket, head, (one) => sockets.emit('connection', one, request));
});
server.listen(job.port ?? 0, '127.0.0.1', () => tell({ http: server.address().port, https: 0 }));

let rest = '';
process.stdin.on('data', (data) => {
  const lines = (rest + data).split('\n');
  rest = lines.pop();
  for (const line of lines) sockets.clients.forEach((socket) => socket.send(line));
}).on('end', () => process.exit(0));
