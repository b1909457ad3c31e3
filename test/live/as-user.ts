// Run as another user by tests: does one thing with the library and prints what came of it as JSON.
import { whyDenied } from '../../native/access.ts';
import { attach } from '../../native/attach.ts';
import { list } from '../../native/list.ts';
import { MemoryError } from '../../common/error.ts';

const [, , what, pid] = process.argv;
try {
  if (what === 'list') console.log(JSON.stringify(await list()));
  else if (what === 'why') console.log(JSON.stringify(whyDenied(Number(pid))));
  else {
    const attached = await attach(Number(pid));
    attached.dispose();
    console.log(JSON.stringify({ attached: attached.facts }));
  }
} catch (error) {
  if (!(error instanceof MemoryError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
