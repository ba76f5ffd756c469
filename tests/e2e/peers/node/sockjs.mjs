// A SockJS server at /echo, on a port of the kernel's choice. The argument: its name. It says its name first, then echoes.
import http from 'node:http';
import sockjs from 'sockjs';

const name = process.argv[2];
const echo = sockjs.createServer({ log: () => {} });
echo.on('connection', (connection) => {
  connection.write(name);
  connection.on('data', (text) => connection.write(text));
});
const server = http.createServer((_, response) => response.writeHead(404).end());
echo.installHandlers(server, { prefix: '/echo' });
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ http: server.address().port, https: 0 })));
process.stdin.on('end', () => process.exit(0)).resume();
