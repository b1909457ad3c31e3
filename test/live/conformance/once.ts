// Run as another user by the suite: reads and writes eight bytes of a process and prints what each call returned, as JSON.
import { localAddress } from '../../../native/linux/libc.ts';
import { calls, vectorOf } from './run.ts';

const [, , pid, address] = process.argv;
const bytes = new Uint8Array(new ArrayBuffer(8));
const local = vectorOf([[BigInt(localAddress(bytes)), 8]]);
const remote = vectorOf([[BigInt(address as string), 8]]);
const once = (call: (typeof calls)['read']): number =>
  call(Number(pid), localAddress(local), 1, localAddress(remote), 1);
console.log(JSON.stringify({ read: once(calls.read), write: once(calls.write) }));
