import { printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { listedRangesMax } from '../../common/limits.ts';
import { PageState, printPageState } from '../../common/page.ts';
import { endOf, type Range } from '../../common/range.ts';
import { say } from './output.ts';

/** A part of a range that could not be read, and why. */
export interface Hole {
  readonly range: Range;
  readonly state: PageState;
}

/** Appends to an ascending list, making one of two neighbours with the same reason. */
export function addHole(holes: Hole[], range: Range, state: PageState): void {
  const last = holes.at(-1);
  if (last?.state === state && endOf(last.range) === range.start)
    holes[holes.length - 1] = { range: { start: last.range.start, length: last.range.length + range.length }, state };
  else holes.push({ range, state });
}

export function holeJson({ range, state }: Hole): Record<string, unknown> {
  return { address: printAddress(range.start), length: range.length, reason: printPageState(state) };
}

function printHole({ range, state }: Hole): string {
  return `${printAddress(range.start)}, ${range.length} bytes: ${printPageState(state)}`;
}

/** Says on standard error what could not be read. `canForce`: whether the command has --force. */
export function sayHoles(holes: readonly Hole[], canForce = true): void {
  for (const hole of holes.slice(0, listedRangesMax)) say(printHole(hole));
  if (holes.length > listedRangesMax) say(`and ${holes.length - listedRangesMax} more ranges, which --json lists.`);
  const remedy = remedyOf(holes, canForce);
  if (remedy !== '') say(remedy);
}

/** The error where nothing of a range could be read. */
export function nothingRead(range: Range, holes: readonly Hole[]): MemoryError {
  const [only] = holes;
  const code = holes.every(({ state }) => state === PageState.unmapped) ? 'Unmapped' : 'Protected';
  const listed = holes.slice(0, listedRangesMax).map(printHole).join('; ');
  const reason = holes.length === 1 && only !== undefined ? printPageState(only.state) : listed;
  const message = `Nothing could be read of the ${range.length} bytes at ${printAddress(range.start)}: ${reason}.`;
  return new MemoryError(code, [message, remedyOf(holes)].join(' ').trim());
}

/** Which option would read what there is. */
export function remedyOf(holes: readonly Hole[], canForce = true): string {
  const has = (...states: readonly PageState[]): boolean => holes.some(({ state }) => states.includes(state));
  const remedies: string[] = [];
  if (has(PageState.absent, PageState.swapped))
    remedies.push('--fault-in brings in what is not in memory, and reads it.');
  if (canForce && has(PageState.noAccess, PageState.noRead))
    remedies.push('--force reads what the program itself may not.');
  return remedies.join(' ');
}
