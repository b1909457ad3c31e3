import { nameCharactersMax } from '../../common/limits.ts';

/** A name, a type or a value as a hover has room for it. */
export function shortened(text: string): string {
  return text.length <= nameCharactersMax ? text : `${text.slice(0, nameCharactersMax - 1)}…`;
}
