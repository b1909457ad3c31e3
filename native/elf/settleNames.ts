import { symbolNameBytesMax, symbolsMax } from '../../common/limits.ts';
import { rankTraits, Trait, type SymbolTable } from './symbolTable.ts';

/** What is done between two turns, in bytes of names and in symbols: about a millisecond. */
const pieceBytes = 512 * 1024;
const pieceSymbols = 8192;

const atSign = 0x40;

/**
 * Adds the traits that names tell: `oldVersion` by what follows an @, and `ambiguous` to each symbol whose name, looked up, is
 * not this very place alone: a file's own `count` beside another one's, `memcpy` of an old version. It is settled here once, in
 * steps, because `placesOf` goes through all names and labels are asked for by the thousand. `keys` is room for a key a symbol.
 *
 * Names are told apart by 42 bits of hash, the row below them. Two names that share them hide each other, which costs a label
 * its name and never makes one wrong.
 */
export function* settleNames(table: SymbolTable, keys: BigUint64Array<ArrayBuffer>): Generator<void, void> {
  const { places, names, traits, strings } = table;
  const count = places.length;
  const words = new Uint32Array(keys.buffer);
  const [nameMax, rowShare] = [symbolNameBytesMax, symbolsMax];
  const { oldVersion, ambiguous } = Trait;
  const rankBits = rankTraits;

  for (let i = 0, todo = pieceBytes; i < count; i++) {
    const at = names[i] as number;
    const most = at + nameMax;
    // FNV-1a, and another one beside it.
    let a = 0x811c_9dc5;
    let b = 0;
    let end = at;
    for (let byte; end < most && (byte = strings[end] as number) !== 0 && byte !== atSign; end++) {
      a = Math.imul(a ^ byte, 0x0100_0193);
      b = Math.imul(b + byte, 0x9e37_79b1);
      b ^= b >>> 15;
    }
    // `memcpy@GLIBC_2.2.5`, where `memcpy@@GLIBC_2.14` is the current one.
    if (strings[end] === atSign && strings[end + 1] !== atSign) traits[i] = (traits[i] as number) | oldVersion;
    words[i * 2] = (b >>> 22) * rowShare + i;
    words[i * 2 + 1] = a;
    todo -= end - at + pieceBytes / pieceSymbols;
    if (todo > 0) continue;
    todo = pieceBytes;
    yield;
  }

  keys.subarray(0, count).sort();
  yield;

  for (let from = 0, next = pieceSymbols; from < count;) {
    let to = from;
    const high = words[from * 2 + 1] as number;
    const low = words[from * 2] as number;
    const lowEnd = low - (low % rowShare) + rowShare;
    let least = Infinity;
    let meant = NaN;
    for (; to < count && words[to * 2 + 1] === high && (words[to * 2] as number) < lowEnd; to++) {
      const row = (words[to * 2] as number) % rowShare;
      const rank = (traits[row] as number) & rankBits;
      if (rank > least) continue;
      // Of several places none is meant: NaN is no place.
      meant = rank < least || places[row] === meant ? (places[row] as number) : NaN;
      least = rank;
    }
    for (let k = from; k < to; k++) {
      const row = (words[k * 2] as number) % rowShare;
      if (places[row] !== meant) traits[row] = (traits[row] as number) | ambiguous;
    }
    from = to;
    if (to < next) continue;
    next = to + pieceSymbols;
    yield;
  }
}
