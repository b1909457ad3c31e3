import type { Choices } from '../common/protocol.ts';
import { allowedChoices, choiceNames, type ChoiceName } from './choices.ts';
import { chooseOne } from './quickInput.ts';

const titles: Readonly<Record<ChoiceName, string>> = {
  unit: 'Units',
  byteOrder: 'Byte Order',
  bytesPerRow: 'Bytes a Row',
  textEncoding: 'Text Column',
  highlight: 'Marked Bytes',
};

/** Asks how a view shows its bytes: what its toolbar offers where there is room. `undefined` where the user gives up. */
export async function askForDisplay(now: Choices): Promise<Partial<Choices> | undefined> {
  const what = await chooseOne(
    choiceNames.map((name) => ({ label: titles[name], description: print(now[name]), name })),
    { title: 'Display' },
  );
  if (what === undefined) return undefined;
  const { name } = what;
  const chosen = await chooseOne(
    allowedChoices[name].map((value) => ({
      label: print(value),
      description: value === now[name] ? 'as now' : '',
      value,
    })),
    { title: titles[name] },
  );
  return chosen === undefined ? undefined : { [name]: chosen.value };
}

function print(value: Choices[ChoiceName]): string {
  switch (value) {
    case 0:
      return 'as many as fit';
    case 'live':
      return 'what changes, while it does';
    case 'sinceStop':
      return 'what changed since the last stop';
    default:
      return String(value);
  }
}
