// Run by tests where neither call works, or works no more once it has attached and said so (`waits`): does what the library does with a process, and prints what came of it as JSON.
import { createInterface } from 'node:readline';
import { MemoryError } from '../../common/error.ts';
import { attach } from '../../native/attach.ts';
import { createPlan } from '../../native/source.ts';

const [, , pid, address, waits] = process.argv;
const at = BigInt(address as string);
const lines = waits === undefined ? undefined : createInterface({ input: process.stdin })[Symbol.asyncIterator]();
// Whoever asks for that says when to attach, and when the process has closed itself.
await lines?.next();
const source = await attach(Number(pid));
if (lines !== undefined) {
  console.log(source.transport);
  await lines.next();
  process.stdin.destroy();
}
const plan = createPlan(Array.from({ length: 6 }, (_, i) => Number(at >> 12n) + i));
plan.bytes.fill(0xee);
await source.read(plan);
const states = [...plan.states];
const read = await source.readMany([
  { range: { start: at + 100n, length: 4000 }, bytes: new Uint8Array(4000) },
  { range: { start: at + 4096n, length: 10 }, bytes: new Uint8Array(10) },
]);
const written = await source.write({ start: at + 5n, length: 3 }, Uint8Array.of(7, 8, 9));
const many = await source.writeMany([
  { range: { start: at + 9n, length: 2 }, bytes: Uint8Array.of(1, 2) },
  { range: { start: at + 19n, length: 2 }, bytes: Uint8Array.of(3, 4) },
  { range: { start: at + 3n * 4096n, length: 2 }, bytes: Uint8Array.of(3, 4) },
]);
const refused = await source
  .write({ start: at + 3n * 4096n, length: 1 }, Uint8Array.of(1))
  .catch((error: unknown) => error);
const forced = await source.write({ start: at + 3n * 4096n, length: 1 }, Uint8Array.of(1), { force: true });
process.kill(source.pid, 'SIGKILL');
await new Promise((resolve) => setTimeout(resolve, 200));
const gone = await source.read(plan).catch((error: unknown) => error);
console.log(
  JSON.stringify({
    transport: source.transport,
    states,
    firstBytes: [0, 1, 2, 3, 4, 5].map((i) => plan.bytes[i * 4096]),
    ranges: read.map((outcome) => outcome.read),
    written: { before: [...written.before], held: written.held },
    many: many.map(({ landed }) => landed),
    refused: refused instanceof MemoryError ? { code: refused.code, message: refused.message } : String(refused),
    forced: forced.held,
    afterExit: gone instanceof MemoryError ? gone.code : String(gone),
  }),
);
