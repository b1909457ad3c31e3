import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressMax, printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { evaluateExpression, parseExpression, printSymbol, type Expression } from '../../common/expression.ts';
import { expressionNames, labelName, printLabel, tableOfRegions, type Region } from '../../common/region.ts';
import { resolve, type ResolveScope } from '../../native/resolve.ts';
import { hostileName } from './hostile.ts';

/* The address box reads back what labels say, and refuses all else with a sentence. */

const fullName = fc.oneof(
  hostileName.map((name) => name.slice(0, 80)),
  fc
    .array(hostileName, { minLength: 1, maxLength: 3 })
    .map((parts) => `/${parts.map((part) => part.slice(0, 80)).join('/')}`),
  fc.tuple(fc.constantFrom('/a/', '/b/', '/c/d/'), hostileName).map(([folder, name]) => folder + name.slice(0, 80)),
);

/** What makes a name out of another that an expression could take for that one and something after it. */
const suffix = fc.constantFrom('+0x1', '+0x10', '+0', '+', '!', '!malloc', '-1', ' ', '"');

/** Regions of a few names, each name several times, some named alike in different folders, some as expressions of others. */
const regions = fc
  .tuple(
    fc.array(fullName, { minLength: 1, maxLength: 5 }),
    fc.array(suffix, { maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 12 }),
  )
  .map(([drawn, suffixes, rows]) => {
    const names = [...new Set([...drawn, ...suffixes.map((end, i) => `${drawn[i % drawn.length]}${end}`)])];
    let at = 0x1000n;
    return rows.map(([which, gap]): Region => {
      const start = at + BigInt(gap) * 0x1000n;
      at = start + 0x2000n;
      const name = names[which % names.length] as string;
      return { start, end: at, access: 'rw-p', offset: 0n, device: '', inode: 0, name, kind: 'data' };
    });
  });

function scopeOf(list: readonly Region[]): ResolveScope {
  return {
    table: tableOfRegions(list, 1),
    pointerBytes: 8,
    symbols: {
      find: () => Promise.resolve({ addresses: [], isStripped: false }),
      like: () => Promise.resolve([]),
      files: () => Promise.resolve([]),
    },
    read: () => new Uint8Array([0]),
  };
}

test('an address expression reads back every label, whatever the names', async () => {
  await fc.assert(
    fc.asyncProperty(
      regions,
      fc.nat(11),
      fc.oneof(fc.constantFrom(0, 1, 0x10), fc.nat(0x1fff)),
      async (list, which, offset) => {
        const scope = scopeOf(list);
        const address = (list[which % list.length] as Region).start + BigInt(offset);
        const label = printLabel(scope.table, address) as string;
        // An input may drop the blanks around what is pasted.
        expect(label).toBe(label.trim());
        expect((await resolve(label, scope)).address, label).toBe(printAddress(address));
      },
    ),
    { numRuns: 2000 },
  );
});

test('an address expression reads back the label of every symbol, whatever the names', () => {
  fc.assert(
    fc.property(
      regions,
      fc.nat(11),
      fc.oneof(hostileName, fc.nat(11)),
      fc.constantFrom(0n, 1n, 0x10n, 0x1000n),
      (list, which, drawn, offset) => {
        const table = tableOfRegions(list, 1);
        const names = new Set([...expressionNames(table), ...table.names]);
        const { name } = list[which % list.length] as Region;
        // A symbol may be called as a file is.
        const symbol = typeof drawn === 'string' ? drawn : (list[drawn % list.length] as Region).name.slice(-20);
        const label = printSymbol(labelName(table, name), symbol, offset);
        if (label.length > 4096) return;
        const parsed = parseExpression(label, names);
        const found = offset === 0n ? parsed : (parsed as { readonly left: Expression }).left;
        expect(found, label).toMatchObject({ op: 'symbol', symbol });
        const file = (found as { readonly file: string }).file;
        expect([name, name.slice(name.lastIndexOf('/') + 1)], label).toContain(file);
        if (offset > 0n) expect(parsed).toMatchObject({ op: '+', right: { op: 'number', value: offset } });
      },
    ),
    { numRuns: 2000 },
  );
});

test('what is no address is refused with a sentence, and nothing but a MemoryError is thrown', async () => {
  const word = fc.oneof(
    hostileName,
    fc.constantFrom('+', '-', '*', '(', ')', '!', '"', '[', ']', ' ', '0x1', '7', 'x', '\\', '`', '_'),
  );
  await fc.assert(
    fc.asyncProperty(regions, fc.array(word, { maxLength: 14 }), async (list, words) => {
      try {
        const found = await resolve(words.join(''), scopeOf(list));
        expect(BigInt(found.address) <= addressMax).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        expect((error as MemoryError).message).toMatch(/^[^]+[.?]$/);
      }
    }),
    { numRuns: 2000 },
  );
});

test('an expression of any depth and length ends', async () => {
  const scope = { name: () => 1n, symbol: () => 2n, pointer: (at: bigint) => Promise.resolve(at) };
  for (const piece of ['(', '*', '-', '1+', '(1+', 'a!', '!', '"', '[', '1-(', '*(', '0x1+']) {
    for (const count of [15, 64, 65, 500, 5000]) {
      const text = piece.repeat(count);
      for (const whole of [text, `${text}1`, `${text}1${')'.repeat(count)}`]) {
        const outcome = await Promise.resolve()
          .then(() => evaluateExpression(parseExpression(whole), scope))
          .catch((error: unknown) => error);
        if (typeof outcome !== 'bigint') expect(outcome, whole.slice(0, 20)).toMatchObject({ code: 'Invalid' });
      }
    }
  }
});
