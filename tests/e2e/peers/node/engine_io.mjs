// An engine.io server, which Socket.IO is built on, at /engine.io on a port of the kernel's choice: it echoes texts and bytes.
import http from 'node:http';
import { attach } from 'engine.io';

const pages = http.createServer((_, response) => response.writeHead(404).end());
attach(pages).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
pages.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ http: pages.address().port, https: 0 })));
process.stdin.on('end', () => process.exit(0)).resume();
