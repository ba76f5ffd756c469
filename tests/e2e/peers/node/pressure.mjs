// An npm `ws` client that floods and prints its bufferedAmount on each line of standard input, "end" ends it.
import readline from 'node:readline';
import WebSocket from 'ws';

const job = JSON.parse(process.argv[2]);
const socket = new WebSocket(job.url, {
  perMessageDeflate: false,
  lookup: (_host, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }])
    : done(null, '127.0.0.1', 4)),
});
socket.on('error', () => {});
socket.on('open', () => {
  const message = Buffer.alloc(64 * 1024);
  for (let sent = 0; sent < job.bytes; sent += message.length) socket.send(message);
  console.log('open');
});
readline.createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'end') process.exit(0);
    console.log(socket.bufferedAmount);
  })
  .on('close', () => process.exit(0));
