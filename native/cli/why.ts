import { whyDenied } from '../access.ts';
import type { Command } from './command.ts';
import { harmless, print, printJson } from './output.ts';
import { parsePid } from './words.ts';

export const why: Command = {
  name: 'why',
  words: ['PID'],
  summary: 'Says whether a process can be opened, and if not, which rule is why and what would allow it.',
  options: {},
  details: 'Exit code 0 whatever the answer is: it was given.',

  async run([pid = ''], given) {
    const { allowed, cause, detail, remedies } = whyDenied(parsePid(pid));
    if (given.has('json')) return printJson({ allowed, cause, detail, remedies });
    const lines = [detail, ...remedies.map((remedy) => `  - ${remedy}`)];
    return print(lines.map((line) => `${harmless(line)}\n`).join(''));
  },
};
