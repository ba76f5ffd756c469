// Records each request that came whole as a line of JSON in the file given, and answers with that line. Prints its port.
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const path = process.argv[2];

const server = createServer((request, response) => {
  const hash = createHash('sha256');
  let length = 0;
  request.on('data', (octets) => {
    hash.update(octets);
    length += octets.length;
  });
  request.on('end', () => {
    const line = JSON.stringify(
        { method: request.method, target: request.url, length, sha256: hash.digest('hex') });
    appendFileSync(path, line + '\n');
    response.setHeader('Content-Type', 'application/json');
    response.end(line);
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ http: server.address().port, https: 0 })));
process.stdin.on('end', () => process.exit(0)).resume();
