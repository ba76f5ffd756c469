// SockJS clients by one transport. The argument is JSON: {url, transport, count}. Each hears a name, says three things and hears them
// again. Prints {nodes: {name: count}, failures: [text]}.
import SockJS from 'sockjs-client';

const job = JSON.parse(process.argv[2]);
const patience = 30000 * Math.max(1, Number(process.env.WEIR_TEST_PATIENCE ?? 1));
const result = { nodes: {}, failures: [] };

function visit(number) {
  return new Promise((done) => {
    const socket = new SockJS(job.url, null, { transports: [job.transport] });
    const heard = [];
    const end = (failure) => {
      if (failure) result.failures.push(failure);
      socket.onclose = null;
      socket.close();
      done();
    };
    const timer = setTimeout(() => end('timed out'), patience);
    socket.onmessage = ({ data }) => {
      heard.push(data);
      if (heard.length <= 3) { socket.send(`word ${number}.${heard.length}`); return; }
      clearTimeout(timer);
      result.nodes[heard[0]] = (result.nodes[heard[0]] ?? 0) + 1;
      const wanted = [1, 2, 3].map((part) => `word ${number}.${part}`).join();
      end(heard.slice(1).join() === wanted ? '' : `heard ${heard}`);
    };
    socket.onclose = ({ code, reason }) => { clearTimeout(timer); end(`closed ${code} ${reason}`); };
  });
}

for (let number = 1; number <= job.count; number += 1) await visit(number);
console.log(JSON.stringify(result));
process.exit(0);
