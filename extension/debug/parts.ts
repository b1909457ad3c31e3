import { namePartsDepthMax, namePartsMax, typesKeptMax } from '../../common/limits.ts';
import type { NamePart } from '../../common/names.ts';
import type { Range } from '../../common/range.ts';
import type { Asker } from './asker.ts';
import { variableFrom, type Variable } from './locate.ts';
import { ignored, type Places } from './places.ts';
import { shortened, textsOf } from './texts.ts';
import { elementsOf, isPointerType } from './types.ts';

/** The members and elements of what lies in memory, and theirs. Where members of a type are is found out once. */
export interface Parts {
  of(asker: Asker, whole: Variable, range: Range): Promise<FoundParts>;
}

export interface FoundParts {
  /** Ascending by offset. */
  readonly parts: readonly NamePart[];
  /** Asks for the parts of these parts: all of both, what has parts before its parts. `undefined` where there are none. */
  readonly inner: (() => Promise<readonly NamePart[]>) | undefined;
}

/** A part, and what it is to the debugger. */
interface Found {
  readonly part: NamePart;
  readonly whole: Variable | undefined;
}

type MemberPlace = Pick<NamePart, 'offset' | 'length'>;

export function createParts(places: Places): Parts {
  /** By type and length; a member that is in no place of its own is `undefined`. */
  const layouts = new Map<string, Map<string, MemberPlace | undefined>>();

  function layoutOf(type: string, length: number): Map<string, MemberPlace | undefined> {
    const key = `${length} ${type}`;
    let layout = layouts.get(key);
    if (layout === undefined) {
      if (layouts.size >= typesKeptMax) layouts.clear();
      layout = new Map<string, MemberPlace | undefined>();
      layouts.set(key, layout);
    }
    return layout;
  }

  async function childrenOf(asker: Asker, reference: number): Promise<Variable[]> {
    const { variables } = await asker.ask('variables', { variablesReference: reference });
    const all = Array.isArray(variables) ? variables.slice(0, namePartsMax) : [];
    return all.map(variableFrom).filter((variable) => variable !== undefined);
  }

  async function members(asker: Asker, whole: Variable, range: Range): Promise<Found[]> {
    const layout = layoutOf(whole.type ?? '', range.length);
    const found: Found[] = [];
    for (const child of await childrenOf(asker, whole.reference)) {
      if (!layout.has(child.name)) {
        if (!asker.hasTime) break;
        layout.set(child.name, inside(range, await places.member(asker, child, whole.reference)));
      }
      const place = layout.get(child.name);
      if (place !== undefined) found.push({ part: partOf(`.${child.name}`, place, child), whole: child });
    }
    return found;
  }

  async function elements(
    asker: Asker,
    whole: Variable,
    range: Range,
    { count, type }: { readonly count: number; readonly type: string },
  ): Promise<Found[]> {
    const length = range.length / count;
    if (!Number.isInteger(length) || length === 0) return [];
    // Some adapters answer with all of an array, however long it is and however few are asked for.
    const children = count <= namePartsMax && whole.reference > 0 ? await childrenOf(asker, whole.reference) : [];
    const byName = new Map(children.map((child) => [child.name.replace(/^[[(]|[\])]$/g, ''), child]));
    return Array.from({ length: Math.min(count, namePartsMax) }, (_, i) => {
      const element = byName.get(String(i));
      return {
        part: partOf(`[${i}]`, { offset: i * length, length }, element ?? { type, value: '' }),
        whole: element,
      };
    });
  }

  async function directly(asker: Asker, whole: Variable, range: Range): Promise<Found[]> {
    const type = whole.type ?? '';
    const array = elementsOf(type);
    const isArray = array !== undefined && array.count > 0;
    if (isPointerType(type) || (!isArray && whole.reference === 0)) return [];
    const found = isArray ? elements(asker, whole, range, array) : members(asker, whole, range);
    return (await found.catch(ignored(asker))) ?? [];
  }

  /** Breadth first: where there is too much of it, what is named is what a user looks for first. */
  async function all(asker: Asker, range: Range, direct: readonly Found[]): Promise<readonly NamePart[]> {
    const found = direct.map((one) => ({ ...one, depth: 1 }));
    for (const { part, whole, depth } of found) {
      if (found.length >= namePartsMax || !asker.hasTime) break;
      if (depth === namePartsDepthMax || !mayHaveParts(whole)) continue;
      const place = { start: range.start + BigInt(part.offset), length: part.length };
      for (const { part: own, whole: inner } of await directly(asker, whole, place)) {
        const name = shortened(part.name + own.name);
        found.push({ part: { ...own, name, offset: part.offset + own.offset }, whole: inner, depth: depth + 1 });
      }
    }
    return partsIn(found);
  }

  return {
    async of(asker, whole, range) {
      const direct = await directly(asker, whole, range);
      const hasInner = direct.some((found) => mayHaveParts(found.whole));
      return { parts: partsIn(direct), inner: hasInner ? () => all(asker, range, direct) : undefined };
    },
  };
}

function mayHaveParts(whole: Variable | undefined): whole is Variable {
  return whole !== undefined && whole.reference > 0 && !isPointerType(whole.type ?? '');
}

function partsIn(found: readonly Found[]): NamePart[] {
  return found.map(({ part }) => part).sort((a, b) => a.offset - b.offset);
}

/** What a library's own view of a container shows lies elsewhere; it is no part of these bytes. */
function inside(whole: Range, part: Range | undefined): MemberPlace | undefined {
  if (part === undefined) return undefined;
  const offset = Number(part.start - whole.start);
  return offset >= 0 && offset + part.length <= whole.length ? { offset, length: part.length } : undefined;
}

function partOf(name: string, place: MemberPlace, texts: Pick<Variable, 'type' | 'value'>): NamePart {
  return { name: shortened(name), offset: place.offset, length: place.length, ...textsOf(texts) };
}
