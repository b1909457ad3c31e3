import type { ByteSource } from './bytes.ts';
import { openDebugFile } from './debugFile.ts';
import { readElf, SectionType, type Elf } from './elf.ts';
import { readSymbols } from './readSymbols.ts';
import type { SymbolTable } from './symbolTable.ts';

/** What is known of one ELF file: how it is loaded, and its symbols. */
export interface Image {
  readonly elf: Elf;
  readonly symbols: SymbolTable;
  /** Whether only the symbols that other files link with are known. */
  readonly isStripped: boolean;
}

/**
 * Reads a file's headers and all its symbols, in steps; a reason, as a sentence, where it has none that can be read. What a
 * stripped file lacks is taken from its debug file, where `roots` have one.
 */
export function* readImage(source: ByteSource, roots: readonly string[]): Generator<void, Image | string> {
  const elf = readElf(source);
  if (typeof elf === 'string') return elf;
  const own = { source, sections: elf.sections };
  const hasAll = elf.sections.some(({ type }) => type === SectionType.symbols);
  const debug = hasAll ? undefined : openDebugFile(elf, roots);
  try {
    const symbols = yield* readSymbols(elf, debug === undefined ? [own] : [own, debug]);
    if (typeof symbols === 'string') return symbols;
    return { elf, symbols, isStripped: !hasAll && debug === undefined };
  } finally {
    debug?.dispose();
  }
}
