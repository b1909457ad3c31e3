// A program for js-debug: a buffer among other variables, in a loop. Its bytes begin with a needle that is nowhere else, so that
// a test finds their true address by looking for it in the process.
//
//   node debuggee.js [FACTS]     FACTS is a file that gets the same line of JSON as standard output
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';

const needle = randomBytes(16);
// Larger than what Node cuts out of its pool, so that it is alone in its ArrayBuffer.
const buffer = Buffer.alloc(16384);
needle.copy(buffer);
const bytes = new Uint8Array(buffer.buffer, 256, 64);
const numbers = new Float64Array([1.5, 2.5, 3.5]);
const view = new DataView(buffer.buffer);
const object = { name: 'an object', inner: { list: [1, 2, 3] } };

const facts = JSON.stringify({ pid: String(process.pid), needle: needle.toString('hex') });
console.log(facts);
const file = process.argv[2];
if (file !== undefined) {
  writeFileSync(`${file}.unfinished`, `${facts}\n`);
  renameSync(`${file}.unfinished`, file);
}

let iteration = 0;
function turn() {
  let local = iteration++;
  local += bytes.length; // break here
  view.setUint32(1024, iteration, true); // step 1
  numbers[0] += 1; // step 2
  buffer[2048] += 1; // step 3
  object.inner.list[0] = local; // step 4
}

setInterval(turn, 20);
setTimeout(() => process.exit(), 600_000);
