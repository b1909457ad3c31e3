import { isAbsolute, join } from 'node:path';
import type * as vscode from 'vscode';
import { pidMax } from '../../common/limits.ts';
import { chosenFrame, evaluate } from './ask.ts';

/**
 * How the process of a session becomes known where its adapter sends no `process` event. Each is asked when the session
 * begins (`running`) or when it is first stopped (`stopped`): a program that runs is never disturbed.
 */
export interface PidResolver {
  /** Types of debug sessions, as `launch.json` has them. */
  readonly types: RegExp;
  readonly when: 'running' | 'stopped';
  find(session: vscode.DebugSession, around: PidSurroundings): Promise<number | undefined> | number | undefined;
}

export interface PidSurroundings {
  /** The processes that run an executable, by its absolute path. */
  running(executable: string): Promise<readonly number[]>;
  /** The thread that has stopped. */
  readonly threadId: number | undefined;
  /** What the adapter has put out lately. */
  output(): string;
}

type Find = PidResolver['find'];

const bySelf: Find = async (session) => pidIn(await evaluate(session, 'process.pid', undefined, 'repl'));

/** Where one process runs the program of the configuration, that is it. */
const byProgram: Find = async ({ configuration, workspaceFolder }, { running }) => {
  const program: unknown = configuration['program'];
  if (typeof program !== 'string') return undefined;
  const found = await running(isAbsolute(program) ? program : join(workspaceFolder?.uri.fsPath ?? '/', program));
  return found.length === 1 ? found[0] : undefined;
};

/** The answer of a command may come as output, too. */
const byGdb: Find = async (session, { output, threadId }) => {
  const prefix = session.type === 'cppdbg' ? '-exec ' : '>';
  const frame = await chosenFrame(session, threadId);
  const result = await evaluate(session, `${prefix}info proc`, frame, 'repl');
  return pidIn((/process (\d+)/.exec(result) ?? /^process (\d+)$/m.exec(output()))?.[1]);
};

export const pidResolvers: readonly PidResolver[] = [
  // Attached to by number: the configuration says which.
  { types: /./, when: 'running', find: ({ configuration }) => configuredPid(configuration) },
  // js-debug: “bootloader.js [1234]”, or the program itself says.
  { types: /^(pwa-)?node(-terminal)?$/, when: 'running', find: ({ name }) => pidIn(/\[(\d+)\]\s*$/.exec(name)?.[1]) },
  { types: /^(pwa-)?(node|extensionHost)(-terminal)?$/, when: 'stopped', find: bySelf },
  { types: /./, when: 'stopped', find: byProgram },
  // gdb through an adapter that passes commands on (cdt-gdb-adapter takes them after “>”, cpptools after “-exec”).
  { types: /gdb|cdt|cppdbg/, when: 'stopped', find: byGdb },
];

function configuredPid(configuration: vscode.DebugConfiguration): number | undefined {
  if (configuration.request !== 'attach') return undefined;
  const given: unknown = configuration['pid'] ?? configuration['processId'];
  return pidIn(typeof given === 'number' || typeof given === 'string' ? String(given) : undefined);
}

function pidIn(text: string | undefined): number | undefined {
  const pid = /^\d{1,7}$/.test(text?.trim() ?? '') ? Number(text) : 0;
  return pid > 0 && pid <= pidMax ? pid : undefined;
}
