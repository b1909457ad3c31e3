// Runs the one bench that it is given, in a process of its own, and sends its results to the parent: what another bench has left
// on the heap and taught the compiler is up to a third of a microsecond a call.
import type { Bench } from './bench.ts';
import { keepToOneProcessor } from './processor.ts';

const { run, isOnOneProcessor } = (await import(process.argv[2] as string)) as Bench;
if (isOnOneProcessor === true) keepToOneProcessor();
const results = await run();
// A bench may have left a program or a browser that would keep this process alive.
process.send?.(results, () => process.exit(0));
