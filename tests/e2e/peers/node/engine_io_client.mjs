// An engine.io client. The argument is JSON: {url}. It sends a text and bytes before its upgrade and after it. Prints {heard: [text],
// transports: [name at each answer]} or {failure}.
import { Socket } from 'engine.io-client';

const { url } = JSON.parse(process.argv[2]);
const patience = 30000 * Math.max(1, Number(process.env.WEIR_TEST_PATIENCE ?? 1));
const result = { heard: [], transports: [] };
const end = (failure) => {
  if (failure) result.failure = failure;
  console.log(JSON.stringify(result));
  process.exit(0);
};
setTimeout(() => end('timed out'), patience);

const socket = new Socket(url);
const say = () => { socket.send('text'); socket.send(new Uint8Array([1, 2, 3])); };
socket.on('open', say);
socket.on('upgrade', say);
socket.on('error', (error) => end(`${error.message} ${error.description ?? ''}`));
socket.on('message', (data) => {
  result.heard.push(typeof data === 'string' ? data : Buffer.from(data).toString('hex'));
  result.transports.push(socket.transport.name);
  if (result.heard.length === 4) end();
});
