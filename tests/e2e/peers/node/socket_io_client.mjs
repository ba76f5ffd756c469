// Socket.IO clients, version 2 or 4, one after the other in a few lanes. The argument is JSON: {url, version, count, options,
// cookie: a path whose cookies every client brings along, as a browser does}. Each says something, hears it again, asks where it is, and waits
// for its upgrade unless its transports are named. Prints {nodes: {name: count}, transports: {name: count}, failures: [text]}.
import { createRequire } from 'node:module';
import { io as four } from 'socket.io-client';

const require = createRequire(import.meta.url);
const job = JSON.parse(process.argv[2]);
const connect = job.version === 2 ? require('socket.io-client-2') : four;
const patience = 30000 * Math.max(1, Number(process.env.WEIR_TEST_PATIENCE ?? 1));
const result = { nodes: {}, transports: {}, failures: [] };
const LANES = 4;

async function cookies() {
  const answer = await fetch(job.url + job.cookie);
  await answer.arrayBuffer();
  return answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
}

async function options() {
  const own = { reconnection: false, forceNew: true, ...job.options };
  if (!job.cookie) return own;
  const extraHeaders = { Cookie: await cookies() };
  return { ...own, extraHeaders, transportOptions: { polling: { extraHeaders }, websocket: { extraHeaders } } };
}

const upgraded = (engine) => new Promise((done) => {
  if (engine.transport.name === 'websocket') done();
  else engine.on('upgrade', done);
});

const asked = (socket, ...words) => new Promise((done) => socket.emit(...words, done));

async function visit(number) {
  const socket = connect(job.url, await options());
  const failed = new Promise((_, fail) => {
    for (const event of ['connect_error', 'error', 'disconnect']) socket.on(event, (why) => fail(new Error(`${event}: ${why.description ?? why.message ?? why}`)));
    setTimeout(() => fail(new Error('timed out')), patience).unref();
  });
  const whole = async () => {
    await new Promise((done) => socket.on('connect', done));
    if (!job.options?.transports) await upgraded(socket.io.engine);
    const word = `word ${number}`;
    if (await asked(socket, 'say', word) !== word) throw new Error('another client\'s answer');
    const node = await asked(socket, 'where');
    const transport = socket.io.engine.transport.name;
    result.nodes[node] = (result.nodes[node] ?? 0) + 1;
    result.transports[transport] = (result.transports[transport] ?? 0) + 1;
  };
  try {
    await Promise.race([whole(), failed]);
  } catch (error) {
    result.failures.push(error.message);
  }
  failed.catch(() => {});
  socket.close();
}

let next = 0;
async function lane() {
  while (next < job.count) { next += 1; await visit(next); }
}
await Promise.all(Array.from({ length: LANES }, lane));
console.log(JSON.stringify(result));
process.exit(0);
