import type { Address } from '../common/address.ts';
import type { Disposable } from '../common/dispose.ts';
import { printSymbol } from '../common/expression.ts';
import { pageOf } from '../common/page.ts';
import type { TargetFacts } from '../common/protocol.ts';
import { findRegion, labelName, regionName, type Region, type RegionTable } from '../common/region.ts';
import { createImages, type ReadRange } from './elf/images.ts';
import type { Image } from './elf/image.ts';
import { codePlace, isLoaded, pageSizeOf, placementsOf, type Placement } from './elf/placement.ts';
import { namesLike, placesOf, symbolAt } from './elf/symbolTable.ts';

/** What symbols need of a process. `regions` makes the table new, too. */
export interface SymbolTarget {
  readonly pid: number;
  readonly facts: Pick<TargetFacts, 'executable'>;
  readonly table: RegionTable;
  regions(): Promise<readonly Region[]>;
  readonly readIntoSync: ReadRange;
}

/** What a file has of a symbol's name. */
export interface SymbolFinding {
  /** More than one where the file is loaded more than once, or has several of that name. */
  readonly addresses: readonly Address[];
  /** Why nothing is known of its symbols, as a sentence. */
  readonly reason?: string;
  /** Whether only the symbols that other files link with are known. */
  readonly isStripped: boolean;
  readonly buildId?: string;
}

/** The symbols of the files that a process has loaded. Everything rejects with Gone where the process has gone. */
export interface Symbols extends Disposable {
  /**
   * `libc.so.6!malloc+0x10`, which an address expression reads back. `undefined` where no symbol holds the address, and where
   * none that does has a name that means it alone.
   */
  label(address: Address): Promise<string | undefined>;
  /** Where the files of a name, as the table has it, have a symbol. */
  find(file: string, symbol: string): Promise<SymbolFinding>;
  /** Names of symbols that may have been meant, at most `max` of them. */
  like(file: string, symbol: string, max: number): Promise<string[]>;
  /** The names of all files that may have symbols: the program, the others by address, and last what the kernel maps. */
  files(): Promise<readonly string[]>;
}

/** A file of the target; two that have the same name, one mounted over the other, are two. */
interface MappedFile {
  readonly name: string;
  readonly regions: Region[];
}

interface Mapped {
  readonly table: RegionTable;
  readonly files: readonly MappedFile[];
  /** The regions of all files, ascending. */
  readonly regions: readonly { readonly region: Region; readonly file: MappedFile }[];
  readonly pageSize: number;
}

export function createSymbols(target: SymbolTarget): Symbols {
  const images = createImages(target.pid, (range, bytes, options) => target.readIntoSync(range, bytes, options));
  let known: Mapped | undefined;

  async function mapped(): Promise<Mapped> {
    if (known?.table.version === target.table.version) return known;
    const regions = target.regions();
    const { table } = target;
    return (known = mappedFiles(table, await regions));
  }

  /** Where a file is loaded. */
  function placementsIn(all: Mapped, file: MappedFile, { elf }: Image): Placement[] {
    const placements = placementsOf(elf, file.regions, all.pageSize);
    const code = BigInt(codePlace(elf));
    return placements.filter(({ base, regions }) => {
      const at = base + code;
      return regions.some(({ start, end }) => start <= at && at < end) || isZeros(all.table, at);
    });
  }

  return {
    async label(address) {
      const all = await mapped();
      const near = lastUpTo(all.regions, address);
      if (near === undefined || !(address < near.region.end || isZeros(all.table, address))) return undefined;
      const image = await images.of(near.file.regions);
      if (typeof image === 'string') return undefined;
      const [placement, ...copies] = placementsIn(all, near.file, image);
      if (placement?.regions.includes(near.region) !== true || copies.length > 0) return undefined;
      if (all.files.some((file) => file !== near.file && file.name === near.file.name)) return undefined;
      const place = Number(address - placement.base);
      const found = isLoaded(image.elf, place) ? symbolAt(image.symbols, place) : undefined;
      return found && printSymbol(labelName(all.table, near.file.name), found.name, BigInt(place - found.place));
    },

    async find(name, symbol) {
      const all = await mapped();
      const addresses = new Set<Address>();
      let reason: string | undefined;
      let isStripped = false;
      let buildId: string | undefined;
      for (const file of all.files) {
        if (file.name !== name) continue;
        const image = await images.of(file.regions);
        if (typeof image === 'string') {
          reason = image;
          continue;
        }
        isStripped ||= image.isStripped;
        buildId = image.elf.buildId;
        const places = placesOf(image.symbols, symbol);
        for (const { base } of places.length > 0 ? placementsIn(all, file, image) : [])
          for (const place of places) addresses.add(base + BigInt(place));
      }
      return {
        addresses: [...addresses],
        isStripped,
        ...(reason !== undefined && { reason }),
        ...(buildId !== undefined && { buildId }),
      };
    },

    async like(name, symbol, max) {
      const found: string[] = [];
      for (const file of (await mapped()).files) {
        const image = file.name === name ? await images.of(file.regions) : '';
        if (typeof image !== 'string') found.push(...namesLike(image.symbols, symbol, max - found.length));
      }
      return found;
    },

    async files() {
      const names = [...new Set((await mapped()).files.map(({ name }) => name))];
      const { executable } = target.facts;
      const rank = (name: string): number => (name === executable ? 0 : name.startsWith('/') ? 1 : 2);
      return names.sort((a, b) => rank(a) - rank(b));
    },

    dispose() {
      known = undefined;
      images.dispose();
    },
  };
}

function mappedFiles(table: RegionTable, regions: readonly Region[]): Mapped {
  const files = new Map<string, MappedFile>();
  const of: { region: Region; file: MappedFile }[] = [];
  for (const region of regions) {
    if (!(region.name.startsWith('/') && region.inode !== 0) && region.name !== '[vdso]') continue;
    const key = `${region.device} ${region.inode} ${region.name}`;
    let file = files.get(key);
    if (file === undefined) files.set(key, (file = { name: region.name, regions: [] }));
    file.regions.push(region);
    // What loaders leave without any access between the parts of a file is none of them.
    if (!region.access.startsWith('---')) of.push({ region, file });
  }
  return { table, files: [...files.values()], regions: of, pageSize: pageSizeOf(table) };
}

/** The last one that begins at or below an address. */
function lastUpTo<T extends { readonly region: Region }>(regions: readonly T[], address: Address): T | undefined {
  let low = 0;
  let high = regions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((regions[middle] as T).region.start <= address) low = middle + 1;
    else high = middle;
  }
  return regions[low - 1];
}

/** Whether memory without a file is mapped there: what a program has of zeros (`.bss`) follows its file's regions. */
function isZeros(table: RegionTable, address: Address): boolean {
  const index = findRegion(table, pageOf(address));
  return index >= 0 && ['', '[anon:.bss]'].includes(regionName(table, index));
}
