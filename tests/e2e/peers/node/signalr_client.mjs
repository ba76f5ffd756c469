// SignalR clients by one transport. The argument is JSON: {url, transport: WebSockets | ServerSentEvents | LongPolling, count}. Each
// asks three times where it is. Prints {nodes: {name: count}, failures: [text]}.
import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr';

const job = JSON.parse(process.argv[2]);
const result = { nodes: {}, failures: [] };

for (let number = 1; number <= job.count; number += 1) {
  const hub = new HubConnectionBuilder()
    .withUrl(job.url, { transport: HttpTransportType[job.transport] })
    .configureLogging(LogLevel.None).build();
  try {
    await hub.start();
    const names = [await hub.invoke('where'), await hub.invoke('where'), await hub.invoke('where')];
    if (new Set(names).size !== 1) throw new Error(`at ${names}`);
    result.nodes[names[0]] = (result.nodes[names[0]] ?? 0) + 1;
  } catch (error) {
    result.failures.push(error.message);
  }
  await hub.stop();
}
console.log(JSON.stringify(result));
process.exit(0);
