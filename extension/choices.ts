import { rememberedChoicesMax } from '../common/limits.ts';
import { usualChoices, type Choices } from '../common/protocol.ts';
import { units } from '../common/value.ts';

export const choiceNames = [
  'unit',
  'byteOrder',
  'bytesPerRow',
  'textEncoding',
  'highlight',
] as const satisfies readonly (keyof Choices)[];
export type ChoiceName = (typeof choiceNames)[number];

export const allowedChoices: { readonly [K in ChoiceName]: readonly Choices[K][] } = {
  unit: units,
  byteOrder: ['little', 'big'],
  bytesPerRow: [0, 8, 16, 32, 64],
  textEncoding: ['ascii', 'utf-8', 'utf-16'],
  highlight: ['sinceStop', 'live'],
};

/** The choices in something that may be anything (a settings file, a stored state); `otherwise` for what makes no sense. */
export function choicesFrom(value: unknown, otherwise: Choices = usualChoices): Choices {
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const pick = <K extends ChoiceName>(name: K): Choices[K] =>
    allowedChoices[name].find((choice) => choice === given[name]) ?? otherwise[name];
  return {
    unit: pick('unit'),
    byteOrder: pick('byteOrder'),
    bytesPerRow: pick('bytesPerRow'),
    textEncoding: pick('textEncoding'),
    highlight: pick('highlight'),
  };
}

/** Where VS Code keeps it; a vscode.Memento is one. */
export interface Shelf {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

/** The last choices made in a view of each executable; what nobody chose follows the settings. */
export interface RememberedChoices {
  of(executable: string): Choices;
  remember(executable: string, choices: Choices): Thenable<void>;
  /** A setting was changed: it counts again, for all. */
  forget(names: readonly ChoiceName[]): Thenable<void>;
}

const shelfKey = 'liveMemory.choices';

export function createRememberedChoices(shelf: Shelf, settings: () => Choices): RememberedChoices {
  function all(): [executable: string, chosen: Partial<Choices>][] {
    const kept = shelf.get(shelfKey);
    return Array.isArray(kept) ? (kept as [string, Partial<Choices>][]).filter((entry) => Array.isArray(entry)) : [];
  }

  return {
    of: (executable) => choicesFrom(all().find(([name]) => name === executable)?.[1], settings()),
    remember(executable, choices) {
      const usualNow = settings();
      const chosen = Object.fromEntries(
        choiceNames.filter((name) => choices[name] !== usualNow[name]).map((name) => [name, choices[name]]),
      );
      const others = all().filter(([name]) => name !== executable);
      return shelf.update(shelfKey, [...others, [executable, chosen]].slice(-rememberedChoicesMax));
    },
    forget(names) {
      const left = all().map(([name, chosen]) => [
        name,
        Object.fromEntries(Object.entries(chosen).filter(([choice]) => !names.includes(choice as ChoiceName))),
      ]);
      return shelf.update(shelfKey, left);
    },
  };
}
