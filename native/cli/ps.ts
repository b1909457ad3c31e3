import { printSize } from '../../common/size.ts';
import { list } from '../list.ts';
import type { Command } from './command.ts';
import { harmless, print, printJsonLines, printTable } from './output.ts';

export const ps: Command = {
  name: 'ps',
  words: [],
  summary: 'Lists the processes: your own first, then by name. Kernel threads are left out.',
  options: {},
  details: 'One that cannot be opened has "!" and the reason in place of its command line.',

  async run(_, given) {
    const found = await list();
    if (given.has('json')) {
      return printJsonLines(
        found.map(({ pid, name, user, commandLine, residentBytes, denied }) => {
          return { pid, name, user, commandLine, residentBytes, denied };
        }),
      );
    }
    const rows = found.map(({ pid, user, residentBytes, name, commandLine, denied }) => {
      const last = denied === null ? commandLine : `! ${denied}`;
      return [String(pid), user, printSize(residentBytes), harmless(name), harmless(last.replace(/\s+/g, ' '))];
    });
    const right = 'right' as const;
    const columns = [{ title: 'PID', align: right }, { title: 'USER' }, { title: 'RESIDENT', align: right }];
    return print(printTable([...columns, { title: 'NAME' }, { title: 'COMMAND' }], rows));
  },
};
