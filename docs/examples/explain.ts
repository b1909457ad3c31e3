// Opens a process, or says why not and what would allow it: node explain.ts PID
import { attach, list, MemoryError, whyDenied } from 'live-memory';

const [word] = process.argv.slice(2);

const open = (await list()).filter(({ denied }) => denied === null);
console.log(`${open.length > 0 ? 'Some' : 'No'} other process can be opened.`);

const pid = Number(word);
try {
  const target = await attach(pid);
  console.log(`${target.facts.name} has ${(await target.regions()).length > 0 ? 'regions' : 'none'}.`);
  target.dispose();
} catch (error) {
  if (!(error instanceof MemoryError)) throw error;
  const { cause, detail, remedies } = whyDenied(pid);
  console.log(error.code, cause, detail);
  for (const remedy of remedies) console.log(`- ${remedy}`);
}
