// Reads and writes many places, each with one system call: node scattered.ts PID ADDRESS…
import { attach, MemoryError, printAddress, resolveAddress } from 'live-memory';

const [pid = '', ...expressions] = process.argv.slice(2);

const target = await attach(Number(pid));
const parts = [];
for (const expression of expressions) {
  const { address } = await resolveAddress(target, expression);
  parts.push({ range: { start: address, length: 4 }, bytes: new Uint8Array(4) });
}

const outcomes = await target.readMany(parts);
for (const [i, { range, bytes }] of parts.entries()) {
  const isRead = outcomes[i]?.read === range.length;
  console.log(printAddress(range.start), isRead ? Buffer.from(bytes).toString('hex') : '????????');
}

// Each of them becomes all ones, but only where nobody has changed it since it was read.
const written = await target.writeMany(
  parts.map(({ range, bytes }) => ({ range, bytes: new Uint8Array(4).fill(0xff), expect: bytes })),
);
for (const [i, { landed, held, error }] of written.entries()) {
  const reason = error instanceof MemoryError ? error.code : '';
  console.log(printAddress(parts[i]?.range.start ?? 0n), `${landed} bytes written`, held ? 'held' : reason);
}
target.dispose();
