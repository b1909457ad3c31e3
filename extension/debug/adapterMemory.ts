import { Buffer } from 'node:buffer';
import type * as vscode from 'vscode';
import { printAddress, type Address } from '../../common/address.ts';
import { createDisposableStore, type Disposable } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import { adapterReadBytesMax, adapterRequestsMax } from '../../common/limits.ts';
import { addressOfPage, pageBytes, pageOf, PageState } from '../../common/page.ts';
import type { ReadResult } from '../../common/protocol.ts';
import { endOf, type Range } from '../../common/range.ts';
import { ask } from './ask.ts';
import type { Traffic } from './traffic.ts';
import { createTurns } from './turns.ts';

/** Memory of a debuggee as its debugger reads and writes it: only while the program is stopped. */
export interface AdapterMemory extends Disposable {
  /** Names the stop that the program is at; `undefined` while it runs. */
  readonly stop: number | undefined;
  /**
   * Reads a range. Pages of which not every byte came are `withheld`. Rejects with MemoryError: `Conflict` when the program
   * runs, or goes on meanwhile, after which nothing more is asked.
   */
  read(range: Range): Promise<ReadResult>;
  /** Writes what one request takes (`adapterReadBytesMax`). Rejects with MemoryError. */
  write(start: Address, bytes: Uint8Array): Promise<void>;
}

/** Debuggers that refuse a read only where nothing of it can be read; VS Code shows the user each refusal of theirs. */
const givesParts = /gdb|cdt|cppdbg/i;

export function createAdapterMemory(session: vscode.DebugSession, traffic: Traffic): AdapterMemory {
  const store = createDisposableStore();
  const inTurn = createTurns(adapterRequestsMax);
  let stops = 0;
  store.add(traffic.onState(() => stops++));
  const stopNow = (): number | undefined => (traffic.state === 'stopped' ? stops : undefined);

  /** One request, at the stop that it is meant for or not at all. */
  async function request(stop: number, command: string, parameters: Readonly<Record<string, unknown>>) {
    return inTurn(async () => {
      if (stopNow() !== stop) throw running(session);
      const answer = await ask(session, command, parameters);
      // What came after the program went on may be of any moment.
      if (stopNow() !== stop) throw running(session);
      return answer;
    });
  }

  async function readPiece(stop: number, range: Range, into: Uint8Array, states: Uint8Array): Promise<void> {
    const first = pageOf(range.start);
    const whole = endOf(range);
    const came = new Uint32Array(states.length);
    /** Where the page after the one that holds an address begins, or the range ends. */
    const pageEnd = (address: Address): Address => lower(addressOfPage(pageOf(address) + 1), whole);
    const parts: { readonly from: Address; readonly to: Address }[] = [{ from: range.start, to: whole }];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const { from, to } = part;
      let given: Given | undefined;
      try {
        const count = Number(to - from);
        given = givenIn(
          await request(stop, 'readMemory', { memoryReference: printAddress(from), offset: 0, count }),
          from,
          to,
        );
      } catch (error) {
        if (!(error instanceof MemoryError) || error.code !== 'Invalid') throw error;
        // One page that cannot be read may have spoilt the others, but for gdb, which gives what it can of them.
        if (pageEnd(from) < to && !givesParts.test(session.type))
          for (let at = from; at < to; at = pageEnd(at)) parts.push({ from: at, to: pageEnd(at) });
        continue;
      }
      if (given === undefined) {
        if (pageEnd(from) < to) parts.push({ from: pageEnd(from), to });
        continue;
      }
      into.set(given.bytes, Number(given.start - range.start));
      const end = given.start + BigInt(given.bytes.length);
      for (let at = given.start; at < end; at = pageEnd(at))
        came[pageOf(at) - first] = (came[pageOf(at) - first] as number) + Number(lower(pageEnd(at), end) - at);
      if (end < to) parts.push({ from: end, to });
    }
    for (let i = 0; i < states.length; i++) {
      const start = i === 0 ? range.start : addressOfPage(first + i);
      states[i] = came[i] === Number(pageEnd(start) - start) ? PageState.readable : PageState.withheld;
    }
  }

  return {
    get stop() {
      return stopNow();
    },
    async read(range) {
      const stop = stopNow();
      if (stop === undefined) throw running(session);
      const bytes = new Uint8Array(new ArrayBuffer(range.length));
      const first = pageOf(range.start);
      const pages = range.length === 0 ? 0 : pageOf(endOf(range) - 1n) - first + 1;
      const states = new Uint8Array(pages).fill(PageState.unread);
      const pieces: Promise<void>[] = [];
      // Pieces end where pages do, so that no page is put together of two.
      for (let page = first; page < first + pages; page += adapterReadBytesMax / pageBytes) {
        const start = page === first ? range.start : addressOfPage(page);
        const end = lower(addressOfPage(page + adapterReadBytesMax / pageBytes), endOf(range));
        const piece = { start, length: Number(end - start) };
        const at = Number(start - range.start);
        const its = states.subarray(page - first, Math.min(pages, page - first + adapterReadBytesMax / pageBytes));
        pieces.push(readPiece(stop, piece, bytes.subarray(at, at + piece.length), its));
      }
      await Promise.all(pieces);
      return { bytes, states };
    },
    async write(start, bytes) {
      const stop = stopNow();
      if (stop === undefined) throw running(session);
      const answer = await request(stop, 'writeMemory', {
        memoryReference: printAddress(start),
        offset: 0,
        allowPartial: false,
        data: Buffer.from(bytes).toString('base64'),
      });
      const { bytesWritten } = answer;
      if (typeof bytesWritten !== 'number' || bytesWritten === bytes.length) return;
      throw new MemoryError(
        'Protected',
        `The debugger of “${session.name}” wrote ${bytesWritten} of ${bytes.length} bytes at ${printAddress(start)}.`,
        { landed: Math.max(0, Math.min(bytes.length, bytesWritten)) },
      );
    },
    dispose: () => store.dispose(),
  };
}

/** The sentence for what cannot be done while the program runs. */
export function running(session: vscode.DebugSession): MemoryError {
  return new MemoryError(
    'Conflict',
    `“${session.name}” is running, and its memory is read through the debugger, which can only while it is stopped. Pause it first.`,
  );
}

interface Given {
  readonly start: Address;
  readonly bytes: Uint8Array;
}

/**
 * What an answer to readMemory holds of the bytes from `from` to `to`. It may begin later than asked (gdb gives the first block
 * that it can read) and end earlier; `undefined` where there is nothing.
 */
function givenIn(answer: Readonly<Record<string, unknown>>, from: Address, to: Address): Given | undefined {
  const { data, address } = answer;
  if (typeof data !== 'string' || data === '') return undefined;
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  const start = addressIn(address) ?? from;
  const end = lower(start + BigInt(bytes.length), to);
  if (start < from || start >= to || end <= start) return undefined;
  return { start, bytes: bytes.subarray(0, Number(end - start)) };
}

function addressIn(value: unknown): Address | undefined {
  return typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(value.trim()) ? BigInt(value.trim()) : undefined;
}

function lower(a: Address, b: Address): Address {
  return a < b ? a : b;
}
