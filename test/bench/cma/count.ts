// For strace: reads messages of every size from a process, `times` each, between two kill(2) of signal 0 that mark them in
// the log: `node count.ts PID ADDRESS TIMES`.
import { attach } from '../../../native/attach.ts';
import { createBuffer } from '../../../native/buffer.ts';
import { sizes } from './ways.ts';

const [pid, address, times] = process.argv.slice(2);
const source = await attach(Number(pid));
for (const length of sizes) {
  const buffer = createBuffer(length);
  const range = { start: BigInt(address ?? ''), length };
  source.readIntoSync(range, buffer);
  process.kill(process.pid, 0);
  for (let i = 0; i < Number(times); i++) source.readIntoSync(range, buffer);
  process.kill(process.pid, 0);
}
source.dispose();
