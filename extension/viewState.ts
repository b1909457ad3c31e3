import { parseAddress, type AddressText } from '../common/address.ts';
import type { Choices, Place, Selection, TargetFacts } from '../common/protocol.ts';
import { choicesFrom } from './choices.ts';

/** What VS Code keeps of a view across a reload of its window; the webview stores it with setState. */
export interface ViewState {
  readonly facts: TargetFacts;
  readonly place: Place | undefined;
  readonly choices: Choices | undefined;
}

/** The state out of whatever was stored, perhaps by an older version; `undefined` where it names no process. */
export function viewStateFrom(value: unknown): ViewState | undefined {
  const stored = record(value);
  const facts = factsFrom(stored['facts'] === undefined ? stored : record(stored['facts']));
  if (facts === undefined) return undefined;
  return {
    facts,
    place: placeFrom(stored['place']),
    choices: stored['choices'] === undefined ? undefined : choicesFrom(stored['choices']),
  };
}

function factsFrom(facts: Record<string, unknown>): TargetFacts | undefined {
  const { pid, startTime } = facts;
  if (typeof pid !== 'number' || typeof startTime !== 'string') return undefined;
  const text = (name: string): string => (typeof facts[name] === 'string' ? facts[name] : '');
  return {
    pid,
    startTime,
    name: text('name'),
    user: text('user'),
    commandLine: text('commandLine'),
    executable: text('executable'),
    pointerBytes: facts['pointerBytes'] === 4 ? 4 : 8,
    ...(typeof facts['through'] === 'string' && { through: facts['through'] }),
  };
}

export function placeFrom(value: unknown): Place | undefined {
  const { top, selection } = record(value);
  if (!isAddress(top)) return undefined;
  const chosen = selectionFrom(selection);
  return { top, ...(chosen !== undefined && { selection: chosen }) };
}

function selectionFrom(value: unknown): Selection | undefined {
  const { anchor, caret } = record(value);
  return isAddress(anchor) && isAddress(caret) ? { anchor, caret } : undefined;
}

function isAddress(value: unknown): value is AddressText {
  return typeof value === 'string' && parseAddress(value) !== undefined;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
