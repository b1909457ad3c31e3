import { asError } from '../common/error.ts';
import { addressOfPage, pageOf } from '../common/page.ts';
import { printAddress, type Address } from '../common/address.ts';
import { writeBytesMax } from '../common/limits.ts';
import type { EditResult } from '../common/protocol.ts';
import { findRegion, printLabel } from '../common/region.ts';
import { printSize } from '../common/size.ts';
import { parseValue, printValue, unitBytes, type Unit } from '../common/value.ts';
import type { Grid } from './grid.ts';
import { encodeText, fillWith, parseHex } from './paste.ts';
import type { HostChannel } from './port.ts';
import type { Prompt } from './prompt.ts';
import { moveCaret, selectedRange } from './selection.ts';

/** All that changes bytes. Each of these is one write, and one undo. */
export interface Editor {
  /** A key that types: a hex digit in the bytes column, any character in the text column. Answers whether it did. */
  type(character: string): boolean;
  /** Forgets a digit that waits for its second one; answers whether there was one. */
  cancel(): boolean;
  /** The digit that waits, and where; shown in place of the byte. */
  readonly half: { readonly address: Address; readonly digit: string } | undefined;
  paste(text: string): void;
  fill(): void;
  writeValue(unit: Unit | undefined, text?: string): void;
  /** Overwrites the selection with zeros, which is what is left of bytes that are cut. */
  clear(): void;
  undo(): void;
  redo(): void;
}

export interface EditorOutcome {
  failed(message: string): void;
  wrote(result: EditResult, what: string): void;
  halfChanged(): void;
}

export function createEditor(grid: Grid, host: HostChannel, prompt: Prompt, outcome: EditorOutcome): Editor {
  let half: { address: Address; digit: string } | undefined;
  /** Writes go out one after the other, in the order they were typed. */
  let queue: Promise<void> = Promise.resolve();
  /** Rises when a write fails: what was typed after it and waits is dropped, for it was typed on a wrong belief. */
  let failures = 0;

  function setHalf(next: typeof half): void {
    half = next;
    outcome.halfChanged();
  }

  function enqueue(what: string, run: () => Promise<EditResult>): void {
    const believed = failures;
    queue = queue.then(async () => {
      if (believed !== failures) return;
      try {
        const result = await run();
        outcome.wrote(result, what);
      } catch (error) {
        failures++;
        outcome.failed(asError(error).message);
      }
    });
  }

  function write(start: Address, bytes: Uint8Array): void {
    setHalf(undefined);
    const problem = tooLong(start, bytes.length);
    if (problem === undefined) {
      enqueue('written', () => host.call('write', { start: printAddress(start), bytes }));
    } else outcome.failed(problem);
  }

  /** A sentence where a write would reach past the mapped memory that it begins in. */
  function tooLong(start: Address, length: number): string | undefined {
    if (length > writeBytesMax) {
      return `That is ${printSize(length)}; one write takes at most ${printSize(writeBytesMax)}. Nothing was written.`;
    }
    const { table } = grid.layout;
    let region = findRegion(table, pageOf(start));
    if (region < 0) return `Nothing is mapped at ${printAddress(start)}, so nothing was written.`;
    while (table.starts[region + 1] === table.ends[region]) region++;
    const room = addressOfPage(table.ends[region] as number) - start;
    if (BigInt(length) <= room) return undefined;
    const place = printLabel(table, start) ?? printAddress(start);
    return `That is ${length.toLocaleString('en')} bytes, but only ${room.toLocaleString('en')} are mapped from ${place}. Nothing was written: paste less, or begin further up.`;
  }

  function advance(bytes: number): void {
    const { selection } = grid;
    if (selection === undefined) return;
    let caret = selection.caret;
    for (let i = 0; i < bytes; i++) caret = moveCaret(grid.layout, caret, 'right', 1);
    grid.select({ anchor: caret, caret, column: selection.column }, 'nearest');
  }

  function typeHex(digit: string): void {
    const caret = grid.selection?.caret;
    if (caret === undefined) return;
    if (half?.address !== caret) {
      setHalf({ address: caret, digit });
      return;
    }
    const byte = parseInt(half.digit + digit, 16);
    write(caret, Uint8Array.of(byte));
    advance(1);
  }

  function typeText(character: string): boolean {
    const caret = grid.selection?.caret;
    if (caret === undefined) return false;
    const bytes = encodeText(character, grid.format.textEncoding, grid.format.byteOrder);
    if (typeof bytes === 'string') {
      outcome.failed(bytes);
      return true;
    }
    write(caret, bytes);
    advance(bytes.length);
    return true;
  }

  function valueText(start: Address, unit: Unit): string {
    const bytes = new Uint8Array(unitBytes(unit));
    for (let i = 0; i < bytes.length; i++) {
      const at = start + BigInt(i);
      bytes[i] = grid.store.get(pageOf(at))?.bytes[Number(at & 0xfffn)] ?? 0;
    }
    return printValue(new DataView(bytes.buffer), 0, unit, grid.format.byteOrder);
  }

  function writeValue(unit: Unit | undefined, text?: string): void {
    if (grid.selection === undefined) return;
    const { start } = selectedRange(grid.selection);
    const chosen = unit ?? (grid.format.unit === 'hex8' ? 'i32' : grid.format.unit);
    prompt.ask({
      label: `Write at ${printLabel(grid.layout.table, start) ?? printAddress(start)}`,
      text: text ?? valueText(start, chosen),
      unit: chosen,
      button: 'Write',
      accept(input, as) {
        const bytes = parseValue(input, as, grid.format.byteOrder);
        if (typeof bytes === 'string') return bytes;
        write(start, bytes);
        return undefined;
      },
    });
  }

  return {
    get half() {
      return half;
    },
    type(character) {
      const { selection, format } = grid;
      if (selection === undefined) return false;
      if (selection.column === 'text') return typeText(character);
      if (format.unit !== 'hex8') {
        // A digit of a wider unit, a decimal or a float means nothing by itself: the whole value is asked for.
        if (!/^[-+.\dA-Fa-f]$/.test(character)) return false;
        writeValue(format.unit, character);
        return true;
      }
      if (!/^[\da-f]$/i.test(character)) return false;
      typeHex(character.toLowerCase());
      return true;
    },
    cancel() {
      if (half === undefined) return false;
      setHalf(undefined);
      return true;
    },
    paste(text) {
      const { selection } = grid;
      if (selection === undefined) return;
      const bytes =
        selection.column === 'text'
          ? encodeText(text, grid.format.textEncoding, grid.format.byteOrder)
          : parseHex(text);
      if (typeof bytes === 'string') outcome.failed(`${bytes} Nothing was written.`);
      else if (bytes.length > 0) write(selectedRange(selection).start, bytes);
    },
    fill() {
      if (grid.selection === undefined) return;
      const range = selectedRange(grid.selection);
      prompt.ask({
        label: `Fill ${range.length.toLocaleString('en')} byte${range.length === 1 ? '' : 's'} with`,
        text: '00',
        button: 'Fill',
        accept(input) {
          if (range.length > writeBytesMax) return tooLong(range.start, range.length);
          const pattern = parseHex(input);
          if (typeof pattern === 'string') return pattern;
          write(range.start, fillWith(pattern, range.length));
          return undefined;
        },
      });
    },
    writeValue,
    clear() {
      if (grid.selection === undefined) return;
      const range = selectedRange(grid.selection);
      if (range.length > writeBytesMax) outcome.failed(tooLong(range.start, range.length) ?? '');
      else write(range.start, new Uint8Array(range.length));
    },
    undo() {
      setHalf(undefined);
      enqueue('undone', () => host.call('undo', {}));
    },
    redo() {
      setHalf(undefined);
      enqueue('redone', () => host.call('redo', {}));
    },
  };
}
