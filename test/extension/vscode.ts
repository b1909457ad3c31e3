import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/** A whole VS Code, as a server on loopback that a browser opens. */
export interface VSCode {
  /** The workbench, with the folder open. */
  readonly url: string;
  /** Where its settings, logs, home and extensions are. */
  readonly userData: string;
  /** Resolves if the server ends without having been told to. */
  readonly ended: Promise<void>;
  /** Everything said so far by the server, the extension hosts and the output channels. */
  log(): string;
  /** Changes settings, which an open workbench takes over by itself. Those of the whole application belong in options. */
  configure(settings: Record<string, unknown>): void;
  /** Stops the server and starts it again on the same port: an open workbench reconnects when it is reloaded. */
  restart(): Promise<void>;
  /** Ends the server with all that it started, and removes `userData` unless it was given. */
  dispose(): Promise<void>;
}

export interface VSCodeOptions {
  /** `development`: this folder as it was built last. A VSIX is installed as a user would install it. */
  readonly extension: 'development' | 'none' | { readonly vsix: string };
  readonly settings?: Record<string, unknown>;
  readonly env?: Record<string, string>;
  /** Absolute. Otherwise a folder with one text file. */
  readonly folder?: string;
  /** Absolute; kept afterwards. Otherwise a new one that goes with `dispose`. */
  readonly userData?: string;
  /** Folders of further unpacked extensions. */
  readonly alongside?: readonly string[];
  /** Otherwise one that is free. */
  readonly port?: number;
  /** Capabilities that nothing in it can have, though root starts it: `sys_ptrace`. */
  readonly without?: readonly string[];
  /** For the server's command line. */
  readonly parameters?: readonly string[];
}

export const root = path.resolve(import.meta.dirname, '../..');
export const artifacts = path.join(root, '.run/artifacts');

/** Where `npm run package` leaves the VSIX. */
export function vsixFile(): string {
  return path.join(root, `live-memory-${packageVersion()}.vsix`);
}

/** Where it leaves the npm package: the library and the command line. */
export function libraryFile(): string {
  return path.join(root, `live-memory-${packageVersion()}.tgz`);
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

const server = path.join(root, 'test/bed/node_modules/code-server/out/node/entry.js');

/** A workbench that shows nothing but what it is asked for, and says nothing to anybody. */
export const quietSettings = {
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

let started = 0;

/** Starts it and resolves when it listens. */
export async function startVSCode(options: VSCodeOptions): Promise<VSCode> {
  if (!existsSync(server)) throw new Error(`There is no VS Code at ${server}. "npm test" installs it.`);
  const userData = options.userData ?? path.join(root, '.run/vscode', `${process.pid}-${++started}`);
  const place = (name: string): string => path.join(userData, name);
  for (const name of ['home', 'user/User', 'user/Machine', 'extensions', 'folder'])
    mkdirSync(place(name), { recursive: true });
  writeFileSync(place('config.yaml'), '');
  if (options.folder === undefined) writeFileSync(place('folder/notes.txt'), 'Live Memory\n');

  // Those of a machine's scope count in the machine's file only, where the window is in a browser; those of an
  // application's in the user's.
  for (const file of ['user/User/settings.json', 'user/Machine/settings.json'])
    writeSettings(place(file), { ...quietSettings, ...options.settings });

  const env = {
    ...process.env,
    ...options.env,
    HOME: place('home'),
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    // The workbench of a terminal inside VS Code would otherwise be told to open things in that VS Code.
    VSCODE_IPC_HOOK_CLI: undefined,
  };
  const common = ['--config', place('config.yaml'), '--user-data-dir', place('user')];
  common.push('--extensions-dir', place('extensions'));

  const unpacked = [...(options.extension === 'development' ? [root] : []), ...(options.alongside ?? [])];
  linkExtensions(place('extensions'), unpacked);
  if (typeof options.extension === 'object') {
    const install = [server, ...common, '--install-extension', options.extension.vsix, '--force'];
    await promisify(execFile)(process.execPath, install, { env });
  }

  let output = '';
  let child: ChildProcess | undefined;
  let port = options.port ?? 0;

  let tellEnded: () => void;
  const ended = new Promise<void>((resolve) => (tellEnded = resolve));

  async function start(): Promise<void> {
    const serve = [
      ...[server, ...common, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
      ...['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust', '--ignore-last-opened'],
      ...['--disable-getting-started-override', '--disable-file-downloads', ...(options.parameters ?? [])],
    ];
    // In a process group of its own, so that what it starts (extension hosts, adapters, debuggees) ends with it.
    const [program = '', ...parameters] = [...lacking(options.without ?? []), process.execPath, ...serve];
    const running = spawn(program, parameters, {
      env,
      cwd: userData,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = running;
    port = await new Promise<number>((resolve, reject) => {
      const receive = (chunk: Buffer): void => {
        output += chunk.toString();
        const listening = /HTTP server listening on http:\/\/127\.0\.0\.1:(\d+)/i.exec(output.slice(from));
        if (listening) resolve(Number(listening[1]));
      };
      const from = output.length;
      running.stdout.on('data', receive);
      running.stderr.on('data', receive);
      running.on('error', reject);
      running.on('exit', (code) => {
        if (child === running) tellEnded();
        reject(new Error(`VS Code ended with ${code} before it listened:\n${output.slice(from)}`));
      });
    });
  }

  async function stop(): Promise<void> {
    const running = child;
    child = undefined;
    if (running?.pid === undefined) return;
    const exited = new Promise((resolve) => running.once('exit', resolve));
    const alive = running.exitCode === null && running.signalCode === null;
    killGroup(running.pid, 'SIGTERM');
    if (alive) {
      const late = setTimeout(() => killGroup(running.pid as number, 'SIGKILL'), 3000);
      await exited;
      clearTimeout(late);
    }
    killGroup(running.pid, 'SIGKILL');
  }

  const onExit = (): void => {
    if (child?.pid !== undefined) killGroup(child.pid, 'SIGKILL');
  };
  process.on('exit', onExit);
  await start();

  return {
    url: `http://127.0.0.1:${port}/?folder=${encodeURIComponent(options.folder ?? place('folder'))}`,
    userData,
    ended,
    // A server notices changes of its machine's settings, and not of the user's, while a window is open.
    configure: (settings) => writeSettings(place('user/Machine/settings.json'), settings),
    log: () => output + readLogs(place('user/logs')),
    async restart() {
      await stop();
      await start();
    },
    async dispose() {
      process.off('exit', onExit);
      await stop();
      if (options.userData === undefined) rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What a command is put behind to run without capabilities, for good. Empty where there are none to take. */
export function lacking(capabilities: readonly string[]): readonly string[] {
  if (capabilities.length === 0 || process.getuid?.() !== 0) return [];
  const dropped = capabilities.map((name) => `-${name}`).join(',');
  return ['setpriv', '--bounding-set', dropped, '--inh-caps', dropped];
}

/** Installs folders as they are, by naming them in the list that VS Code keeps of what is installed. */
function linkExtensions(directory: string, folders: readonly string[]): void {
  const entries = folders.map((folder) => {
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Record<string, string>;
    return {
      identifier: { id: `${manifest['publisher']}.${manifest['name']}` },
      version: manifest['version'],
      location: { $mid: 1, path: folder, scheme: 'file' },
      metadata: { installedTimestamp: Date.now(), source: 'vsix' },
    };
  });
  writeFileSync(path.join(directory, 'extensions.json'), JSON.stringify(entries));
}

function writeSettings(file: string, settings: Record<string, unknown>): void {
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {};
  writeFileSync(file, JSON.stringify({ ...old, ...settings }, undefined, 2));
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody left.
  }
}

function readLogs(directory: string): string {
  if (!existsSync(directory)) return '';
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => `\n── ${name}\n${readFileSync(path.join(directory, name), 'utf8')}`)
    .join('');
}
