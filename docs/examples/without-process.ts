// Tests of what uses memory need no process: node without-process.ts
import { ArraySource, createPlan, MemoryError, pageOf, PageState } from 'live-memory';

const source = new ArraySource(0x1000n, new Uint8Array(8192));
source.unreadable.set(pageOf(0x2000n), PageState.noAccess);

const { before } = await source.write({ start: 0x1ffen, length: 2 }, Uint8Array.of(1, 2));
console.log('before', before);

const plan = createPlan([pageOf(0x1000n), pageOf(0x2000n), pageOf(0x3000n)]);
await source.read(plan);
console.log('states', plan.states, 'byte', plan.bytes[0xfff]);

try {
  await source.write({ start: 0x2ffen, length: 2 }, Uint8Array.of(3, 4));
} catch (error) {
  console.log(error instanceof MemoryError ? error.code : error);
}
