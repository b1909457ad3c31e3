import { closeSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../../../common/address.ts';
import { pageBytes, type PageNumber } from '../../../common/page.ts';
import { parseMaps } from '../../../native/linux/maps.ts';
import { readStat } from '../../../native/linux/procfs.ts';
import { startTarget, type RunningTarget } from '../../target/target.ts';
import type { Case, Place } from './cases.ts';

/** A target with all places mapped, and a way to its memory that is not the calls under test. */
export interface World {
  readonly target: RunningTarget;
  /** Undefined where this kernel maps no such thing. */
  readonly at: ReadonlyMap<Place, Address>;
  /** The pid that a case is about; a sentence where this machine shows none. */
  pidOf(one: Case): number | string;
  /** What /proc/<pid>/mem has on a page, whatever its access; undefined where there is nothing. */
  peek(page: PageNumber): Buffer | undefined;
  /** Writes what `peek` gave back to where it was. */
  restore(page: PageNumber, bytes: Buffer | undefined): void;
  dispose(): void;
}

/** The byte that a place's memory has at an offset: no two pages alike, nor two words of a page. */
export function patternAt(offset: number): number {
  return (offset * 7 + (offset >>> 8) * 31 + (offset >>> 12) * 101) & 0xff;
}

/** Above them the kernel's half begins, and a number is not exact any more as an address. */
const userPages = 2 ** 35;

export async function createWorld(): Promise<World> {
  const target = await startTarget('scratch');
  const memory = openSync(`/proc/${target.pid}/mem`, 'r+');
  const file = join(tmpdir(), `live-memory-${process.pid}-conformance`);
  const at = new Map<Place, Address>();
  const hex = (address: Address): string => address.toString(16);

  /** Maps pages in the middle of nowhere and fills them, so that what follows them is unmapped. */
  async function map(place: Place, pages: number): Promise<Address> {
    const address = BigInt(await target.ask(`map ${pages + 2} rw`)) + BigInt(pageBytes);
    await target.ask(`unmap ${hex(address - BigInt(pageBytes))} 1`);
    await target.ask(`unmap ${hex(address + BigInt(pages * pageBytes))} 1`);
    const bytes = Uint8Array.from({ length: pages * pageBytes }, (_, offset) => patternAt(offset));
    writeSync(memory, bytes, 0, bytes.length, Number(address));
    at.set(place, address);
    return address;
  }
  async function mapAs(place: Place, access: string, from: number, count: number, pages = 8): Promise<void> {
    const address = (await map(place, pages)) + BigInt(from * pageBytes);
    await target.ask(
      access === 'gap' ? `unmap ${hex(address)} ${count}` : `protect ${hex(address)} ${count} ${access}`,
    );
  }

  await map('data', 1100);
  at.set('untouched', BigInt(await target.ask('map 8 rw')));
  await mapAs('none', '-', 0, 1, 1);
  await mapAs('readOnly', 'r', 0, 1, 1);
  await mapAs('writeOnly', 'w', 0, 1, 1);
  await mapAs('execOnly', 'x', 0, 1, 1);
  await mapAs('readExec', 'rx', 0, 1, 1);
  await mapAs('all', 'rwx', 0, 1, 1);
  await mapAs('readOnlyAt1', 'r', 1, 1, 3);
  await mapAs('noneAt0', '-', 0, 1);
  await mapAs('noneAt3', '-', 3, 1);
  await mapAs('noneAt7', '-', 7, 1);
  await mapAs('gapAt0', 'gap', 0, 1);
  await mapAs('gapAt3', 'gap', 3, 1);
  await mapAs('gapAt7', 'gap', 7, 1);
  await mapAs('noneAt1500', '-', 1500, 1, 1600);
  await map('gapAfter', 1);
  at.set('file', BigInt(await target.ask(`file ${file} 3 100`)));
  at.set('shared', BigInt((await target.ask('shared 4 83')).split(' ')[0] as string));
  at.set('constant', BigInt(target.facts['constant'] as string));
  at.set('code', BigInt(target.facts['main'] as string));
  for (const { name, start, end } of parseMaps(readFileSync(`/proc/${target.pid}/maps`))) {
    if (name === '[heap]') at.set('heap', start);
    if (name === '[stack]') at.set('stack', end - BigInt(pageBytes));
    if (name === '[vdso]') at.set('vdso', start);
    if (name === '[vvar]') at.set('vvar', start);
    if (name === '[vvar_vclock]') at.set('vvarClock', start);
    if (name === '[vsyscall]') at.set('vsyscall', start);
  }
  at.set('null', 0n);
  at.set('kernel', 0xffff_8880_0000_0000n);
  at.set('hole', 0x8000_0000_0000_0000n);
  at.set('last', 2n ** 64n - BigInt(pageBytes));

  const zombie = Number(await target.ask('zombie'));
  const ended = await startTarget('scratch');
  ended.send('exit');
  await ended.exited;

  return {
    target,
    at,
    pidOf(one) {
      switch (one.pid) {
        case undefined:
          return target.pid;
        case 'zombie':
          return zombie;
        case 'exited':
          return ended.pid;
        case 'unused':
          return unusedPid();
        case 'kernel thread':
          return readStat(2)?.isKernelThread === true ? 2 : 'no thread of the kernel is visible from here';
        default:
          return one.pid;
      }
    },
    peek(page) {
      if (page >= userPages) return undefined;
      const bytes = Buffer.alloc(pageBytes);
      try {
        return readSync(memory, bytes, 0, pageBytes, page * pageBytes) === pageBytes ? bytes : undefined;
      } catch {
        // EIO: nothing is mapped there, or nobody may copy it.
        return undefined;
      }
    },
    restore(page, bytes) {
      if (bytes !== undefined) writeSync(memory, bytes, 0, pageBytes, page * pageBytes);
    },
    dispose() {
      closeSync(memory);
      target.dispose();
      rmSync(file, { force: true });
    },
  };
}

/** The highest pid that nobody has. */
function unusedPid(): number {
  let pid = Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1')) - 1;
  while (readStat(pid) !== undefined) pid--;
  return pid;
}
