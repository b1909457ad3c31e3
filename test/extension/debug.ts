import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator } from 'playwright-core';
import { buildTarget } from '../target/target.ts';
import type { Frame, SessionFacts, Traffic, Where } from './debuggers/wire.ts';
import { root, type VSCodeOptions } from './vscode.ts';
import type { Workbench } from './workbench.ts';

/*
 * Debug sessions in the real VS Code, with real adapters, worked as a user works them:
 *
 *   const { bed, debugging, dispose } = await openDebugWindow({ width: 1400 });   // debugWindow.ts
 *   if (bed.missing.lldb !== undefined) context.skip(bed.missing.lldb);
 *
 *   await debugging.breakAt('debuggee.c', 'break here');      // the line that says so in a comment: Ctrl+P, F9
 *   const stop = await debugging.start('lldb: loop');         // from the palette's list; resolves at the first stop
 *   const facts = await debugging.facts();                    // true addresses, from the program itself: facts['local']
 *   await debugging.stepOver();                               // F10; also continue, stepInto, stepOut, pause, restart, stop
 *   await debugging.menuOnVariable(['own', 'center'], 'View Memory');
 *   debugging.traffic();                                      // every DAP message so far, with its time
 *   debugging.requestsWhileRunning();                         // what was asked of an adapter between a continue and a stop
 *   await debugging.request('evaluate', { … });                // a request of the test's own; gives the answer's body
 *
 *   await debugging.stop();  …  await dispose();
 */

/** `gdbserver` is the adapter of `cdt` for targets that a gdbserver holds; `node` is js-debug, which VS Code brings. */
export type AdapterName = 'lldb' | 'gdb' | 'cdt' | 'gdbserver' | 'debugpy' | 'node';

export type NativeMode = 'loop' | 'threads' | 'deep' | 'fork' | 'exec' | 'free' | 'hidden' | 'once';

/** The names in launch.json. `c++` is debuggee.cpp, whose only mode is to loop. */
export type ConfigurationName =
  `${'lldb' | 'gdb' | 'cdt' | 'gdbserver'}: ${NativeMode | 'c++'}` | 'debugpy: loop' | 'node: loop';

export interface DebugBed {
  /** For startVSCode: the folder, the test extension, and what it must know. */
  readonly options: Pick<VSCodeOptions, 'alongside' | 'env' | 'folder' | 'settings'>;
  readonly folder: string;
  /** Why an adapter cannot be had here: the reason to skip with. */
  readonly missing: Readonly<Partial<Record<AdapterName, string>>>;
  /** What an adapter says of its version; empty where it is missing. */
  readonly versions: Readonly<Partial<Record<AdapterName, string>>>;
  /** What launch.json has under that name, with all paths absolute. */
  configuration(name: ConfigurationName): DebugConfiguration;
  dispose(): Promise<void>;
}

export interface DebugConfiguration {
  readonly name: string;
  readonly type: string;
  readonly request: 'launch' | 'attach';
  readonly [key: string]: unknown;
}

const bedModules = path.join(root, 'test/bed/node_modules');
const testExtension = path.join(root, 'test/extension/debuggers');
const targets = path.join(root, 'test/target');

const natives = ['lldb', 'gdb', 'cdt', 'gdbserver'] as const;
const nativeModes = ['loop', 'threads', 'deep', 'fork', 'exec', 'free', 'hidden', 'once'] as const;

let beds = 0;

/** Makes a folder with the debuggees, compiled in it as a user compiles, and a launch.json that has them with every adapter. */
export async function createDebugBed(): Promise<DebugBed> {
  const folder = path.join(root, '.run/debug', `${process.pid}-${++beds}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, '.vscode'), { recursive: true });
  mkdirSync(path.join(folder, '.facts'));
  for (const name of ['debuggee.c', 'debuggee.cpp', 'debuggee.js', 'debuggee.py'])
    copyFileSync(path.join(targets, name), path.join(folder, name));
  const compile = (compiler: string, source: string, program: string): void => {
    // No optimization: every variable is in memory, and every line is there to stop at.
    execFileSync(compiler, ['-O0', '-g', '-pthread', '-o', program, path.join(folder, source)], { cwd: folder });
  };
  compile('cc', 'debuggee.c', 'debuggee');
  compile('c++', 'debuggee.cpp', 'debuggee-cpp');

  const tools = findAdapters();
  const configurations = [...allConfigurations(folder, tools)];
  writeFileSync(
    path.join(folder, '.vscode/launch.json'),
    JSON.stringify({ version: '0.2.0', configurations }, undefined, 2),
  );
  // The path of a socket has 108 bytes at most, which a folder of a project can exceed.
  const wires = mkdtempSync(path.join(tmpdir(), 'live-memory-debug-'));
  return {
    folder,
    missing: tools.missing,
    versions: tools.versions,
    options: {
      folder,
      alongside: [testExtension],
      env: {
        DEBUG_TRAFFIC: path.join(wires, 'traffic.jsonl'),
        DEBUG_SOCKET: path.join(wires, 'socket'),
        ...tools.env,
      },
      settings: {
        'debug.allowBreakpointsEverywhere': true,
        'debug.javascript.autoAttachFilter': 'disabled',
        'files.exclude': { '.facts': true },
        // A row that is a heading over others is a second one of its name.
        'workbench.tree.enableStickyScroll': false,
      },
    },
    configuration(name) {
      const found = configurations.find((configuration) => configuration.name === name);
      if (found === undefined) throw new Error(`launch.json has no "${name}".`);
      return found;
    },
    async dispose() {
      // lldb-server gives them process groups of their own, in which they outlive a VS Code that is killed.
      endProgramsOf(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      rmSync(wires, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Why no data breakpoint stops a program here: the reason to skip with. */
export async function whyNoWatchpoints(): Promise<string | undefined> {
  if (says(await buildTarget('watchpoint'), []).trim() !== '0') return undefined;
  return 'this machine takes a watchpoint and never tells of a write, as some virtual machines do';
}

/** Kills what still runs of the programs in a folder. */
function endProgramsOf(folder: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.slice(0, 2).some((word) => word.startsWith(`${folder}/debuggee`))) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

function* allConfigurations(folder: string, tools: Tools): Generator<DebugConfiguration> {
  const facts = (name: string): string => factsFile(folder, name);
  for (const adapter of natives) {
    for (const mode of [...nativeModes, 'c++'] as const) {
      const name = `${adapter}: ${mode}`;
      const program = path.join(folder, mode === 'c++' ? 'debuggee-cpp' : 'debuggee');
      const parameters = [mode === 'c++' ? 'loop' : mode, facts(name)];
      const common = { name, type: `test-${adapter}`, request: 'launch' as const, program, cwd: folder };
      if (adapter === 'lldb' || adapter === 'gdb') yield { ...common, args: parameters };
      else if (adapter === 'cdt') yield { ...common, arguments: parameters.join(' '), gdb: tools.env['DEBUG_GDB'] };
      else {
        const server = tools.env['DEBUG_GDBSERVER'];
        const serverParameters = ['--once', '127.0.0.1:0', program, ...parameters];
        yield { ...common, gdb: tools.env['DEBUG_GDB'], target: { server, serverParameters } };
      }
    }
  }
  const python = { name: 'debugpy: loop', type: 'test-debugpy', request: 'launch' as const };
  const interpreter = tools.env['DEBUG_PYTHON'];
  yield {
    ...python,
    ...{ program: path.join(folder, 'debuggee.py'), args: [facts(python.name)], cwd: folder },
    ...{ python: interpreter, console: 'internalConsole', justMyCode: true },
  };
  const node = { name: 'node: loop', type: 'node', request: 'launch' as const };
  yield {
    ...node,
    ...{ program: path.join(folder, 'debuggee.js'), args: [facts(node.name)], cwd: folder },
    ...{ runtimeExecutable: process.execPath, console: 'internalConsole' },
  };
}

function factsFile(folder: string, configuration: string): string {
  return path.join(folder, '.facts', `${configuration.replace(/[^\w+-]+/g, '-')}.json`);
}

interface Tools {
  readonly env: Record<string, string>;
  readonly missing: Partial<Record<AdapterName, string>>;
  readonly versions: Partial<Record<AdapterName, string>>;
}

function findAdapters(): Tools {
  const tools: Tools = { env: {}, missing: {}, versions: { node: process.version } };
  const { env, missing, versions } = tools;
  const lldb = newestLldbDap();
  if (lldb === undefined) missing.lldb = 'there is no lldb-dap on the PATH';
  else {
    env['DEBUG_LLDB_DAP'] = lldb;
    versions.lldb = /version (\d[\d.]*)/.exec(says(lldb, ['--version']))?.[1] ?? '';
  }

  const gdb = findOnPath('gdb');
  const gdbVersion = gdb === undefined ? '' : gdbVersionOf(gdb);
  if (gdb === undefined) {
    for (const name of ['gdb', 'cdt', 'gdbserver'] as const) missing[name] = 'there is no gdb on the PATH';
  } else {
    env['DEBUG_GDB'] = gdb;
    // Where the system's is too old, npm test fetches one.
    const later = [gdb, path.join(root, 'test/bed/gdb/gdb')].find(
      (program) => existsSync(program) && Number(gdbVersionOf(program).split('.')[0]) >= 14,
    );
    if (later === undefined)
      missing.gdb = `gdb speaks the Debug Adapter Protocol from version 14 on, this is ${gdbVersion}, and no later one could be fetched`;
    else {
      env['DEBUG_GDB_DAP'] = later;
      versions.gdb = gdbVersionOf(later);
    }
  }
  const cdt = path.join(bedModules, 'cdt-gdb-adapter');
  if (!existsSync(cdt)) missing.cdt = missing.gdbserver = 'cdt-gdb-adapter is not in test/bed; "npm test" installs it';
  else {
    const { version } = JSON.parse(readFileSync(path.join(cdt, 'package.json'), 'utf8')) as { version: string };
    versions.cdt = versions.gdbserver = `${version} with gdb ${gdbVersion}`;
    env['DEBUG_CDT'] = path.join(cdt, 'dist/debugAdapter.js');
    env['DEBUG_CDT_TARGET'] = path.join(cdt, 'dist/debugTargetAdapter.js');
  }
  const gdbserver = findOnPath('gdbserver');
  if (gdbserver === undefined) missing.gdbserver ??= 'there is no gdbserver on the PATH';
  else env['DEBUG_GDBSERVER'] = gdbserver;

  // Debian's packages belong to Debian's Python, which need not be the first on the PATH.
  for (const python of [findOnPath('python3'), '/usr/bin/python3']) {
    if (python === undefined || env['DEBUG_PYTHON'] !== undefined) continue;
    const version = says(python, ['-c', 'import debugpy; print(debugpy.__version__)']).trim();
    if (version === '') continue;
    env['DEBUG_PYTHON'] = python;
    versions.debugpy = version;
  }
  if (env['DEBUG_PYTHON'] === undefined) missing.debugpy = 'no Python here has debugpy';
  return tools;
}

function gdbVersionOf(program: string): string {
  return /\d+\.\d+/.exec(says(program, ['--version']).replace(/\(.*?\)/, ''))?.[0] ?? '';
}

function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
}

function findOnPath(program: string): string | undefined {
  return pathFolders()
    .map((folder) => path.join(folder, program))
    .find((file) => existsSync(file));
}

/** `lldb-dap-22` before `lldb-dap-19`, and either before a plain `lldb-dap`. */
function newestLldbDap(): string | undefined {
  const found = pathFolders().flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => /^lldb-dap(-\d+)?$/.test(name))
          .map((name) => ({ file: path.join(folder, name), version: Number(name.split('-')[2] ?? 0) }))
      : [],
  );
  return found.sort((a, b) => b.version - a.version)[0]?.file;
}

function says(program: string, parameters: readonly string[]): string {
  const { status, stdout } = spawnSync(program, parameters, { encoding: 'utf8' });
  return status === 0 ? stdout : '';
}

/** Waits until something is so; fails with what it was about. Unlike expect.poll() it serves hooks too. */
export async function until(what: string, isSo: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await isSo()); await sleep(20))
    if (Date.now() > end) throw new Error(`${what}: not so after ${timeoutMs / 1000} seconds`);
}

/** The number of the line of a debuggee that has a comment with these words; `break here`. */
export function lineOf(file: string, mark: string): number {
  const lines = readFileSync(path.join(targets, path.basename(file)), 'utf8').split('\n');
  const found = lines.flatMap((line, i) => (new RegExp(`(//|#) ${mark}$`).test(line) ? [i + 1] : []));
  if (found.length !== 1) throw new Error(`${file} has ${found.length} lines marked "${mark}".`);
  return found[0] as number;
}

/** A stop, as the user sees it: the frame that VS Code has selected. */
export interface Stop {
  readonly session: string;
  readonly thread: number;
  readonly frame: Frame;
}

export interface VariableRow {
  /** 1 is a scope, 2 a variable, 3 a member. */
  readonly level: number;
  readonly name: string;
  readonly value: string;
}

export interface AskOptions {
  /** The active one otherwise. */
  readonly session?: string;
  /** Adapters leave some requests without an answer; ten seconds otherwise. */
  readonly timeoutMs?: number;
}

export interface Debugging {
  readonly workbench: Workbench;

  // What a user does.
  /** Opens the file at the line that is marked so, and presses F9. */
  breakAt(file: string, mark: string): Promise<void>;
  /** The same through the API, in a moment. */
  addBreakpoint(file: string, mark: string): Promise<void>;
  clearBreakpoints(): Promise<void>;
  /** Opens a file of the debuggees' folder. */
  openFile(file: string): Promise<void>;
  /** Chooses it in _Debug: Select and Start Debugging_; resolves at the first stop. */
  start(name: ConfigurationName): Promise<Stop>;
  /** The same without waiting for a stop: resolves when the program has told its facts. */
  startRunning(name: ConfigurationName): Promise<void>;
  /** F5, and the stop after it. */
  continue(): Promise<Stop>;
  /** F5 alone. */
  run(): Promise<void>;
  stepOver(): Promise<Stop>;
  stepInto(): Promise<Stop>;
  stepOut(): Promise<Stop>;
  pause(): Promise<Stop>;
  /** Ctrl+Shift+F5, and the first stop of the new run. */
  restart(): Promise<Stop>;
  /** Shift+F5, until no session is left. */
  stop(): Promise<void>;

  /** Steps over and runs a command in the same moment: what the command asks the adapter comes right behind the step. Why it fails, or `''`. */
  stepBefore(id: string, ...parameters: readonly unknown[]): Promise<string>;
  /** Resolves when nothing has been asked of an adapter for a while: what is on its way cannot be called back. */
  quiet(): Promise<void>;
  /** Goes along the call stack until the function of the chosen frame has this name; right after a stop VS Code may not take the command. */
  chooseFrame(way: 'Down' | 'Up', name: string): Promise<void>;

  // What a user sees.
  /** The rows of the Variables view that are drawn, from the top. */
  variables(): Promise<VariableRow[]>;
  /** A row of the Variables view, after opening what leads to it: `['own', 'center', 'x']`. The scope is the first that has it. */
  variable(names: readonly string[]): Promise<Locator>;
  /** Chooses an entry of a row's context menu. */
  menuOn(row: Locator, entry: string | RegExp): Promise<void>;
  menuOnVariable(names: readonly string[], entry: string | RegExp): Promise<void>;
  /** What the context menu of a row offers. The menu is closed again. */
  entriesOn(row: Locator): Promise<string[]>;
  addWatch(expression: string): Promise<Locator>;
  /** Selects text in the line that is marked so, and chooses an entry of the context menu on it. */
  menuOnSelection(file: string, mark: string, text: string, entry: string | RegExp): Promise<void>;
  select(file: string, mark: string, text: string): Promise<void>;
  showSideBar(): Promise<void>;

  // What happened, seen from inside.
  /** Where VS Code stands; no DAP request is made for it. */
  where(): Promise<Where>;
  /** Resolves at a stop that is later than the `after`th. */
  stopped(after: number): Promise<Stop>;
  sessions(): Promise<SessionFacts[]>;
  /** The line of JSON of the program that was started last; `facts('.child')` is what a further process of it told. */
  facts(suffix?: string): Promise<Readonly<Record<string, string>>>;
  /** Sends a DAP request through a session, the active one if none is given; gives the body. It is in the traffic too. */
  request<Body = Record<string, unknown>>(command: string, parameters?: object, options?: AskOptions): Promise<Body>;
  /** `vscode.debug.startDebugging` and no more: for attaching, and for configurations that launch.json does not have. */
  startWith(configuration: DebugConfiguration): Promise<boolean>;
  /** `vscode.commands.executeCommand`; what it gives must be JSON. */
  command<Result = unknown>(id: string, ...parameters: readonly unknown[]): Promise<Result>;
  /** Milliseconds that reading takes through the adapter and through Live Memory, in turn. */
  timeReads(what: {
    readonly pid: number;
    readonly address: string;
    readonly length: number;
    readonly rounds: number;
    /** Reads in a round. */
    readonly times: number;
  }): Promise<{ readonly adapter: number[]; readonly ours: number[] }>;
  /** Steps over lines as fast as VS Code and the adapter can. */
  stepFast(what: { readonly thread: number; readonly count: number }): Promise<void>;
  /** The least that a view over `readMemory` can be, beside what is open. */
  openPeer(what: { readonly address: string; readonly length: number }): Promise<void>;
  /** When each stop came (Date.now), and when the peer had painted it. */
  closePeer(): Promise<{ readonly stoppedMs: number; readonly readMs?: number; readonly paintedMs?: number }[]>;
  traffic(): Traffic[];
  /**
   * Requests that reached an adapter while its program ran, other than those that control it (see `controls`). VS Code has some
   * of its own: where there are watch expressions, it evaluates them when a program goes on.
   */
  requestsWhileRunning(from?: number): Traffic[];
}

/** What VS Code must ask while a program runs: to start, to go on, to stop, and to name its threads. */
const controls = new Set([
  ...['initialize', 'launch', 'attach', 'configurationDone', 'disconnect', 'terminate', 'restart', 'cancel'],
  ...['setBreakpoints', 'setFunctionBreakpoints', 'setExceptionBreakpoints', 'setDataBreakpoints'],
  ...['setInstructionBreakpoints', 'breakpointLocations', 'dataBreakpointInfo', 'loadedSources', 'source'],
  ...['continue', 'next', 'stepIn', 'stepOut', 'pause', 'threads'],
]);

const stopMs = 20_000;
const answerMs = 10_000;

/** Whether somebody takes connections there: the file alone is there a moment before. */
function listens(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket)
      .on('error', () => resolve(false))
      .on('connect', () => {
        connection.destroy();
        resolve(true);
      });
  });
}

export function createDebugging(workbench: Workbench, bed: DebugBed): Debugging {
  const { page } = workbench;
  const socket = bed.options.env?.['DEBUG_SOCKET'] as string;
  const trafficFile = bed.options.env?.['DEBUG_TRAFFIC'] as string;
  let started: ConfigurationName | undefined;

  async function ask<Result>(question: Readonly<Record<string, unknown>>, timeoutMs = answerMs): Promise<Result> {
    // The extension host comes a moment after the window.
    for (const end = Date.now() + 20_000; ; await sleep(50)) {
      if (await listens(socket)) break;
      if (Date.now() > end) throw new Error('The test extension does not listen: is it in `alongside`?');
    }
    const text = await new Promise<string>((resolve, reject) => {
      let said = '';
      const connection = connect(socket);
      // An adapter may answer nothing while a program runs.
      connection.setTimeout(timeoutMs, () =>
        connection.destroy(new Error(`No answer in ${timeoutMs / 1000} seconds to ${JSON.stringify(question)}`)),
      );
      connection
        .on('error', reject)
        .on('data', (chunk) => (said += chunk.toString()))
        .on('close', () => resolve(said))
        .end(JSON.stringify(question));
    });
    const answer = JSON.parse(text) as { result: Result; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }

  const where = (): Promise<Where> => ask({ ask: 'where' });

  async function stopped(after: number): Promise<Stop> {
    for (const end = Date.now() + stopMs; ; await sleep(20)) {
      const { stops, session, thread, frame } = await where();
      if (stops > after && session !== undefined && thread !== undefined && frame !== undefined)
        return { session, thread, frame };
      if (Date.now() > end) {
        const last = traffic()
          .slice(-12)
          .map(({ kind, name, message }) => `${kind} ${name} ${message ?? ''}`);
        throw new Error(`No stop in ${stopMs / 1000} seconds. What was said last:\n${last.join('\n')}`);
      }
    }
  }

  async function nextStop(act: () => Promise<void>): Promise<Stop> {
    const { stops } = await where();
    await act();
    return stopped(stops);
  }

  /** Presses a key until VS Code has asked an adapter for something because of it: right after a stop it may not take one. */
  const press = (key: string) => async (): Promise<void> => {
    const { controls } = await where();
    for (let tries = 0; tries < 12; tries++) {
      await page.keyboard.press(key);
      for (const end = Date.now() + 600; Date.now() < end; await sleep(20)) {
        if ((await where()).controls > controls) return;
      }
    }
    throw new Error(`VS Code makes nothing of ${key}.`);
  };

  async function choose(name: ConfigurationName): Promise<void> {
    started = name;
    const file = factsFile(bed.folder, name);
    for (const suffix of ['', '.child', '.after', '.go']) rmSync(`${file}${suffix}`, { force: true });
    await workbench.runCommand('Debug: Select and Start Debugging');
    const input = page.locator('.quick-input-widget:visible input.input');
    await until('the list of launch configurations opens', async () => (await input.inputValue()) === 'debug ');
    await workbench.pick(name, `debug ${name}`);
  }

  async function facts(suffix = ''): Promise<Record<string, string>> {
    if (started === undefined) throw new Error('Nothing was started.');
    const file = `${factsFile(bed.folder, started)}${suffix}`;
    for (const end = Date.now() + stopMs; !existsSync(file); await sleep(20))
      if (Date.now() > end) throw new Error(`"${started}" has not told its facts.`);
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  }

  async function openAt(file: string, line: number, column = 1): Promise<void> {
    // By a link of the kind that Go to File takes; a file that is open already is brought to the front.
    await workbench.runCommand('Go to File...');
    const input = page.locator('.quick-input-widget:visible input.input');
    await input.fill(`${file}:${line}:${column}`);
    // Until the search is through, other files are on offer, and Enter takes the first.
    await page.locator(`.quick-input-list [role=option][aria-label^="${file}"]`).first().click();
    await page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();
    await page.locator(`.editor-group-container.active .monaco-editor.focused`).first().waitFor();
    const position = page.locator('.statusbar-item').filter({ hasText: `Ln ${line}, Col ${column}` });
    await position.first().waitFor();
  }

  const rows = page.locator('.debug-variables .monaco-list-row');
  const isName = (name: string): RegExp => new RegExp(`^${name.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')}\\s*[:=]?\\s*$`);

  async function showVariables(): Promise<void> {
    if (await page.locator('.debug-variables').isVisible()) return;
    await workbench.runCommand('View: Show Run and Debug');
    await page.locator('.debug-variables').waitFor();
  }

  const rowNamed = (name: string, level: number): Locator =>
    page
      .locator(`.debug-variables .monaco-list-row[aria-level="${level}"]`)
      .filter({ has: page.locator('.name').filter({ hasText: isName(name) }) });

  async function open(row: Locator): Promise<void> {
    // A stop draws the rows anew, now and a moment later; a click into that is lost.
    const state = (): Promise<string | null> => row.getAttribute('aria-expanded', { timeout: 5000 });
    for (let tries = 0; (await state()) === 'false'; tries++) {
      if (tries === 5) throw new Error(`This row does not open: ${await row.textContent()}`);
      await row.locator('.monaco-tl-twistie').click();
      for (let waits = 0; waits < 20 && (await state()) === 'false'; waits++) await sleep(50);
    }
  }

  async function pull(pixels: number): Promise<void> {
    await page.locator('.debug-variables').hover();
    await page.mouse.wheel(0, pixels);
    await sleep(100);
  }

  async function variable(names: readonly string[]): Promise<Locator> {
    await showVariables();
    await rows.first().waitFor();
    const isFirstRow = (row: Element): boolean =>
      [...(row.parentElement?.children ?? [])].some((one) => one.getAttribute('data-index') === '0');
    // One turn of the wheel goes only so far.
    for (let pulls = 0; pulls < 40 && !(await rows.first().evaluate(isFirstRow)); pulls++) await pull(-2000);
    const scopes = page.locator('.debug-variables .monaco-list-row[aria-level="1"]');
    await scopes.first().waitFor();
    await open(scopes.first());
    // gdb has arguments in a scope of their own, before the locals.
    const locals = scopes.filter({ hasText: /^Locals/ }).first();
    if ((await locals.count()) > 0) await open(locals);
    let found: Locator | undefined;
    for (const [i, name] of names.entries()) {
      const row = rowNamed(name, i + 2).first();
      // The list draws only what is in its view.
      for (let pulls = 0; (await row.count()) === 0 && pulls < 40; pulls++) {
        await (pulls === 0 ? sleep(100) : pull(60));
      }
      await row.waitFor({ timeout: 2000 });
      if (i + 1 < names.length) await open(row);
      found = row;
    }
    if (found === undefined) throw new Error('Which variable?');
    return found;
  }

  const menu = page.locator('.context-view .monaco-menu, .monaco-menu-container .monaco-menu').last();
  const entries = menu.locator('.action-item:not(.disabled) .action-label:not(.separator)');

  async function openMenu(row: Locator): Promise<void> {
    await row.click({ button: 'right' });
    await entries.first().waitFor();
  }

  async function chooseEntry(entry: string | RegExp): Promise<void> {
    const label = typeof entry === 'string' ? isName(entry) : entry;
    const found = entries.filter({ hasText: label }).first();
    // A menu that has just opened takes no click: it may belong to the press that opened it.
    for (let tries = 5; tries > 0 && (await menu.isVisible()); tries--) {
      await page.waitForTimeout(300);
      await found.click({ timeout: 2000 }).catch(() => undefined);
      await menu.waitFor({ state: 'hidden', timeout: 1000 }).catch(() => undefined);
    }
    await menu.waitFor({ state: 'hidden' });
  }

  async function menuOn(row: Locator, entry: string | RegExp): Promise<void> {
    await openMenu(row);
    await chooseEntry(entry);
  }

  async function select(file: string, mark: string, text: string): Promise<void> {
    const line = lineOf(file, mark);
    const words = readFileSync(path.join(bed.folder, file), 'utf8').split('\n')[line - 1] as string;
    const at = words.indexOf(text);
    if (at < 0) throw new Error(`Line ${line} of ${file} has no "${text}".`);
    await openAt(file, line, at + 1);
    for (let i = 0; i < text.length; i++) await page.keyboard.press('Shift+ArrowRight');
  }

  function traffic(): Traffic[] {
    if (!existsSync(trafficFile)) return [];
    return readFileSync(trafficFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Traffic);
  }

  return {
    workbench,
    async breakAt(file, mark) {
      await openAt(file, lineOf(file, mark));
      const drawn = page.locator(
        '.editor-group-container.active .codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified',
      );
      const before = await drawn.count();
      await page.keyboard.press('F9');
      await until('there is one breakpoint more', async () => (await drawn.count()) > before);
    },
    addBreakpoint: (file, mark) => ask({ ask: 'breakAt', file: path.join(bed.folder, file), line: lineOf(file, mark) }),
    clearBreakpoints: () => ask({ ask: 'clearBreakpoints' }),
    openFile: (file) => ask({ ask: 'openFile', file: path.join(bed.folder, file) }),
    start: (name) => nextStop(() => choose(name)),
    async startRunning(name) {
      await choose(name);
      await facts();
    },
    continue: () => nextStop(press('F5')),
    run: press('F5'),
    stepOver: () => nextStop(press('F10')),
    stepInto: () => nextStop(press('F11')),
    stepOut: () => nextStop(press('Shift+F11')),
    pause: () => nextStop(press('F6')),
    restart: () => nextStop(press('Control+Shift+F5')),
    async stop() {
      // The first may only ask a program to end; where it does not, another ends the session.
      for (let tries = 0; tries < 10; tries++) {
        await page.keyboard.press('Shift+F5');
        for (const end = Date.now() + 1200; Date.now() < end; await sleep(20))
          if ((await where()).sessions === 0) return;
      }
      throw new Error('Shift+F5 does not end the debug session.');
    },
    async variables() {
      await showVariables();
      return rows.evaluateAll((elements) =>
        elements
          .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
          .map((element) => ({
            level: Number(element.getAttribute('aria-level')),
            name: (element.querySelector('.name') ?? element).textContent.replace(/\s*[:=]\s*$/, '').trim(),
            value: element.querySelector('.value')?.textContent ?? '',
          })),
      );
    },
    variable,
    menuOn,
    menuOnVariable: async (names, entry) => menuOn(await variable(names), entry),
    async entriesOn(row) {
      await openMenu(row);
      const texts = await entries.allTextContents();
      await page.keyboard.press('Escape');
      await menu.waitFor({ state: 'hidden' });
      return texts;
    },
    async addWatch(expression) {
      await showVariables();
      const header = page.locator('.pane-header[aria-label^="Watch"]');
      await header.hover();
      await header.locator('.action-label[aria-label="Add Expression"]').click();
      const input = page.locator('.debug-watch input.input, .debug-watch .monaco-inputbox input');
      await input.first().fill(expression);
      await input.first().press('Enter');
      const row = page.locator('.debug-watch .monaco-list-row').filter({ hasText: expression }).last();
      await row.waitFor();
      return row;
    },
    select,
    async menuOnSelection(file, mark, text, entry) {
      await select(file, mark, text);
      // A right click into the selection keeps it; its end is where the cursor stands.
      const cursor = page.locator('.editor-group-container.active .cursors-layer .cursor').first();
      const box = await cursor.boundingBox();
      if (box === null) throw new Error('The editor has no cursor.');
      await page.mouse.click(box.x - 3, box.y + box.height / 2, { button: 'right' });
      await entries.first().waitFor();
      await chooseEntry(entry);
    },
    showSideBar: showVariables,
    where,
    stopped,
    sessions: () => ask({ ask: 'sessions' }),
    facts,
    request: (command, parameters, { session, timeoutMs } = {}) =>
      ask({ ask: 'request', command, parameters, session }, timeoutMs),
    startWith: (configuration) => ask({ ask: 'start', configuration }),
    command: (id, ...parameters) => ask({ ask: 'command', id, parameters }),
    async stepBefore(id, ...parameters) {
      const { stops, thread } = await where();
      const said = await ask<string>({ ask: 'stepBefore', threadId: thread, id, parameters });
      await stopped(stops);
      return said;
    },
    async quiet() {
      const last = (): number => traffic().length;
      for (let before = -1, waits = 0; before !== last(); waits++) {
        if (waits === 50) throw new Error('The debugger is asked for something again and again.');
        before = last();
        await sleep(400);
      }
    },
    async chooseFrame(way, name) {
      const isChosen = async (): Promise<boolean> => (await where()).frame?.name.includes(name) === true;
      for (let tries = 0; tries < 5; tries++) {
        if (await isChosen()) return;
        await ask({ ask: 'command', id: `workbench.action.debug.callStack${way}`, parameters: [] });
        await until(`${name} is the chosen frame`, isChosen, 2000).catch(() => undefined);
      }
      if (!(await isChosen())) throw new Error(`${name} is not the chosen frame: ${JSON.stringify(await where())}`);
    },
    timeReads: (what) => ask({ ask: 'timeReads', ...what }, 120_000),
    stepFast: (what) => ask({ ask: 'step', ...what }, 60_000),
    openPeer: (what) => ask({ ask: 'openPeer', ...what }),
    closePeer: () => ask({ ask: 'closePeer' }),
    traffic,
    requestsWhileRunning: (from = 0) => whileRunning(traffic()).filter(({ timeMs }) => timeMs >= from),
  };
}

/** Requests between an answer to `continue` or a step, or a program's start, and the next `stopped` of the same session. */
export function whileRunning(traffic: readonly Traffic[]): Traffic[] {
  const running = new Set<string>();
  return traffic.filter(({ session, kind, name, success }) => {
    const isResponse = kind === 'response' && success === true;
    if (kind === 'event' && name === 'stopped') running.delete(session);
    else if (kind === 'event' && ['continued', 'process'].includes(name)) running.add(session);
    else if (isResponse && ['continue', 'next', 'stepIn', 'stepOut', 'configurationDone'].includes(name)) {
      running.add(session);
    } else if (kind === 'event' && ['terminated', 'exited'].includes(name)) running.delete(session);
    return running.has(session) && kind === 'request' && !controls.has(name);
  });
}
