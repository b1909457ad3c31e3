import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { buildTarget } from '../target/target.ts';

/** A C program of `test/bench/peers/` that measures the same thing: a number on a line in, a number on a line out. */
export interface Peer {
  ask(times: number): Promise<number>;
  dispose(): void;
}

export async function startPeer(name: string, args: readonly string[]): Promise<Peer> {
  const child = spawn(await buildTarget(`../bench/peers/${name}`, ['-O2']), [...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(times) {
      child.stdin.write(`${times}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${name} has ended`);
      return Number(value);
    },
    dispose: () => void child.kill(),
  };
}
