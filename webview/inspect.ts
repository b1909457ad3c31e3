import { offsetInPage, pageBytes, pageOf, PageState } from '../common/page.ts';
import { findRegion, printLabel } from '../common/region.ts';
import { printValue, unitBytes, type Unit } from '../common/value.ts';
import type { Address } from '../common/address.ts';
import type { Grid } from './grid.ts';
import { textCells, unprintable } from './format.ts';
import type { SymbolLabels } from './symbols.ts';
import { setHidden, setText, setTitle } from './text.ts';

/** The value line: what the bytes from the selection's start mean as each type. A click on one writes another value. */
export interface Inspector {
  /** Prints anew; cheap enough for every frame. */
  show(start: Address | undefined): void;
}

const inspected: readonly Unit[] = ['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'f32', 'f64', 'i64', 'u64'];

export interface InspectorActions {
  writeValue(unit: Unit): void;
  follow(): void;
}

export function createInspector(
  parent: HTMLElement,
  grid: Grid,
  symbols: SymbolLabels,
  pointerBytes: () => number,
  actions: InspectorActions,
): Inspector {
  const element = document.createElement('div');
  element.className = 'values';
  element.setAttribute('aria-label', 'Values at the caret');
  parent.append(element);

  // What does not fit is cut from this list; the pointer beside it always has its place.
  const list = part('span', 'list');
  const values = new Map<Unit, { readonly button: HTMLElement; readonly text: HTMLElement }>();
  for (const unit of inspected) {
    const button = part('button', 'value');
    const name = part('span', 'type');
    name.textContent = unit;
    const text = part('span', 'number');
    button.append(name, text);
    button.title = `Write another ${unit} here…`;
    button.addEventListener('click', () => actions.writeValue(unit));
    values.set(unit, { button, text });
    list.append(button);
  }
  const character = part('span', 'value');
  const characterName = part('span', 'type');
  const characterText = part('span', 'number');
  character.append(characterName, characterText);
  const pointer = part('button', 'value pointer');
  pointer.addEventListener('click', () => actions.follow());
  list.prepend(character);
  element.append(list, pointer);

  function bytesAt(start: Address, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    for (let from = 0; from < length;) {
      const at = start + BigInt(from);
      const stored = grid.store.get(pageOf(at));
      if (stored?.state !== PageState.readable) return undefined;
      const offset = offsetInPage(at);
      const piece = stored.bytes.subarray(offset, Math.min(pageBytes, offset + length - from));
      bytes.set(piece, from);
      from += piece.length;
    }
    return bytes;
  }

  return {
    show(start) {
      setHidden(element, start === undefined);
      if (start === undefined) return;
      const { byteOrder, textEncoding } = grid.format;
      for (const [unit, { button, text }] of values) {
        const bytes = bytesAt(start, unitBytes(unit));
        setHidden(button, bytes === undefined);
        if (bytes !== undefined) setText(text, printValue(new DataView(bytes.buffer), 0, unit, byteOrder));
      }
      const encoding = textEncoding === 'ascii' ? 'utf-8' : textEncoding;
      const bytes = bytesAt(start, 4) ?? bytesAt(start, 2) ?? bytesAt(start, 1);
      const cell =
        bytes === undefined ? unprintable : (textCells(bytes, 0, bytes.length, encoding, byteOrder)[0] ?? '');
      const dot = cell === unprintable && bytes?.[0] !== 0x2e;
      setHidden(character, bytes === undefined || dot || cell === '');
      setText(characterName, encoding);
      setText(characterText, cell);
      showPointer(start);
    },
  };

  /** Where the bytes point to, if something is mapped there. */
  function showPointer(start: Address): void {
    const size = pointerBytes();
    const bytes = bytesAt(start, size);
    const view = bytes === undefined ? undefined : new DataView(bytes.buffer);
    const little = grid.format.byteOrder === 'little';
    const target =
      view === undefined ? 0n : size === 8 ? view.getBigUint64(0, little) : BigInt(view.getUint32(0, little));
    const region = findRegion(grid.layout.table, pageOf(target));
    setHidden(pointer, target === 0n || region < 0);
    if (pointer.hidden) return;
    const label = symbols.of('pointer', target) ?? printLabel(grid.layout.table, target) ?? `0x${target.toString(16)}`;
    setText(pointer, `→ ${label}`);
    setTitle(pointer, `Follow the pointer to 0x${target.toString(16)} (Ctrl+Enter)`);
  }
}

function part(tag: 'button' | 'span', className: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}
