// Reads a structure of a running program: node read-struct.ts PID ADDRESS
import { attach, labelAddress, resolveAddress } from 'live-memory';

const [pid = '', expression = '[heap]'] = process.argv.slice(2);

const target = await attach(Number(pid));
const { address } = await resolveAddress(target, expression);

// struct { char magic[16]; uint64_t counter; const char *string; void *self; }
const bytes = new Uint8Array(40);
const { unreadable } = await target.readInto({ start: address, length: bytes.length }, bytes);
if (unreadable.length > 0) throw new Error('A part of it cannot be read.');

const view = new DataView(bytes.buffer);
console.log('at', (await labelAddress(target, address)) ?? 'an address without a name');
console.log('magic', new TextDecoder('latin1').decode(bytes.subarray(0, 16)));
console.log('counter', view.getBigUint64(16, true));
console.log('string', await readText(view.getBigUint64(24, true)));
target.dispose();

/** A text that ends with a zero, up to 256 bytes of it: as many as can be read. */
async function readText(start: bigint): Promise<string> {
  const text = new Uint8Array(256);
  const { unreadable } = await target.readInto({ start, length: text.length }, text);
  const readable = unreadable[0] === undefined ? text.length : Number(unreadable[0].start - start);
  const end = text.subarray(0, readable).indexOf(0);
  return new TextDecoder().decode(text.subarray(0, end < 0 ? readable : end));
}
