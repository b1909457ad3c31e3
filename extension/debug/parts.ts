import { namePartsMax, typesKeptMax } from '../../common/limits.ts';
import type { NamePart } from '../../common/names.ts';
import type { Range } from '../../common/range.ts';
import type { Asker } from './asker.ts';
import { variableFrom, type Variable } from './locate.ts';
import { ignored, type Places } from './places.ts';
import { shortened, textsOf } from './texts.ts';
import { elementsOf, isPointerType } from './types.ts';

/** The members and elements of what lies in memory. Where members of a type are is found out once. */
export interface Parts {
  of(asker: Asker, whole: Variable & { readonly reference: number }, range: Range): Promise<readonly NamePart[]>;
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

  async function members(
    asker: Asker,
    whole: Variable & { readonly reference: number },
    range: Range,
  ): Promise<NamePart[]> {
    const layout = layoutOf(whole.type ?? '', range.length);
    const found: NamePart[] = [];
    for (const child of await childrenOf(asker, whole.reference)) {
      if (!layout.has(child.name)) {
        if (!asker.hasTime) break;
        layout.set(child.name, inside(range, await places.member(asker, child, whole.reference)));
      }
      const place = layout.get(child.name);
      if (place !== undefined) found.push(partOf(`.${child.name}`, place, child));
    }
    return found;
  }

  async function elements(
    asker: Asker,
    whole: Variable & { readonly reference: number },
    range: Range,
    { count, type }: { readonly count: number; readonly type: string },
  ): Promise<NamePart[]> {
    const length = range.length / count;
    if (!Number.isInteger(length) || length === 0) return [];
    // Some adapters answer with all of an array, however long it is and however few are asked for.
    const children = count <= namePartsMax && whole.reference > 0 ? await childrenOf(asker, whole.reference) : [];
    const byName = new Map(children.map((child) => [child.name.replace(/^[[(]|[\])]$/g, ''), child]));
    return Array.from({ length: Math.min(count, namePartsMax) }, (_, i) =>
      partOf(`[${i}]`, { offset: i * length, length }, byName.get(String(i)) ?? { type, value: '' }),
    );
  }

  return {
    async of(asker, whole, range) {
      const type = whole.type ?? '';
      if (isPointerType(type)) return [];
      const array = elementsOf(type);
      const parts =
        array !== undefined && array.count > 0
          ? elements(asker, whole, range, array)
          : whole.reference > 0
            ? members(asker, whole, range)
            : [];
      const found = (await Promise.resolve(parts).catch(ignored(asker))) ?? [];
      return found.sort((a, b) => a.offset - b.offset);
    },
  };
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
