import { printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { printSymbol } from '../common/expression.ts';
import { listedRangesMax, symbolGuessesMax } from '../common/limits.ts';
import { labelName, type RegionTable } from '../common/region.ts';
import { nearNames } from '../common/nearNames.ts';
import { debugFileOf } from './elf/debugFile.ts';
import type { SymbolFinding, Symbols } from './symbols.ts';

type Lookup = Pick<Symbols, 'find' | 'like' | 'files'>;

/**
 * The address of a symbol: of a file, by its name in the table, or else of the program, or else of the one file that has
 * it. Rejects with MemoryError where there is none, or where more than one could be meant.
 */
export async function addressOfSymbol(
  table: RegionTable,
  symbols: Lookup,
  file: string | undefined,
  symbol: string,
): Promise<Address> {
  const files = await symbols.files();
  if (file === undefined) return addressInAny(table, symbols, files, symbol);
  const name = labelName(table, file);
  if (!files.includes(file)) {
    throw new MemoryError('Invalid', `${name} is not a file, and has no symbols. Use an offset: ${name}+0x40.`);
  }
  const finding = await symbols.find(file, symbol);
  if (finding.addresses.length > 0) return onlyAddress(printSymbol(name, symbol, 0n), finding.addresses);
  if (finding.reason !== undefined) {
    throw new MemoryError(
      'Unsupported',
      `The symbols of ${name} cannot be had. ${finding.reason} An offset works without: ${name}+0x1234.`,
    );
  }
  const like = nearNames(await symbols.like(file, symbol, symbolGuessesMax), symbol);
  throw noSymbol(`${name} has no symbol "${symbol}".`, like, finding);
}

async function addressInAny(
  table: RegionTable,
  symbols: Lookup,
  files: readonly string[],
  symbol: string,
): Promise<Address> {
  const [program] = files;
  const found: { readonly name: string; readonly addresses: readonly Address[] }[] = [];
  for (const file of files) {
    // Programs call the C library, and that the kernel: its `clock_gettime` is meant only where it is the only one.
    if (found.length > 0 && !file.startsWith('/')) continue;
    const { addresses } = await symbols.find(file, symbol);
    if (addresses.length === 0) continue;
    found.push({ name: printSymbol(labelName(table, file), symbol, 0n), addresses });
    if (file === program) break;
  }
  const [first] = found;
  if (first !== undefined && found.length === 1) return onlyAddress(first.name, first.addresses);
  if (first !== undefined) {
    const names = found.slice(0, listedRangesMax).map(({ name }) => name);
    throw new MemoryError('Invalid', `More than one file has a symbol "${symbol}". Write ${names.join(' or ')}.`);
  }
  const like: string[] = [];
  for (const file of files) like.push(...(await symbols.like(file, symbol, symbolGuessesMax - like.length)));
  throw noSymbol(`No file here has a symbol "${symbol}".`, nearNames([...new Set(like)], symbol));
}

function onlyAddress(name: string, addresses: readonly Address[]): Address {
  if (addresses.length === 1) return addresses[0] as Address;
  const listed = addresses.slice(0, listedRangesMax).map((address) => printAddress(address));
  throw new MemoryError(
    'Invalid',
    `There are ${addresses.length} of ${name}: the file is loaded more than once, or has several of that name. Take one by its address: ${listed.join(' or ')}.`,
  );
}

function noSymbol(what: string, near: readonly string[], finding?: SymbolFinding): MemoryError {
  const parts = [what];
  if (near.length > 0) parts.push(`Did you mean ${near.join(', ')}?`);
  if (finding?.isStripped === true) {
    parts.push('It is stripped: only its dynamic symbols are known.');
    if (finding.buildId !== undefined) parts.push(`Its debug file would be ${debugFileOf(finding.buildId)}.`);
  } else if (near.length === 0) {
    parts.push('Write it as nm prints it; those of C++ and Rust are mangled.');
  }
  return new MemoryError('Unmapped', parts.join(' '));
}
