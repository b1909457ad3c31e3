// Saves a region to a file, of whatever size, and says what of it could not be read: node dump-region.ts PID ADDRESS FILE
import { open } from 'node:fs/promises';
import { attach, PageState, printAddress, printPageState, resolveAddress } from 'live-memory';

const [pid = '', expression = '', file = ''] = process.argv.slice(2);

const target = await attach(Number(pid));
const { address } = await resolveAddress(target, expression);
const region = await target.regionAt(address);
if (region === undefined) throw new Error('Nothing is mapped there any more.');

const output = await open(file, 'w', 0o600);
const range = { start: region.start, length: Number(region.end - region.start) };
await output.truncate(range.length);
for await (const { range: part, state, bytes } of target.stream(range)) {
  // A piece without bytes may be a terabyte: it stays a hole in the file.
  if (state !== PageState.readable)
    console.log(printAddress(part.start), `${part.length} bytes: ${printPageState(state)}`);
  else await output.write(bytes, 0, bytes.length, Number(part.start - range.start));
}
await output.close();
console.log(`${region.name} ${region.access} saved to ${file}`);
target.dispose();
