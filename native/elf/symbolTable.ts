import { symbolAliasesMax, symbolNameBytesMax } from '../../common/limits.ts';

/**
 * The symbols of one image as columns, ascending by place; row i of every column is symbol i. A place counts bytes from the
 * image's base, and is no address: a copy of the file that is loaded somewhere has the address base + place there.
 */
export interface SymbolTable {
  readonly places: Float64Array;
  /** Where each symbol ends; its place where only that very byte is meant. */
  readonly ends: Float64Array;
  /** The furthest end of all symbols up to this one. */
  readonly reaches: Float64Array;
  /** Where the name begins in `strings`; it ends before a zero. */
  readonly names: Uint32Array;
  /** `Trait` bits. */
  readonly traits: Uint8Array;
  readonly strings: Uint8Array<ArrayBuffer>;
}

export const Trait = {
  weak: 1,
  local: 2,
  /** A version that new programs are not linked with (elf(5) has nothing of it; the LSB does, under symbol versioning). */
  oldVersion: 4,
  /** Neither a function nor an object, by its type: a label of the assembler, a name that the linker made. */
  untyped: 8,
  /** Its end is not its own: it was made up from what follows. */
  sizeless: 16,
  /** Its name, looked up, gives another place, or others as well. */
  ambiguous: 32,
} as const;

/** What says how public a symbol is: the fewer of them the more. */
export const rankTraits = Trait.local | Trait.oldVersion | Trait.weak;

export const emptySymbolTable: SymbolTable = {
  places: new Float64Array(0),
  ends: new Float64Array(0),
  reaches: new Float64Array(0),
  names: new Uint32Array(0),
  traits: new Uint8Array(0),
  strings: new Uint8Array(new ArrayBuffer(1)),
};

/** What a table takes in memory. */
export function tableBytes({ places, ends, reaches, names, traits, strings }: SymbolTable): number {
  return [places, ends, reaches, names, traits, strings].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

export interface FoundSymbol {
  readonly name: string;
  readonly place: number;
}

/**
 * The symbol that a place belongs to: the innermost one that holds it, by its size where it has one, else what begins
 * last before it. Among names for the same place those that people use come first: see `isBetter`. A name counts only where
 * `placesOf` gives that place and no other for it; `undefined` where there is none.
 */
export function symbolAt(table: SymbolTable, place: number): FoundSymbol | undefined {
  const { places, ends, reaches, traits } = table;
  const last = lastUpTo(places, place);
  let guess = -1;
  for (let i = last; i >= 0 && ((reaches[i] as number) > place || places[i] === place); i--) {
    if (!((ends[i] as number) > place || places[i] === place)) continue;
    if (((traits[i] as number) & Trait.sizeless) === 0) return best(table, i, place);
    if (guess < 0) guess = i;
  }
  return guess < 0 ? undefined : best(table, guess, place);
}

/** The last index whose place is not after `place`, or -1. */
function lastUpTo(places: Float64Array, place: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as number) <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

interface Candidate extends FoundSymbol {
  readonly traits: number;
}

/** The best name of those that begin where symbol `last` does, the last of them, and hold the place as it does. */
function best(table: SymbolTable, last: number, place: number): FoundSymbol | undefined {
  const { places, ends, traits } = table;
  const begin = places[last] as number;
  let found: Candidate | undefined;
  const first = Math.max(0, last - symbolAliasesMax + 1);
  for (let i = last; i >= first && places[i] === begin; i--) {
    if (!((ends[i] as number) > place || begin === place)) continue;
    if (((traits[i] as number) & Trait.ambiguous) !== 0) continue;
    const raw = rawName(table, i);
    if (raw === undefined) continue;
    const candidate = { name: plainName(raw), place: begin, traits: traits[i] as number };
    // Bytes that are not UTF-8 cannot be typed.
    if (candidate.name === '' || candidate.name.includes('\ufffd')) continue;
    if (found === undefined || isBetter(candidate, found)) found = candidate;
  }
  return found && { name: found.name, place: begin };
}

/**
 * Names that others can link with come before a file's own, current versions before old ones, and `malloc` before
 * `__libc_malloc`. Leading underscores count before weakness: the C library's `read` is a weak name for `__read`.
 */
function isBetter(a: Candidate, b: Candidate): boolean {
  for (const trait of [Trait.sizeless, Trait.untyped, Trait.local, Trait.oldVersion]) {
    if ((a.traits & trait) !== (b.traits & trait)) return (a.traits & trait) === 0;
  }
  const difference =
    underscores(a.name) - underscores(b.name) ||
    (a.traits & Trait.weak) - (b.traits & Trait.weak) ||
    a.name.length - b.name.length;
  return difference !== 0 ? difference < 0 : a.name < b.name;
}

function underscores(name: string): number {
  return /^_*/.exec(name)?.[0].length ?? 0;
}

/** The places of a name, those of its most public meaning: a file's own `count` is not meant where all can see another. */
export function placesOf(table: SymbolTable, name: string): number[] {
  const wanted = Buffer.from(name);
  if (wanted.length === 0 || wanted.length > symbolNameBytesMax) return [];
  const { names, places, strings, traits } = table;
  const first = wanted[0] as number;
  let least = Infinity;
  const found = new Set<number>();
  for (let i = 0; i < names.length; i++) {
    const at = names[i] as number;
    if (strings[at] !== first) continue;
    let k = 1;
    while (k < wanted.length && strings[at + k] === wanted[k]) k++;
    if (k < wanted.length) continue;
    const next = strings[at + k];
    if (next !== 0 && next !== atSign) continue;
    const rank = (traits[i] as number) & rankTraits;
    if (rank > least) continue;
    if (rank < least) found.clear();
    least = rank;
    found.add(places[i] as number);
  }
  return [...found].sort((a, b) => a - b);
}

/** Names that begin as a wrong one does and are about as long, at most `max` of them. */
export function namesLike(table: SymbolTable, wrong: string, max: number): string[] {
  const { names, strings } = table;
  const first = wrong.charCodeAt(0);
  const found = new Set<string>();
  for (let i = 0; i < names.length && found.size < max; i++) {
    const at = names[i] as number;
    if (strings[at] !== first) continue;
    const end = at + wrong.length;
    // A zero not long before or after the end of the wrong one.
    let zero = Math.max(at + 1, end - 2);
    while (zero <= end + 3 && strings[zero] !== 0 && strings[zero] !== atSign) zero++;
    if (zero <= end + 3) found.add(plainName(rawName(table, i) ?? ''));
  }
  return [...found];
}

const atSign = 0x40;

/** The name as the file has it, with a version behind an @ where one was given; `undefined` for one that is too long. */
function rawName({ names, strings }: SymbolTable, i: number): string | undefined {
  const at = names[i] as number;
  const end = strings.indexOf(0, at);
  if (end < 0 || end - at > symbolNameBytesMax) return undefined;
  return Buffer.from(strings.buffer, at, end - at).toString('utf8');
}

function plainName(raw: string): string {
  const at = raw.indexOf('@');
  return at < 0 ? raw : raw.slice(0, at);
}
