import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistory, type WriteEntry } from '../../extension/history.ts';

let lastId = 0;

function entry(start: bigint, before: number[], after: number[], who = 'view'): WriteEntry {
  return {
    id: ++lastId,
    timeMs: 0,
    start,
    label: undefined,
    before: Uint8Array.from(before),
    after: Uint8Array.from(after),
    who,
    forced: false,
    held: true,
  };
}

/** The entry that takes back `of`, or as much of it as landed. */
function back(of: WriteEntry, landed = of.after.length): WriteEntry {
  return entry(of.start, [...of.after.slice(0, landed)], [...of.before.slice(0, landed)], 'undo');
}

describe('createHistory', () => {
  it('undid() moves the last write to redo, and wrote() forgets what could be redone', () => {
    const history = createHistory();
    const first = entry(0n, [1], [2]);
    const second = entry(8n, [3], [4]);
    history.wrote(first);
    history.wrote(second);
    history.undid(back(second));
    expect(history.undoable()).toEqual(first);
    expect(history.redoable()).toEqual(second);
    history.wrote(entry(16n, [5], [6]));
    expect(history.redoable()).toBeUndefined();
    expect(history.entries()).toHaveLength(4);
  });

  it('undid() that landed in part leaves the rest to be undone', () => {
    const history = createHistory();
    const write = entry(0x1000n, [1, 2, 3, 4], [5, 6, 7, 8]);
    history.wrote(write);
    history.undid(back(write, 3));
    expect(history.undoable()).toMatchObject({ start: 0x1003n, before: Uint8Array.of(4), after: Uint8Array.of(8) });
    expect(history.redoable()).toMatchObject({
      start: 0x1000n,
      before: Uint8Array.of(1, 2, 3),
      after: Uint8Array.of(5, 6, 7),
    });
  });

  it('overwritten() tells the entry, and nothing of a write that is not known', () => {
    const history = createHistory();
    const write = entry(0n, [1], [2]);
    history.wrote(write);
    expect(history.overwritten(write.id, 30)?.overwrittenAfterMs).toBe(30);
    expect(history.entries()[0]?.overwrittenAfterMs).toBe(30);
    expect(history.overwritten(-5, 1)).toBeUndefined();
  });

  it('keeps within both bounds and never offers to undo what it has forgotten', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 40 }), undo: fc.boolean() }), { maxLength: 60 }),
        (steps) => {
          const history = createHistory(8, 100);
          for (const { size, undo } of steps) {
            const last = history.undoable();
            if (undo && last !== undefined) history.undid(back(last));
            else history.wrote(entry(0n, Array<number>(size).fill(0), Array<number>(size).fill(1)));
            const entries = history.entries();
            const bytes = entries.reduce((sum, { before, after }) => sum + before.length + after.length, 0);
            expect(entries.length).toBeLessThanOrEqual(8);
            expect(entries.length === 1 || bytes <= 100).toBe(true);
            const ids = new Set(entries.map(({ id }) => id));
            for (const offered of [history.undoable(), history.redoable()]) {
              if (offered !== undefined) expect(ids.has(offered.id)).toBe(true);
            }
          }
        },
      ),
    );
  });
});
