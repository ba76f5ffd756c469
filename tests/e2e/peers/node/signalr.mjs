// What of an ASP.NET Core hub a SignalR client needs: negotiate, the three transports, the JSON protocol, and a method `where`
// that returns the server's name. The argument: that name. A connection is known to this server alone.
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { WebSocketServer } from 'ws';

const name = process.argv[2];
const END = '\x1e';
const POLL = 90000;
const connections = new Map(); // by token: { send(text), waiting: [text] }
const sockets = new WebSocketServer({ noServer: true });
const transports = ['WebSockets', 'ServerSentEvents', 'LongPolling']
  .map((transport) => ({ transport, transferFormats: ['Text', 'Binary'] }));

function negotiate(response) {
  const token = randomUUID();
  connections.set(token, { send: null, waiting: [] });
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({
    connectionId: randomUUID(), connectionToken: token, negotiateVersion: 1, availableTransports: transports,
  }));
}

function say(connection, message) {
  const text = JSON.stringify(message) + END;
  if (connection.send) connection.send(text);
  else connection.waiting.push(text);
}

function take(connection, text) {
  for (const part of text.split(END).filter(Boolean)) {
    const message = JSON.parse(part);
    if (message.protocol) say(connection, {});
    else if (message.type === 1) say(connection, { type: 3, invocationId: message.invocationId, result: name });
  }
}

function events(connection, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write(':\r\n\r\n');
  connection.send = (text) => response.write(`data: ${text}\r\n\r\n`);
  connection.waiting.splice(0).forEach(connection.send);
}

function poll(connection, response) {
  if (!connection.polled) { connection.polled = true; response.end(); return; }
  const timer = setTimeout(() => connection.send(''), POLL);
  connection.send = (text) => {
    clearTimeout(timer);
    connection.send = null;
    response.end(text);
  };
  if (connection.waiting.length) connection.send(connection.waiting.splice(0).join(''));
  response.on('close', () => clearTimeout(timer));
}

function body(request, done) {
  let text = '';
  request.on('data', (piece) => { text += piece; }).on('end', () => done(text));
}

const tokenOf = (request) => new URL(request.url, 'http://any').searchParams.get('id');

const server = http.createServer((request, response) => {
  if (request.url.startsWith('/hub/negotiate')) { negotiate(response); return; }
  const connection = connections.get(tokenOf(request));
  if (!connection) { response.writeHead(404).end('No Connection with that ID'); return; }
  if (request.method === 'POST') body(request, (text) => { response.end(); take(connection, text); });
  else if (request.method === 'DELETE') { connections.delete(tokenOf(request)); response.writeHead(202).end(); }
  else if ((request.headers.accept ?? '').includes('event-stream')) events(connection, response);
  else poll(connection, response);
});
server.on('upgrade', (request, socket, head) => {
  const connection = connections.get(tokenOf(request));
  if (!connection) { socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'); return; }
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    connection.send = (text) => webSocket.send(text);
    webSocket.on('message', (data) => take(connection, data.toString()));
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ http: server.address().port, https: 0 })));
process.stdin.on('end', () => process.exit(0)).resume();
