import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { quietSettings, startVSCode } from '../test/extension/vscode.ts';
import { startTarget } from '../test/target/target.ts';
import { build } from './build.ts';
import { root } from './install.mjs';
import { endAll, environmentOfOthers, onStop } from './processes.ts';
import { findOnPath, installPackages, installServer } from './setup.ts';

const usage = `npm start                                   the memory of a demo program
npm start -- --pid 1234                     of a running process
npm start -- --pid 1234 --address '[heap]'  at an address
npm start -- --server --port 8080           in the browser, even where "code" is on the PATH; on this port
npm start -- --no-build                     with what was built last`;

interface Wish {
  readonly pid?: number;
  readonly address?: string;
  readonly port?: number;
  readonly server: boolean;
  readonly build: boolean;
}

function parseWish(parameters: readonly string[]): Wish {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { pid: text, address: text, port: text, server: flag, 'no-build': flag } as const;
  const {
    pid,
    address,
    port,
    server,
    'no-build': noBuild,
  } = (() => {
    try {
      return parseArgs({ args: [...parameters], options }).values;
    } catch (error) {
      throw new Error(`${(error as Error).message.split('.')[0]}.\n${usage}`, { cause: error });
    }
  })();
  if (pid !== undefined && !/^[1-9]\d{0,6}$/.test(pid)) throw new Error(`"${pid}" is not a process id.\n${usage}`);
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw new Error(`"${port}" is not a port.\n${usage}`);
  return {
    ...(pid !== undefined && { pid: Number(pid) }),
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port: Number(port) }),
    server: server === true || port !== undefined,
    build: noBuild !== true,
  };
}

/** Says why a process cannot be opened before anything is opened; the extension explains more, once it runs. */
function checkProcess(pid: number): void {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) throw new Error(`There is no process ${pid}. "ps -e" lists those that there are.`);
  // The name in brackets may hold anything, brackets included.
  const [state, , , , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const name = `${pid} (${stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))})`;
  if (state === 'Z') throw new Error(`Process ${name} has exited already: it is a zombie and has no memory left.`);
  // PF_KTHREAD
  if ((Number(flags) & 0x00200000) !== 0)
    throw new Error(`Process ${name} is a kernel thread; it has no memory of its own.`);
  try {
    closeSync(openSync(`/proc/${pid}/mem`, 'r'));
  } catch {
    const rule = readFileSyncOr('/proc/sys/kernel/yama/ptrace_scope', '0').trim();
    const uid = /^Uid:\s+(\d+)/m.exec(readProc(pid, 'status') ?? '')?.[1];
    throw new Error(
      Number(uid) === process.getuid?.() && rule !== '0'
        ? `This system (kernel.yama.ptrace_scope = ${rule}) keeps processes from reading each other. To open ${name} until ` +
            'the next boot: sudo sysctl kernel.yama.ptrace_scope=0'
        : `You may not read the memory of process ${name}, which runs as uid ${uid}. Run this as that user, or as root.`,
    );
  }
}

function readProc(pid: number, name: string): string | undefined {
  const text = readFileSyncOr(`/proc/${pid}/${name}`, '');
  return text === '' ? undefined : text;
}

function readFileSyncOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

/** The desktop's `code`; not the one of a VS Code server's terminal, nor the Windows one that WSL has on its PATH. */
function findDesktop(): string | undefined {
  if (process.env['DISPLAY'] === undefined && process.env['WAYLAND_DISPLAY'] === undefined) return undefined;
  const code = findOnPath('code');
  return code === undefined || code.startsWith('/mnt/') || code.includes('remote-cli') ? undefined : code;
}

/** Opens a window of the desktop's VS Code with settings of its own, and resolves when the user has closed it. */
async function runDesktop(code: string, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const userData = path.join(root, '.run/vscode', `desktop-${process.pid}`);
  const place = (name: string): string => path.join(userData, name);
  mkdirSync(place('user/User'), { recursive: true });
  writeFileSync(place('user/User/settings.json'), JSON.stringify(quietSettings, undefined, 2));
  const parameters = [
    ...['--user-data-dir', place('user'), '--extensions-dir', place('extensions'), '--new-window', '--wait'],
    ...['--disable-workspace-trust', '--skip-welcome', '--skip-release-notes', `--extensionDevelopmentPath=${root}`],
    // Chromium refuses to run as root with its sandbox.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
  console.log('VS Code opens. Ctrl+C ends it, and what it shows.');
  const window = spawn(code, [...parameters, folder], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  atEnd.push(() => rmSync(userData, { recursive: true, force: true, maxRetries: 5 }));
  await new Promise<void>((resolve, reject) => window.on('exit', () => resolve()).on('error', reject));
}

/** Starts VS Code as a server, shows where, and resolves if it ends by itself. */
async function runServer(folder: string, env: Record<string, string>, port: number | undefined): Promise<void> {
  installServer();
  const vscode = await startVSCode({ extension: 'development', folder, env, ...(port !== undefined && { port }) });
  atEnd.push(() => vscode.dispose());
  console.log(`\nLive Memory is at\n\n  ${vscode.url}\n\nCtrl+C ends it, and what it shows.`);
  const display = process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'];
  const open = findOnPath('xdg-open');
  if (display !== undefined && open !== undefined) {
    const options = { env: environmentOfOthers(), detached: true, stdio: 'ignore' } as const;
    spawn(open, [vscode.url], options).unref();
  }
  await vscode.ended;
  throw new Error(`VS Code has ended by itself:\n${vscode.log()}`);
}

const atEnd: (() => unknown)[] = [];

async function end(): Promise<void> {
  for (const action of atEnd.splice(0).reverse()) await action();
  await endAll();
}

async function main(): Promise<void> {
  const wish = parseWish(process.argv.slice(2));
  const desktop = wish.server ? undefined : findDesktop();
  if (wish.pid === undefined) installPackages(['cc']);
  else checkProcess(wish.pid);
  if (wish.build) build('development');

  const open = { pid: wish.pid ?? 0, ...(wish.address !== undefined && { address: wish.address }) };
  if (wish.pid === undefined) {
    const demo = await startTarget('demo');
    atEnd.push(() => demo.dispose());
    open.pid = demo.pid;
    open.address ??= demo.facts['demo'] ?? '[heap]';
    console.log(`The demo program runs as process ${demo.pid}; test/target/demo.c says what moves in it.`);
  }
  const env = { LIVE_MEMORY_OPEN: JSON.stringify(open) };
  const folder = path.join(root, 'test/target');
  if (desktop === undefined) await runServer(folder, env, wish.port);
  else await runDesktop(desktop, folder, { ...process.env, ...env });
}

const stop = new AbortController();
onStop(() => {
  stop.abort();
  void end().then(() => process.exit(0));
});
try {
  await main();
  await end();
} catch (error) {
  // What breaks because it is being ended is no news.
  if (!stop.signal.aborted) {
    console.error((error as Error).message);
    await end();
    process.exit(1);
  }
}
