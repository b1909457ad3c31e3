import { printAddress } from '../../common/address.ts';
import { namesMax, namesTellMs, namesTriesMax, namesWithPartsMax } from '../../common/limits.ts';
import { noNames, type MemoryMark, type MemoryName, type MemoryNames } from '../../common/names.ts';
import { printRange } from '../../common/range.ts';
import type { RegionTable } from '../../common/region.ts';
import type { Asker } from './asker.ts';
import { variableFrom } from './locate.ts';
import { createParts, type FoundParts, type Parts } from './parts.ts';
import { createPlaces, ignored, valueOf, type Places } from './places.ts';
import { pointerIn } from './pointer.ts';
import { shortened, textsOf } from './texts.ts';
import { fieldsOf, type Capabilities } from './traffic.ts';

/** What one session tells of its frames; it remembers types. */
export interface FrameNames {
  /**
   * What lies in memory of the variables of the chosen frame; what is known when the time is over. Where it takes long, `tell`
   * hears what is known so far. Rejects with Cancelled.
   */
  of(asker: Asker, table: RegionTable, tell: (names: MemoryNames) => void): Promise<MemoryNames>;
}

interface Scope {
  readonly reference: number;
  readonly kind: MemoryName['kind'];
}

const registers = ['pc', 'sp', 'fp'] as const satisfies readonly MemoryMark['register'][];

export function createFrameNames(capabilities: Capabilities): FrameNames {
  const places = createPlaces(capabilities);
  const parts = createParts(places);
  /** Whether its registers hold addresses: what has none has no variables in memory either. */
  let hasAddresses = false;
  let triesLeft = namesTriesMax;

  async function marksOf(asker: Asker): Promise<MemoryMark[]> {
    const marks: MemoryMark[] = [];
    for (const register of registers) {
      const address = pointerIn((await asker.evaluate(`$${register}`).catch(ignored(asker))) ?? '');
      if (address !== undefined) hasAddresses = true;
      else if (!hasAddresses) return marks;
      if (address !== undefined) marks.push({ register, address: printAddress(address) });
    }
    return marks;
  }

  return {
    async of(asker, table, tell) {
      if (!hasAddresses && triesLeft-- <= 0) return noNames;
      const marks = await marksOf(asker);
      if (marks.length === 0) return { names: [], marks };
      const names: MemoryName[] = [];
      const deeper: (() => Promise<void>)[] = [];
      let toldMs = performance.now();
      const tellNowAndThen = (): void => {
        if (performance.now() - toldMs < namesTellMs) return;
        tell({ names: [...names], marks });
        toldMs = performance.now();
      };
      for await (const { name, inner } of variablesOf(asker, table, places, parts)) {
        const at = names.push(name) - 1;
        if (inner !== undefined) deeper.push(async () => void (names[at] = { ...name, parts: await inner() }));
        tellNowAndThen();
      }
      // All variables come first, then what is deep in some of them.
      for (const deepen of deeper) {
        if (!asker.hasTime) break;
        await deepen();
        tellNowAndThen();
      }
      return { names, marks };
    },
  };
}

async function* variablesOf(
  asker: Asker,
  table: RegionTable,
  places: Places,
  parts: Parts,
): AsyncGenerator<{ readonly name: MemoryName; readonly inner: FoundParts['inner'] }, void> {
  let asked = 0;
  let withParts = 0;
  for (const { reference, kind } of await scopesOf(asker)) {
    const { variables } = await asker.ask('variables', { variablesReference: reference });
    for (const given of Array.isArray(variables) ? variables : []) {
      if (!asker.hasTime || ++asked > namesMax) return;
      const variable = variableFrom(given);
      const range = variable === undefined ? undefined : await places.of(asker, variable, reference, table);
      if (variable === undefined || range === undefined) continue;
      const isAsked = variable.reference > 0 && withParts++ < namesWithPartsMax;
      const its = isAsked ? await parts.of(asker, variable, range) : undefined;
      // What some print of an array.
      const own = valueOf(variable) === range.start ? { ...variable, value: '' } : variable;
      const name: MemoryName = {
        ...printRange(range),
        name: shortened(variable.name),
        ...textsOf(own),
        kind,
        ...(its !== undefined && its.parts.length > 0 && { parts: its.parts }),
      };
      yield { name, inner: its?.inner };
    }
  }
}

/** Those that a user sees opened: neither registers nor what takes the debugger long. */
async function scopesOf(asker: Asker): Promise<Scope[]> {
  const { scopes } = await asker.ask('scopes', { frameId: asker.frameId });
  return (Array.isArray(scopes) ? scopes : []).flatMap((given): Scope[] => {
    const { name, presentationHint: hint, variablesReference: reference, expensive } = fieldsOf(given);
    if (typeof name !== 'string' || typeof reference !== 'number' || reference <= 0) return [];
    if (expensive === true || hint === 'registers' || /regist/i.test(name)) return [];
    const isArgument = hint === 'arguments' || /argument|parameter/i.test(name);
    return [{ reference, kind: isArgument ? 'argument' : /global|static/i.test(name) ? 'global' : 'local' }];
  });
}
