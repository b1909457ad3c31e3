import { createChannel, type Answers, type Channel, type Hears, type Port } from '../../common/channel.ts';
import { MemoryError } from '../../common/error.ts';
import type { AgentContract, AgentHostContract } from '../../common/protocol.ts';
import { tableOfRegions, type Region } from '../../common/region.ts';
import type { OpenAgent } from '../../extension/target.ts';

export interface ArrayAgent {
  readonly open: OpenAgent;
  /** The next write stops after so many bytes. */
  shorten(bytes: number): void;
  /** The process is gone from now on, which is noticed at the next read. */
  end(reason: string): void;
  /** Reads are never answered from now on. */
  stick(): void;
  /** Agents that were opened and not disposed. */
  running(): number;
}

/** An agent over an array: the second page is read-only, and writes may be cut short. */
export function arrayAgent(memory: Uint8Array, base: bigint): ArrayAgent {
  let lastId = 0;
  let short: number | undefined;
  let opened = 0;
  let gone: string | undefined;
  let stuck = false;
  const region = (start: bigint, access: string): Region => ({
    start,
    end: start + 4096n,
    access,
    offset: 0n,
    device: '00:00',
    inode: 0,
    name: access === 'rw-p' ? '[heap]' : '/bin/constants',
    kind: access === 'rw-p' ? 'heap' : 'rodata',
  });
  const no = (): never => {
    throw new Error('not in this test');
  };
  const answers: Answers<AgentContract['calls']> = {
    list: no,
    running: no,
    whyDenied: no,
    resolve: no,
    label: no,
    original: no,
    read: ({ length }) => {
      if (stuck) return new Promise(() => undefined);
      if (gone !== undefined) {
        agents.forEach((agent) => agent.say('status', { state: 'gone', sinceMs: 1, reason: gone ?? '' }));
        throw new MemoryError('Gone', gone);
      }
      return { bytes: new Uint8Array(length), states: new Uint8Array(1) };
    },
    save: no,
    successors: no,
    attach: ({ pid }) => ({
      pid,
      name: 'toy',
      user: 'me',
      commandLine: 'toy',
      executable: '/toy',
      startTime: '1',
      pointerBytes: 8,
    }),
    write({ start, bytes, expect: expected, force }) {
      const at = Number(BigInt(start) - base);
      if (force !== true && at + bytes.length > 4096) throw new MemoryError('Protected', 'read-only');
      const before = memory.slice(at, at + bytes.length);
      if (expected !== undefined && Buffer.compare(before, expected) !== 0)
        throw new MemoryError('Conflict', 'moved on');
      const landed = Math.min(short ?? bytes.length, bytes.length);
      short = undefined;
      memory.set(bytes.subarray(0, landed), at);
      if (landed < bytes.length)
        throw new MemoryError('Protected', 'cut short', { landed, before: before.slice(0, landed) });
      return { id: ++lastId, before, held: true };
    },
  };
  const agents: Channel<AgentHostContract>[] = [];
  const open: OpenAgent = (hears) => {
    opened++;
    const [ours, theirs] = createPorts();
    const ignored = new Proxy({}, { get: () => () => undefined, has: () => true }) as Hears<AgentContract['says']>;
    const agent = createChannel<AgentContract, AgentHostContract>(theirs, answers, ignored);
    const channel = createChannel<AgentHostContract, AgentContract>(ours, {}, hears);
    agents.push(agent);
    agent.say('regions', tableOfRegions([region(base, 'rw-p'), region(base + 4096n, 'r--p')], 1));
    return {
      channel,
      dispose() {
        opened--;
        channel.close(new Error('disposed'));
      },
    };
  };
  return {
    open,
    shorten: (bytes) => (short = bytes),
    end: (reason) => (gone = reason),
    stick: () => (stuck = true),
    running: () => opened,
  };
}

function createPorts(): [Port, Port] {
  const ears: ((message: unknown) => void)[] = [];
  const port = (mine: number, other: number): Port => ({
    post: (message) => queueMicrotask(() => ears[other]?.(structuredClone(message))),
    listen: (receive) => (ears[mine] = receive),
  });
  return [port(0, 1), port(1, 0)];
}
