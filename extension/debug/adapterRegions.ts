import type * as vscode from 'vscode';
import { adapterOutputCharactersMax } from '../../common/limits.ts';
import { emptyRegionTable, tableOfRegions, type Region, type RegionTable } from '../../common/region.ts';
import { compareTables } from '../../common/regionChanges.ts';
import { running } from './adapterMemory.ts';
import { chosenFrame, evaluate } from './ask.ts';
import { parseGdbMappings, parseGdbSections, parseLldbRegions, regionsFrom, type Told } from './parseRegions.ts';
import type { Traffic } from './traffic.ts';

/** What of the address space a debugger knows to be there. */
export interface AdapterRegions {
  readonly table: RegionTable;
  /** Whether asking prints into the user's Debug Console: not to be done at every step then. */
  readonly isLoud: boolean;
  /** Asks anew; whether they differ now. Only while the program is stopped. Never rejects: what cannot be asked stays. */
  look(): Promise<boolean>;
}

/** Runs a command of the debugger's own; what it printed. Rejects with MemoryError. */
type RunCommand = (command: string) => Promise<string>;

/** How a kind of debugger is asked for its regions: a new debugger is one more entry. */
interface Asker {
  /** Types of debug sessions, as `launch.json` has them. */
  readonly types: RegExp;
  /** What makes a command of the debugger's own out of an expression of the Debug Console; the first that works counts. */
  prefixes(configuration: vscode.DebugConfiguration): readonly string[];
  readonly isLoud: boolean;
  ask(run: RunCommand): Promise<readonly Told[]>;
}

const lldb: Asker['ask'] = async (run) => parseLldbRegions(await run('memory region --all'));

const gdb: Asker['ask'] = async (run) => {
  const mappings = parseGdbMappings(await run('info proc mappings').catch(() => ''));
  // Of a core file it names what was mapped of files, and no more.
  const isWhole = mappings.some(({ name }) => name === '[stack]');
  return isWhole ? mappings : [...parseGdbSections(await run('maint info sections ALLOC')), ...mappings];
};

const askers: readonly Asker[] = [
  {
    types: /lldb/i,
    isLoud: false,
    ask: lldb,
    prefixes({ commandEscapePrefix: prefix }) {
      return [typeof prefix === 'string' ? prefix : '`', ''];
    },
  },
  { types: /^cppdbg$/, isLoud: true, ask: gdb, prefixes: () => ['-exec '] },
  { types: /cdt|gdbtarget|gdbserver/i, isLoud: true, ask: gdb, prefixes: () => ['>'] },
  // gdb's own adapter takes commands as they are, others of that name after a “>”.
  { types: /gdb/i, isLoud: true, ask: gdb, prefixes: () => ['', '>'] },
];

/** How far a program can reach, where nobody tells what is mapped: the half of the address space that is not the kernel's. */
const reachOf = (pointerBytes: number): bigint => (pointerBytes === 4 ? 2n ** 32n : 2n ** 47n);

export function createAdapterRegions(
  session: vscode.DebugSession,
  traffic: Traffic,
  pointerBytes: number,
): AdapterRegions {
  const asker = askers.find(({ types }) => types.test(session.type));
  const isStopped = (): boolean => traffic.state === 'stopped';
  let table = emptyRegionTable;
  /** The prefix that has worked; `null` where none does. */
  let prefix: string | null | undefined;

  const anywhere = regionsFrom([
    { start: 0n, end: reachOf(pointerBytes), access: 'rw-p', name: '[all that the debugger can reach]' },
  ]);

  async function ask(): Promise<readonly Region[]> {
    if (asker === undefined || prefix === null) return anywhere;
    const frame = await chosenFrame(session, traffic.threadId);
    for (const one of prefix === undefined ? asker.prefixes(session.configuration) : [prefix]) {
      const run: RunCommand = (command) => runCommand(session, traffic, `${one}${command}`, frame);
      const regions = regionsFrom(await asker.ask(run).catch(() => []));
      if (regions.length === 0) continue;
      prefix = one;
      return regions;
    }
    if (isStopped()) prefix = null;
    return anywhere;
  }

  return {
    get table() {
      return table;
    },
    isLoud: asker?.isLoud ?? false,
    async look() {
      if (!isStopped()) return false;
      const regions = await ask().catch(() => anywhere);
      // What was known is better than nothing that came because the program went on.
      if (!isStopped() && table.version > 0) return false;
      const next = tableOfRegions(regions, table.version + 1);
      if (sameTable(table, next)) return false;
      table = next;
      return true;
    },
  };
}

/** A command's answer may come as its result, as output meanwhile, or as both. */
async function runCommand(
  session: vscode.DebugSession,
  traffic: Traffic,
  command: string,
  frame: number | undefined,
): Promise<string> {
  if (traffic.state !== 'stopped') throw running(session);
  let output = '';
  const listening = traffic.onOutput((text) => {
    if (output.length < adapterOutputCharactersMax) output += text;
  });
  try {
    const result = await evaluate(session, command, frame, 'repl');
    return `${output}\n${result.slice(0, adapterOutputCharactersMax)}`;
  } finally {
    listening.dispose();
  }
}

function sameTable(a: RegionTable, b: RegionTable): boolean {
  let differences = 0;
  compareTables(a, b, () => differences++);
  return a.version > 0 && differences === 0;
}

/** 4 or 8, as the debugger has it; 8 where it does not tell. */
export async function pointerBytesOf(session: vscode.DebugSession, frame: number | undefined): Promise<4 | 8> {
  const size = await evaluate(session, 'sizeof(void*)', frame).catch(() => '');
  return /^\s*4\s*$/.test(size) ? 4 : 8;
}
