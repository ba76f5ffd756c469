// Node's http as an origin. /hello; /sum: size and SHA-256 of the body; /chunks; /fields: the request's; /small: 413 for a
// body above 1 MiB, before it is read; /events: server-sent ones; / a page for a browser. Who leaves is told as a line of JSON.
import http from 'node:http';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const MOST = 1024 * 1024;
const page = readFileSync(new URL('./pages.html', import.meta.url));
const tell = (event) => console.log(JSON.stringify(event));

function sum(request, response) {
  const hash = createHash('sha256');
  let size = 0;
  request.on('data', (piece) => { hash.update(piece); size += piece.length; });
  request.on('end', () => response.end(`${size} ${hash.digest('hex')}`));
}

function chunks(response) {
  for (let i = 0; i < 5; i += 1) response.write(`${i} `);
  response.end();
}

function small(request, response) {
  if (Number(request.headers['content-length'] ?? MOST + 1) <= MOST) { sum(request, response); return; }
  response.writeHead(413, { Connection: 'close', 'Content-Type': 'text/plain' }).end('too large for this page\n');
}

function events(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  let number = 0;
  const next = () => response.write(`id: ${number}\ndata: event ${number}\n\n`, () => { number += 1; });
  next();
  const timer = setInterval(next, 50);
  response.on('close', () => { clearInterval(timer); tell({ event: 'left', number }); });
}

const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/hello') response.end('hello from node\n');
  else if (path === '/sum') sum(request, response);
  else if (path === '/chunks') chunks(response);
  else if (path === '/fields') response.end(JSON.stringify(request.headers));
  else if (path === '/small') small(request, response);
  else if (path === '/events') events(request, response);
  else if (path === '/') response.setHeader('Content-Type', 'text/html').end(page);
  else response.writeHead(404).end('no such page\n');
});
server.listen(0, '127.0.0.1', () => tell({ http: server.address().port, https: 0 }));
process.stdin.on('end', () => process.exit(0)).resume();
