import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { printAddress, type Address } from '../../common/address.ts';
import type { Hears } from '../../common/channel.ts';
import type { Frame } from '../../common/frame.ts';
import { pageBytes, pageOf, PageState } from '../../common/page.ts';
import type { AgentHostContract, Pulse, Residency, TargetStatus } from '../../common/protocol.ts';
import type { RegionTable } from '../../common/region.ts';
import { attach } from '../../native/attach.ts';
import type { Process } from '../../native/process.ts';
import { openAgent, type Agent } from '../../native/spawn.ts';
import { startTarget, type RunningTarget, type StartOptions } from '../target/target.ts';
import { buildAgent } from '../agentFile.ts';

export interface Scratch extends RunningTarget {
  /** Maps pages; with `fill`, page i is full of fill + i. */
  map(pages: number, access: string, fill?: number): Promise<Address>;
  protect(address: Address, pages: number, access: string): Promise<void>;
  unmap(address: Address, pages: number): Promise<void>;
  /** The bytes as the program itself sees them. */
  peek(address: Address, length: number): Promise<Uint8Array>;
}

/** A scratch target that ends with the test. */
export async function startScratch(options?: StartOptions): Promise<Scratch> {
  const target = await startTarget('scratch', [], options);
  onTestFinished(() => target.dispose());
  const hex = (address: Address): string => address.toString(16);
  const ok = async (line: string): Promise<void> => {
    const answer = await target.ask(line);
    if (answer !== 'ok') throw new Error(`${line}: ${answer}`);
  };
  return {
    ...target,
    map: async (pages, access, fill) =>
      BigInt(await target.ask(`map ${pages} ${access}${fill === undefined ? '' : ` ${fill}`}`)),
    protect: (address, pages, access) => ok(`protect ${hex(address)} ${pages} ${access}`),
    unmap: (address, pages) => ok(`unmap ${hex(address)} ${pages}`),
    peek: async (address, length) => Buffer.from(await target.ask(`peek ${hex(address)} ${length}`), 'hex'),
  };
}

/** Attaches until the test ends. */
export async function attachTo(pid: number): Promise<Process> {
  const attached = await attach(pid);
  onTestFinished(() => attached.dispose());
  return attached;
}

export function addressOf(target: RunningTarget, fact: string): Address {
  return BigInt(target.facts[fact] as string);
}

/** Page numbers from an address on. */
export function pagesFrom(address: Address, count: number, step = 1): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => pageOf(address) + i * step);
}

/** An agent in its worker, everything that it says kept in order. */
export interface Connected extends Agent {
  readonly frames: { readonly view: number; readonly frame: Frame }[];
  readonly regions: RegionTable[];
  readonly residencies: Residency[];
  readonly statuses: TargetStatus[];
  readonly pulses: Pulse[];
  readonly overwritten: { readonly id: number; readonly afterMs: number }[];
  readonly progress: { readonly id: number; readonly doneBytes: number }[];
  /** Whether frames are answered with `drawn` at once. */
  draws: boolean;
}

export const workerFile = buildAgent();

export function connect(): Connected {
  const kept: Omit<Connected, keyof Agent> = {
    frames: [],
    regions: [],
    residencies: [],
    statuses: [],
    pulses: [],
    overwritten: [],
    progress: [],
    draws: true,
  };
  const hears: Hears<AgentHostContract['says']> = {
    frame: (body) => {
      kept.frames.push(body);
      if (kept.draws) agent.channel.say('drawn', { view: body.view, seq: body.frame.seq });
    },
    regions: (table) => void kept.regions.push(table),
    residency: (residency) => void kept.residencies.push(residency),
    status: (status) => void kept.statuses.push(status),
    pulse: (pulse) => void kept.pulses.push(pulse),
    overwritten: (body) => void kept.overwritten.push(body),
    saveProgress: (body) => void kept.progress.push(body),
  };
  const agent = openAgent(workerFile, hears);
  onTestFinished(() => agent.dispose());
  return Object.assign(kept, agent);
}

export async function connectTo(pid: number): Promise<Connected> {
  const connected = connect();
  await connected.channel.call('attach', { pid });
  return connected;
}

/** The bytes of a page in a frame; `undefined` where it is not in it or not readable. */
export function pageIn(frame: Frame, page: number): Uint8Array | undefined {
  let at = 0;
  for (let i = 0; i < frame.pages.length; i++) {
    if (frame.states[i] !== PageState.readable) continue;
    if (frame.pages[i] === page) return frame.bytes.subarray(at, at + pageBytes);
    at += pageBytes;
  }
  return undefined;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something holds; fails with `what` after five seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 5000; Date.now() < endMs; await pause(5)) if (await holds()) return;
  throw new Error(`waited in vain until ${what}`);
}

export const text = printAddress;

export const isRoot = process.getuid?.() === 0;
export const nobody = 65534;

/** Runs `test/live/as-user.ts` as another user and gives the JSON that it prints. */
export function asUser(uid: number, ...words: string[]): Promise<unknown> {
  return askUnder([], words, { uid, gid: uid });
}

/** Runs it at the end of a command line that says as whom and where, like `['unshare', '--user']`; gives what it prints. */
export function askUnder(
  under: readonly string[],
  words: readonly string[],
  user: { uid?: number; gid?: number } = {},
): Promise<unknown> {
  const script = fileURLToPath(new URL('as-user.ts', import.meta.url));
  const [command = process.execPath, ...rest] = [...under, process.execPath, '--no-warnings', script, ...words];
  return new Promise((resolve, reject) => {
    execFile(command, rest, user, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(stderr || error.message));
      else resolve(JSON.parse(stdout));
    });
  });
}
