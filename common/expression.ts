import { addressMax, printAddress, type Address } from './address.ts';
import { MemoryError } from './error.ts';
import { dereferencesMax, expressionCharactersMax } from './limits.ts';

/**
 * What the address box takes:
 *
 *     expression = term { ("+" | "-") term }
 *     term       = { "*" } ( number | name | symbol | "(" expression ")" )
 *     number     = "0x" hex digits | decimal digits, both with "_" or "`" between digits as debuggers print them
 *     name       = "[heap]" | libc.so.6 | "any \"text\" in quotes"
 *     symbol     = [ name ] "!" ( malloc | "main.(*Server).Serve" )
 *
 * `*` reads a pointer of the target's own size. Also a bare run of 9 to 16 hex digits that holds a letter, which is how
 * people paste addresses. A symbol without the name of its file is looked for in all of them.
 */
export type Expression =
  | { readonly op: 'number'; readonly value: bigint }
  | { readonly op: 'name'; readonly name: string }
  | { readonly op: 'symbol'; readonly file: string | undefined; readonly symbol: string }
  | { readonly op: 'dereference'; readonly of: Expression }
  | { readonly op: '+' | '-'; readonly left: Expression; readonly right: Expression };

/** What an expression needs of a target. All reject with MemoryError where there is no such thing. */
export interface ExpressionScope {
  /** The address that a region's or a file's name stands for. */
  name(name: string): Address | Promise<Address>;
  /** The address of a symbol, of the file that a name stands for or of any. */
  symbol(file: string | undefined, symbol: string): Address | Promise<Address>;
  /** The pointer at an address. */
  pointer(address: Address): Promise<Address>;
}

const operator = /[-+*()!]/;
const quoted = /"(?:[^"\\]|\\.)*"/y;
const bracketed = /\[[^\]]*\]/y;
const plain = /[^-+*()!\s"[\]]+/y;

/**
 * Throws MemoryError `Invalid` with a sentence that says what is wrong. `names` are those that the target has: one of
 * them may hold the characters of an operator (`ld-linux-x86-64.so.2`, `libstdc++.so.6`) and need no quotes.
 */
export function parseExpression(text: string, names: ReadonlySet<string> = new Set()): Expression {
  if (text.length > expressionCharactersMax) throw invalid(`It is longer than ${expressionCharactersMax} characters.`);
  const tokens = tokensOf(text, names);
  let next = 0;
  let dereferences = 0;

  function sum(depth: number): Expression {
    let left = term(depth);
    for (let op = tokens[next]; op === '+' || op === '-'; op = tokens[next]) {
      next++;
      left = { op, left, right: term(depth) };
    }
    return left;
  }

  function term(depth: number): Expression {
    if (depth > 64) throw invalid('It has too many brackets inside each other.');
    const word = tokens[next++];
    if (word === undefined) throw invalid(next === 1 ? 'Type one.' : 'It ends where an address should follow.');
    if (word === '*') {
      if (++dereferences > dereferencesMax) throw invalid(`It follows more than ${dereferencesMax} pointers.`);
      return { op: 'dereference', of: term(depth + 1) };
    }
    if (word === '(') {
      const inner = sum(depth + 1);
      if (tokens[next++] !== ')') throw invalid('A closing bracket is missing.');
      return inner;
    }
    if (word === '!') return symbol(undefined);
    if (/^[-+)]$/.test(word)) throw invalid(`An address should stand where "${word}" is.`);
    if (tokens[next] !== '!') return atom(word);
    next++;
    return symbol(nameOf(word));
  }

  function symbol(file: string | undefined): Expression {
    const word = tokens[next++];
    if (word === undefined || operator.test(word.charAt(0))) throw invalid('A symbol should follow the "!".');
    return { op: 'symbol', file, symbol: nameOf(word) };
  }

  const expression = sum(0);
  if (next < tokens.length) throw invalid(`"${tokens[next]}" should not follow there; write + or - between two parts.`);
  return expression;
}

function tokensOf(text: string, names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const character = text.charAt(at);
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    // A file may be called `+1`, or as a symbol and what follows it. Only where a term begins is one meant.
    const previous = found.at(-1) ?? '(';
    const name = /^[-+*(]$/.test(previous) ? longestName(text, at, names) : undefined;
    const word = match(quoted) ?? name ?? match(bracketed) ?? match(plain);
    const next = word ?? (operator.test(character) ? character : undefined);
    if (next === undefined) throw invalid(`${text.slice(at)} has a quote or a bracket that is not closed.`);
    found.push(next);
    at += next.length;
  }
  return found;
}

/** The longest of `names` at a place, where it is more than what a plain word there would be. */
function longestName(text: string, at: number, names: ReadonlySet<string>): string | undefined {
  plain.lastIndex = at;
  let best = plain.exec(text)?.[0];
  let found: string | undefined;
  for (const name of names) {
    if (name.length > (best?.length ?? 0) && text.startsWith(name, at)) best = found = name;
  }
  return found;
}

/** Whether an expression that begins with a name as it is, without quotes, means it, whatever else is called how. */
export function isBareName(name: string, names: Iterable<string>): boolean {
  if (name !== name.trim()) return false;
  for (const other of names) if (other.startsWith(`${name}+`) || other.startsWith(`${name}!`)) return false;
  try {
    const read = parseExpression(name, new Set([name]));
    return read.op === 'name' && read.name === name;
  } catch {
    return false;
  }
}

/** A name as it is, without its quotes. */
function nameOf(word: string): string {
  if (!word.startsWith('"')) return word;
  try {
    return String(JSON.parse(word));
  } catch {
    throw invalid(`${word} is not a quoted name.`);
  }
}

/** `libc.so.6!malloc+0x10` out of a file's name as labels have it; an expression reads it back. */
export function printSymbol(file: string, symbol: string, offset: bigint): string {
  plain.lastIndex = 0;
  const isPlain = plain.exec(symbol)?.[0] === symbol;
  const name = `${file}!${isPlain ? symbol : JSON.stringify(symbol)}`;
  return offset === 0n ? name : `${name}+${printAddress(offset)}`;
}

function atom(word: string): Expression {
  if (word.startsWith('"') || word.startsWith('[')) return { op: 'name', name: nameOf(word) };
  const digits = word.replace(/[_`]/g, '');
  if (/^0x/i.test(digits)) {
    if (!/^0x[0-9a-f]+$/i.test(digits)) throw invalid(`"${word}" is not a hexadecimal number.`);
    return number(BigInt(digits), word);
  }
  if (/^\d+$/.test(digits)) return number(BigInt(digits), word);
  if (/^[0-9a-f]{9,16}$/i.test(digits)) return number(BigInt(`0x${digits}`), word);
  return { op: 'name', name: word };
}

function number(value: bigint, word: string): Expression {
  if (value > addressMax) throw invalid(`${word} is past 2^64, where addresses end (${printAddress(addressMax)}).`);
  return { op: 'number', value };
}

/** Rejects with MemoryError: `Invalid` past either end of the address space, and whatever the scope says. */
export async function evaluateExpression(expression: Expression, scope: ExpressionScope): Promise<Address> {
  switch (expression.op) {
    case 'number':
      return expression.value;
    case 'name':
      return scope.name(expression.name);
    case 'symbol':
      return scope.symbol(expression.file, expression.symbol);
    case 'dereference':
      return scope.pointer(await evaluateExpression(expression.of, scope));
    case '+':
    case '-': {
      const left = await evaluateExpression(expression.left, scope);
      const right = await evaluateExpression(expression.right, scope);
      const value = expression.op === '+' ? left + right : left - right;
      if (value < 0n) throw invalid('It comes out below zero.');
      if (value > addressMax)
        throw invalid(`It comes out past 2^64, where addresses end (${printAddress(addressMax)}).`);
      return value;
    }
  }
}

function invalid(detail: string): MemoryError {
  return new MemoryError(
    'Invalid',
    `That is not an address. ${detail} Try 0x7f…, 4096, [heap]+0x40, libc.so.6!malloc, libc.so.6+0x1234 or *0x7f….`,
  );
}
