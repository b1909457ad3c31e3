import { openFile, type ByteSource, type FileSource } from './bytes.ts';
import { readElf, SectionType, type Elf, type Section } from './elf.ts';

/** Where distributions put what they strip off a file, by its build id; gdb and elfutils look there too. */
export function debugFileOf(buildId: string): string {
  return `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
}

/** A file of debug symbols, opened. */
export interface DebugFile {
  readonly source: ByteSource;
  readonly sections: readonly Section[];
  dispose(): void;
}

/**
 * The debug file of the same build as `elf`, under one of some roots: the target's own, which differs in a container, and
 * ours. `undefined` where there is none, or it has no symbols.
 */
export function openDebugFile(elf: Elf, roots: readonly string[]): DebugFile | undefined {
  if (elf.buildId === undefined) return undefined;
  for (const root of roots) {
    const source = openFile(root + debugFileOf(elf.buildId));
    if (source === undefined) continue;
    const sections = sectionsOf(source, elf);
    if (sections !== undefined) return { source, sections, dispose: source.dispose };
    source.dispose();
  }
  return undefined;
}

function sectionsOf(source: FileSource, elf: Elf): readonly Section[] | undefined {
  const debug = readElf(source);
  if (typeof debug === 'string' || debug.buildId !== elf.buildId || debug.base !== elf.base) return undefined;
  return debug.sections.some(({ type }) => type === SectionType.symbols) ? debug.sections : undefined;
}
