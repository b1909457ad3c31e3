import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expressionAt } from '../../extension/debug/expressionAt.ts';

/** The expression at the `|` of a line. */
const at = (marked: string): string | undefined => expressionAt(marked.replace('|', ''), marked.indexOf('|'))?.text;

test('the expression at a column goes up to the end of the name there', () => {
  expect(at('  int a = cou|nter + 1;')).toBe('counter');
  expect(at('|counter')).toBe('counter');
  expect(at('counter|')).toBe('counter');
  expect(at('own.cen|ter.x = 3')).toBe('own.center');
  expect(at('o|wn.center.x = 3')).toBe('own');
  expect(at('node->ne|xt->value')).toBe('node->next');
  expect(at('app::sta|te')).toBe('app::state');
  expect(at('this->$fi|eld')).toBe('this->$field');
  expect(at('a . b|')).toBe('a . b');
});

test('there is none in numbers and between names', () => {
  expect(at('x = 4|2;')).toBeUndefined();
  expect(at('x = 0xf|f;')).toBeUndefined();
  expect(at('x | = 42;')).toBeUndefined();
  expect(at('node-|>next')).toBeUndefined();
  expect(at('')).toBeUndefined();
  expect(at('f(|)')).toBeUndefined();
  expect(at('a |::b')).toBeUndefined();
});

test('whatever the line, what is found is there, has the column in it, and calls nothing', () => {
  const line = fc.string({ unit: fc.constantFrom(...'ab_$1.->:()[] *&'), maxLength: 40 });
  fc.assert(
    fc.property(line, fc.nat({ max: 45 }), (text, column) => {
      const found = expressionAt(text, column);
      if (found === undefined) return;
      expect(text.slice(found.start, found.end)).toBe(found.text);
      expect(found.start).toBeLessThanOrEqual(column);
      expect(found.end).toBeGreaterThanOrEqual(column);
      expect(found.text).toMatch(/^[A-Za-z_$].*[\w$]$|^[A-Za-z_$]$/);
      expect(found.text).not.toMatch(/[()[\]]/);
    }),
  );
});
