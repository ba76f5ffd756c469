// An npm `ws` origin, plain and TLS, on ports of the kernel's choice. Arguments: certificate and key (PEM paths).
// Echoes; `#info` answers what the request was, `#close CODE REASON` and `#cut` end the connection.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { WebSocketServer } from 'ws';

const [certificate, key] = process.argv.slice(2).map((path) => readFileSync(path));
const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => (offered.has('v2.bin') ? 'v2.bin' : [...offered][0]),
});

function info(request, socket) {
  return JSON.stringify({
    url: request.url,
    headers: request.headers,
    raw: request.rawHeaders,
    sni: request.socket.servername ?? null,
    tls: Boolean(request.socket.encrypted),
    extensions: socket.extensions,
    protocol: socket.protocol,
  });
}

function command(socket, request, text) {
  const [word, ...rest] = text.split(' ');
  if (word === '#info') socket.send(info(request, socket));
  else if (word === '#close') socket.close(rest[0] && Number(rest[0]), rest.slice(1).join(' '));
  else if (word === '#cut') socket.terminate();
  else socket.send(text);
}

sockets.on('connection', (socket, request) => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => {
    if (binary) socket.send(data, { binary });
    else command(socket, request, data.toString());
  });
});

function serve(server) {
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, request)));
  server.on('request', (_, response) => response.writeHead(404).end('no such page\n'));
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
}

const ports = {
  http: await serve(http.createServer()),
  https: await serve(https.createServer({ cert: certificate, key })),
};
console.log(JSON.stringify(ports));
// It ends with the test that started it, even when that one is killed.
process.stdin.on('end', () => process.exit(0)).resume();
