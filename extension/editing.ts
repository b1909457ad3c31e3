import { addressFrom, printAddress, type AddressText } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { createEmitter, type Event } from '../common/event.ts';
import { editsWaitingMax, writeBytesMax } from '../common/limits.ts';
import type { EditResult, WriteRequest, WriteResult } from '../common/protocol.ts';
import { isValidRange, type Range } from '../common/range.ts';
import { printLabel } from '../common/region.ts';
import { forcing } from './force.ts';
import type { WriteEntry } from './history.ts';
import { printSize } from '../common/size.ts';
import { printTarget, type Target } from './target.ts';

/** Who a write is by when it was typed in a memory view. */
export const byView = 'view';

/** The setting liveMemory.editing. */
export type EditingPolicy = 'ask' | 'on' | 'off';

/** What is asked before bytes change; both answer whether the user said yes. */
export interface EditingQuestions {
  edit(target: Target, who: string): Promise<boolean>;
  force(target: Target, range: Range, reason: string): Promise<boolean>;
}

export interface Edit {
  readonly start: AddressText;
  readonly bytes: Uint8Array;
  readonly expect?: Uint8Array;
  readonly force?: boolean;
}

/** A write that reached the target, by whichever way; `origin` is the view that knows of it already. */
export interface Written {
  readonly target: Target;
  readonly result: EditResult;
  readonly origin: object | undefined;
}

/** Every write goes through here: the user's consent, the agent, the history, the news to all views. */
export interface Editing {
  isOn(target: Target): boolean;
  /** Answers what it is now; asks where nobody has been asked for this target. Rejects where the setting forbids it. */
  set(target: Target, on: boolean): Promise<boolean>;
  /** The setting has changed. */
  refresh(targets: readonly Target[]): void;
  write(target: Target, edit: Edit, who: string, origin?: object): Promise<WriteResult>;
  undo(target: Target, origin?: object): Promise<EditResult>;
  redo(target: Target, origin?: object): Promise<EditResult>;
  readonly onWritten: Event<Written>;
  readonly onEditing: Event<{ readonly target: Target; readonly editing: boolean }>;
}

interface Consent {
  on: boolean;
  /** The user has said yes once; turning editing on by the pencil needs no second question. */
  given: boolean;
  asking: Promise<boolean> | undefined;
  /** The end of the queue: edits of a target happen one after the other, so that undo knows what is last. */
  last: Promise<unknown>;
  waiting: number;
}

export function createEditing(
  policy: () => EditingPolicy,
  questions: EditingQuestions,
  writeTo: (target: Target, request: WriteRequest) => Promise<WriteResult> = (target, request) =>
    target.call('write', request),
): Editing {
  const consents = new WeakMap<Target, Consent>();
  const written = createEmitter<Written>();
  const editingChanged = createEmitter<{ readonly target: Target; readonly editing: boolean }>();

  function consentOf(target: Target): Consent {
    let consent = consents.get(target);
    if (consent === undefined) {
      const on = policy() === 'on';
      consent = { on, given: on, asking: undefined, last: Promise.resolve(), waiting: 0 };
      consents.set(target, consent);
    }
    return consent;
  }

  const isOn = (target: Target): boolean => policy() !== 'off' && consentOf(target).on;

  function turn(target: Target, on: boolean): void {
    const consent = consentOf(target);
    if (consent.on === on) return;
    consent.on = on;
    editingChanged.fire({ target, editing: isOn(target) });
  }

  /** All that is typed while the question is open waits for the one answer. */
  async function ask(target: Target, who: string): Promise<boolean> {
    const consent = consentOf(target);
    if (policy() === 'on') return true;
    consent.asking ??= questions.edit(target, who).finally(() => (consent.asking = undefined));
    const yes = await consent.asking;
    if (yes) consent.given = true;
    return yes;
  }

  function refuseWhereOff(): void {
    if (policy() !== 'off') return;
    throw new MemoryError(
      'Denied',
      'Editing is off by the setting liveMemory.editing. Set it to "ask" or "on" to edit memory.',
    );
  }

  async function ensureOn(target: Target, who: string): Promise<void> {
    refuseWhereOff();
    if (consentOf(target).on) return;
    if (!(await ask(target, who))) {
      throw new MemoryError('Cancelled', `Editing stays off for ${printTarget(target.facts)}; nothing was written.`);
    }
    turn(target, true);
  }

  function inTurn<T>(target: Target, edit: () => Promise<T>): Promise<T> {
    const consent = consentOf(target);
    if (consent.waiting >= editsWaitingMax) {
      throw new MemoryError(
        'Limit',
        `${printTarget(target.facts)} has ${editsWaitingMax} writes waiting and does not answer; this one was not sent.`,
      );
    }
    consent.waiting++;
    const result = consent.last.then(edit).finally(() => consent.waiting--);
    consent.last = result.catch(() => undefined);
    return result;
  }

  /** Calls the agent and records whatever landed, also when the write fails half-way. */
  async function put(
    target: Target,
    edit: Edit,
    who: string,
    origin: object | undefined,
    record: (entry: WriteEntry) => void,
  ): Promise<WriteResult> {
    const { start, bytes, force = false, expect } = edit;
    const landed = (result: WriteResult, count: number, knows: object | undefined): void => {
      const after = bytes.slice(0, count);
      const label = printLabel(target.regions, addressFrom(start));
      const { id, before, held } = result;
      record({ id, timeMs: Date.now(), start: addressFrom(start), label, before, after, who, forced: force, held });
      written.fire({ target, result: { start, bytes: after, held }, origin: knows });
    };
    try {
      const result = await writeTo(target, {
        start,
        bytes,
        ...(expect !== undefined && { expect }),
        ...(force && { force }),
      });
      landed(result, bytes.length, origin);
      return result;
    } catch (error) {
      if (error instanceof MemoryError && error.before !== undefined && (error.landed ?? 0) > 0) {
        const count = error.landed as number;
        // The view that wrote gets the refusal, not the result; so it hears of the landed part like the others.
        landed({ id: shortWriteId--, before: error.before.slice(0, count), held: true }, count, undefined);
      }
      throw error;
    }
  }

  async function back(target: Target, which: 'undo' | 'redo', origin: object | undefined): Promise<EditResult> {
    await ensureOn(target, which);
    return inTurn(target, async () => {
      const { history } = target;
      const entry = which === 'undo' ? history.undoable() : history.redoable();
      if (entry === undefined) {
        throw new MemoryError(
          'Invalid',
          which === 'undo' ? 'There is no write to undo.' : 'There is no write to redo.',
        );
      }
      const [bytes, expect] = which === 'undo' ? [entry.before, entry.after] : [entry.after, entry.before];
      const start = printAddress(entry.start);
      try {
        const record = which === 'undo' ? history.undid : history.redid;
        const edit = { start, bytes, expect, force: entry.forced };
        const { held } = await put(target, edit, which, origin, record);
        return { start, bytes: bytes.slice(), held };
      } catch (error) {
        if (error instanceof MemoryError && error.code === 'Conflict') throw movedOn(entry, which);
        throw error;
      }
    });
  }

  return {
    isOn,
    async set(target, on) {
      if (on) {
        refuseWhereOff();
        const consent = consentOf(target);
        if (consent.given || (await ask(target, byView))) turn(target, true);
      } else {
        turn(target, false);
      }
      return isOn(target);
    },
    refresh(targets) {
      for (const target of targets) {
        if (policy() === 'on') {
          consentOf(target).given = true;
          turn(target, true);
        } else if (policy() === 'off') {
          turn(target, false);
        }
      }
    },
    async write(target, edit, who, origin) {
      const range = { start: addressFrom(edit.start), length: edit.bytes.length };
      checkLength(range);
      await ensureOn(target, who);
      const write = (force: boolean) =>
        inTurn(target, () => put(target, { ...edit, force }, who, origin, target.history.wrote));
      if (edit.force === true) {
        if (await questions.force(target, range, forcing(target.regions, range))) return write(true);
        throw new MemoryError('Cancelled', 'Nothing was written.');
      }
      try {
        return await write(false);
      } catch (error) {
        // Only the user, who sees the page, may go on by force; and only where it would help and nothing has landed yet.
        if (who !== byView || !(error instanceof MemoryError) || error.code !== 'Protected' || (error.landed ?? 0) > 0)
          throw error;
        if (await questions.force(target, range, forcing(target.regions, range))) return write(true);
        throw error;
      }
    },
    undo: (target, origin) => back(target, 'undo', origin),
    redo: (target, origin) => back(target, 'redo', origin),
    onWritten: written.event,
    onEditing: editingChanged.event,
  };
}

/** The agent names whole writes with positive numbers; it gives none to a write that stopped half-way. */
let shortWriteId = -1;

function checkLength(range: Range): void {
  if (range.length === 0) throw new MemoryError('Invalid', 'There are no bytes to write.');
  if (range.length > writeBytesMax) {
    throw new MemoryError(
      'Limit',
      `${printSize(range.length)} are more than one write takes (${printSize(writeBytesMax)}). Write it in parts.`,
    );
  }
  if (!isValidRange(range)) {
    throw new MemoryError(
      'Invalid',
      `${printSize(range.length)} from ${printAddress(range.start)} go past 2^64, where addresses end.`,
    );
  }
}

function movedOn(entry: WriteEntry, which: 'undo' | 'redo'): MemoryError {
  const where = entry.label ?? printAddress(entry.start);
  return new MemoryError(
    'Conflict',
    `The program has changed the ${printSize(entry.after.length)} at ${where} since; to ${which} the write would overwrite ` +
      'what it put there. Nothing was written, and the write stays in the history.',
  );
}
