// Follows a 64-bit counter while the program runs: node watch-counter.ts PID ADDRESS CHANGES
import { attach, createReader, offsetInPage, pageOf, PageState, resolveAddress } from 'live-memory';

const [pid = '', expression = '', changes = '5'] = process.argv.slice(2);

const target = await attach(Number(pid));
const { address } = await resolveAddress(target, expression);

let left = Number(changes);
const reader = createReader(target, {
  intervalMs: 20,
  // The process has exited, or become another program.
  ended: (error) => console.error(error.message),
});
const subscription = reader.subscribe((frame) => {
  // A frame has the pages that changed, here the one that is watched; its bytes only where it is readable.
  if (frame.states[0] === PageState.readable) {
    const view = new DataView(frame.bytes.buffer);
    console.log(view.getBigUint64(offsetInPage(address), true));
  }
  // Until this is said no further frame comes than a few: a slow consumer misses states, and never falls behind.
  subscription.drawn(frame.seq);
  if (--left === 0) {
    reader.dispose();
    target.dispose();
  }
});
subscription.watch(Float64Array.of(pageOf(address)));
