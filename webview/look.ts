import type { Address } from '../common/address.ts';
import { PageState } from '../common/page.ts';
import { type Boxes, collectRuns } from './boxes.ts';
import { isPrintableAscii, type RowFormat } from './format.ts';
import type { Geometry } from './geometry.ts';
import { isHot, markOf, sinceStopMark, writtenMark } from './glow.ts';
import type { Place } from './layout.ts';
import type { PlacedMark } from './marks.ts';
import { tintCount, type Names, type PageNames } from './names.ts';
import type { RowSlot } from './rows.ts';
import { addressOf } from './selection.ts';
import type { StoredPage } from './store.ts';
import { clearTints, collectTints, createCollectedTints, type CollectedTints } from './tints.ts';

/** What the looks of rows are made of. */
export interface LookInput {
  readonly names: Names;
  readonly format: RowFormat;
  readonly geometry: Geometry;
  readonly now: number;
  /** Whether what has changed since the last stop is marked, instead of what changes. */
  readonly sinceStop: boolean;
  readonly caret: Address | undefined;
  readonly column: 'bytes' | 'text';
  readonly focused: boolean;
  /** First and last selected byte. */
  readonly selected: readonly [Address, Address] | undefined;
}

/** All that the canvases show of one row. Two that are the same need no drawing in between. */
export interface Look {
  /** By mark. */
  readonly glow: readonly Boxes[];
  /** First nothing, then those on the background, then those on each tint. */
  readonly dim: readonly Boxes[];
  readonly tints: CollectedTints;
  readonly planted: Boxes;
  /** Boxes of the selection, and of the caret: first those of the column that has it, then of the other. */
  readonly selected: readonly [Boxes, Boxes];
  readonly caret: readonly [Boxes, Boxes];
  readonly marks: PlacedMark[];
}

export function createLook(): Look {
  return {
    glow: Array.from({ length: sinceStopMark + 1 }, () => []),
    dim: Array.from({ length: tintCount + 2 }, () => []),
    tints: createCollectedTints(),
    planted: [],
    selected: [[], []],
    caret: [[], []],
    marks: [],
  };
}

export function clearLook(look: Look): void {
  for (const boxes of look.glow) boxes.length = 0;
  for (const boxes of look.dim) boxes.length = 0;
  for (const boxes of look.selected) boxes.length = 0;
  for (const boxes of look.caret) boxes.length = 0;
  clearTints(look.tints);
  look.planted.length = look.marks.length = 0;
}

export function sameLook(a: Look, b: Look): boolean {
  return (
    sameLists(a.glow, b.glow) &&
    sameLists(a.dim, b.dim) &&
    sameLists(a.tints.fills, b.tints.fills) &&
    sameLists(a.tints.begins, b.tints.begins) &&
    sameLists(a.selected, b.selected) &&
    sameLists(a.caret, b.caret) &&
    sameList(a.planted, b.planted) &&
    a.marks.length === b.marks.length &&
    a.marks.every(({ register, index }, i) => b.marks[i]?.register === register && b.marks[i].index === index)
  );
}

function sameLists(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): boolean {
  for (let i = 0; i < a.length; i++) if (!sameList(a[i] as readonly number[], b[i] as readonly number[])) return false;
  return true;
}

function sameList(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** For the bytes of one row; kept, so that a frame allocates nothing. */
const marks = new Uint8Array(64);
const unitMarks = new Uint8Array(64);
const dims = new Uint8Array(64);
const tintOf = new Uint8Array(64);

/** Collects the look of the row at `y`, an empty one before; answers whether any of it glows, and so changes by itself. */
export function collectLook(to: Look, { row, page }: RowSlot, input: LookInput, y: number): boolean {
  if (row?.kind !== 'bytes') return false;
  const start = addressOf(row);
  collectSelection(to, input, start, y);
  collectCaret(to, input, start, y);
  return page?.state === PageState.readable && collectBytes(to, page, row, input, y);
}

function collectBytes(to: Look, page: StoredPage, row: Place, input: LookInput, y: number): boolean {
  const { format, geometry } = input;
  const { offset } = row;
  const count = format.bytesPerRow;
  tintOf.fill(0);
  const names = input.names.page(row.page);
  if (names !== undefined) collectNames(to, names, offset, input, y);
  if (page.planted !== undefined) collectPlanted(to, page.planted, offset, input, y);
  const fades = markBytes(page, offset, count, input);
  if (marks.subarray(0, count).some((mark) => mark !== 0)) {
    const size = format.unit.startsWith('hex') ? 1 : format.unitBytes;
    for (let i = 0; i < count; i++) unitMarks[i] = markOfUnit(i - (i % size), size);
    collectRuns(unitMarks, count, geometry.bytes, y, to.glow);
    collectRuns(marks, count, geometry.text, y, to.glow);
  }
  // What glows is not dimmed: it is to be seen.
  if (format.unit === 'hex8') {
    for (let i = 0; i < count; i++) dims[i] = page.bytes[offset + i] === 0 && marks[i] === 0 ? dimOn(i) : 0;
    collectRuns(dims, count, geometry.bytes, y, to.dim);
  }
  if (format.textEncoding === 'ascii') {
    for (let i = 0; i < count; i++)
      dims[i] = !isPrintableAscii(page.bytes[offset + i] as number) && marks[i] === 0 ? dimOn(i) : 0;
    collectRuns(dims, count, geometry.text, y, to.dim);
  }
  return fades;
}

/** Fills `marks`; answers whether any of them fades. */
function markBytes(page: StoredPage, offset: number, count: number, input: LookInput): boolean {
  const { changedAt, writtenAt, own } = page;
  const hot = isHot(page.hotAt, input.now);
  const atStop = input.sinceStop ? page.atStop : undefined;
  let fades = false;
  for (let i = 0; i < count; i++) {
    const at = offset + i;
    const glow = hot ? markOf(changedAt[at] as number, writtenAt[at] as number, input.now) : 0;
    fades ||= glow !== 0;
    const since = atStop !== undefined && glow !== writtenMark;
    marks[i] = since ? (atStop[at] === own[at] ? 0 : sinceStopMark) : glow;
  }
  return fades;
}

/** A decimal or a float is one text for all its bytes: it has the newest mark of them. */
function markOfUnit(from: number, size: number): number {
  let best = 0;
  for (let i = from; i < from + size; i++) {
    const mark = marks[i] as number;
    if (mark !== 0 && (best === 0 || mark < best)) best = mark;
  }
  return best;
}

/** What a byte is dimmed with: 1 is the background, then the tints. */
function dimOn(index: number): number {
  return 1 + (tintOf[index] as number);
}

function collectNames(to: Look, names: PageNames, offset: number, input: LookInput, y: number): void {
  collectTints(to.tints, names, offset, input, y, tintOf);
  for (const { register, offset: at } of names.marks) {
    if (at >= offset && at < offset + input.format.bytesPerRow) to.marks.push({ register, index: at - offset, y });
  }
}

function collectPlanted(to: Look, planted: Uint8Array, offset: number, input: LookInput, y: number): void {
  const { bytesPerRow } = input.format;
  const row = planted.subarray(offset, offset + bytesPerRow);
  for (const edges of [input.geometry.bytes, input.geometry.text])
    collectRuns(row, bytesPerRow, edges, y, [[], to.planted]);
}

function collectSelection(to: Look, input: LookInput, start: Address, y: number): void {
  if (input.selected === undefined || input.selected[0] === input.selected[1]) return;
  const { geometry, format } = input;
  const count = BigInt(format.bytesPerRow);
  const first = Number(input.selected[0] > start ? input.selected[0] - start : 0n);
  const last = Number(input.selected[1] < start + count - 1n ? input.selected[1] - start : count - 1n);
  if (first > last) return;
  for (const column of ['bytes', 'text'] as const) {
    const left = Math.min(...geometry[column].left.subarray(first, last + 1));
    const right = Math.max(...geometry[column].right.subarray(first, last + 1));
    to.selected[column === input.column ? 0 : 1].push(left, y, right - left);
  }
}

/** The caret's byte and its twin in the other column. */
function collectCaret(
  to: Look,
  { caret, geometry, format, column: its, focused }: LookInput,
  start: Address,
  y: number,
): void {
  if (caret === undefined || caret < start || caret >= start + BigInt(format.bytesPerRow)) return;
  const index = Number(caret - start);
  for (const column of ['bytes', 'text'] as const) {
    const left = geometry[column].left[index] as number;
    to.caret[column === its && focused ? 0 : 1].push(left, y, (geometry[column].right[index] as number) - left);
  }
}
