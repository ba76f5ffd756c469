// A Socket.IO server, version 2 or 4, on a port of the kernel's choice. The argument is JSON: {version, name, options, port}.
// Event `say` is answered with what it said, `where` with the server's name; `#cut` ends the transport.
import http from 'node:http';
import { createRequire } from 'node:module';
import { Server } from 'socket.io';

const require = createRequire(import.meta.url);
const job = JSON.parse(process.argv[2] ?? '{}');
const name = job.name ?? 'one';
const pages = http.createServer((request, response) => {
  // What is not Socket.IO's: a page.
  if (request.url.startsWith('/socket.io/')) return;
  response.setHeader('Content-Type', 'text/plain');
  response.end(`page of ${name}\n`);
});
const io = job.version === 2 ? require('socket.io-2')(pages, job.options ?? {}) : new Server(pages, job.options ?? {});

io.on('connection', (socket) => {
  socket.on('say', (text, answer) => answer(text));
  socket.on('where', (answer) => answer(name));
  socket.on('cut', () => socket.conn.close());
});
pages.listen(job.port ?? 0, job.address ?? '127.0.0.1', () => {
  const { port } = pages.address();
  console.log(JSON.stringify({ http: port, https: 0 }));
});
pages.on('error', (error) => { console.error(error.message); process.exit(1); });
process.stdin.on('end', () => process.exit(0)).resume();
