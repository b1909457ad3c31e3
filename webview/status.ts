import { printAddress } from '../common/address.ts';
import { pageOf } from '../common/page.ts';
import type { Pulse } from '../common/protocol.ts';
import type { Range } from '../common/range.ts';
import { findRegion, printAccess, printLabel } from '../common/region.ts';
import type { Grid } from './grid.ts';
import { innermost } from './known.ts';
import { selectedRange } from './selection.ts';
import type { SymbolLabels } from './symbols.ts';
import { setText } from './text.ts';

/** The status line: where the caret is, what is selected, how often it changes, what reading costs. Never wraps. */
export interface StatusLine {
  show(): void;
  setPulse(pulse: Pulse | undefined): void;
  /** Frames in the last second in which a selected byte differed. */
  setRate(changesPerSecond: number): void;
  /** The debugger that the memory is read through, where the process itself is not. */
  setThrough(name: string | undefined): void;
  /** A word on the last write, until the next one. */
  setWrite(text: string): void;
}

export function createStatusLine(parent: HTMLElement, grid: Grid, symbols: SymbolLabels): StatusLine {
  const element = document.createElement('div');
  element.className = 'status';
  parent.append(element);
  const parts = Object.fromEntries(
    ['label', 'variable', 'address', 'access', 'selected', 'rate', 'write', 'through', 'pulse'].map((name) => {
      const span = document.createElement('span');
      span.className = name;
      element.append(span);
      return [name, span];
    }),
  );
  parts['write']?.setAttribute('role', 'status');

  function set(name: string, text: string): void {
    const span = parts[name];
    if (span !== undefined) setText(span, text);
  }

  return {
    show() {
      const { selection, layout } = grid;
      if (selection === undefined) {
        for (const name of ['label', 'variable', 'address', 'access', 'selected']) set(name, '');
        return;
      }
      const range = selectedRange(selection);
      const region = findRegion(layout.table, pageOf(selection.caret));
      set('label', symbols.of('caret', range.start) ?? printLabel(layout.table, range.start) ?? '');
      set('variable', nameOfSelection(grid, range) ?? '');
      set('address', printAddress(range.start));
      set('access', region < 0 ? 'not mapped' : printAccess(layout.table.access[region] ?? 0));
      set('selected', range.length === 1 ? '' : `${range.length.toLocaleString('en')} bytes selected`);
    },
    setPulse(pulse) {
      set('pulse', pulse === undefined ? '' : `read in ${Math.max(1, Math.round(pulse.readMicroseconds))} µs`);
    },
    setRate(changesPerSecond) {
      set('rate', changesPerSecond === 0 ? '' : `${changesPerSecond} change${changesPerSecond === 1 ? '' : 's'}/s`);
    },
    setThrough(name) {
      set('through', name === undefined ? '' : `through the debugger (${name})`);
      const span = parts['through'];
      if (span !== undefined)
        span.title =
          'These bytes are read by the debugger, because the process itself cannot be reached from here. That is slower, and ' +
          'works only while the program is stopped: while it runs, what you see is from its last stop.';
    },
    setWrite: (text) => set('write', text),
  };
}

/** The innermost name that holds all of what is selected. */
function nameOfSelection(grid: Grid, { start, length }: Range): string | undefined {
  const first = grid.known(start);
  if (length === 1) return innermost(first);
  const last = new Set(grid.known(start + BigInt(length - 1)).names.map(({ name }) => name));
  return innermost({ ...first, names: first.names.filter(({ name }) => last.has(name)) });
}
