// Finds a text in a region, however large: node find-text.ts PID ADDRESS TEXT
import { attach, createBuffer, printAddress, resolveAddress } from 'live-memory';

const [pid = '', expression = '', text = ''] = process.argv.slice(2);

const target = await attach(Number(pid));
const { address } = await resolveAddress(target, expression);
const region = await target.regionAt(address);
if (region === undefined) throw new Error('Nothing is mapped there any more.');

const wanted = Buffer.from(text);
if (wanted.length === 0) throw new Error('Say what to look for.');
const piece = createBuffer(256 * 1024);
// What crosses the end of one piece is whole in the next.
const step = BigInt(piece.length - wanted.length + 1);
for (let start = region.start; start < region.end; start += step) {
  const length = Math.min(piece.length, Number(region.end - start));
  const bytes = piece.length === length ? piece : piece.subarray(0, length);
  // Where nothing was read, the bytes are still those of the piece before.
  for (const hole of target.readIntoSync({ start, length }, bytes).unreadable)
    bytes.fill(0, Number(hole.start - start), Number(hole.start - start) + hole.length);
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  for (let at = found.indexOf(wanted); at >= 0; at = found.indexOf(wanted, at + 1))
    console.log(printAddress(start + BigInt(at)));
}
target.dispose();
