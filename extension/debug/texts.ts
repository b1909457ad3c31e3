import { nameCharactersMax } from '../../common/limits.ts';
import type { ShownName } from '../../common/names.ts';
import type { Variable } from './locate.ts';

/** Type and value as a hover has room for them; what says nothing of a structure (`{...}`, or its type again) is left out. */
export function textsOf({ type, value }: Pick<Variable, 'type' | 'value'>): {
  readonly [K in 'type' | 'value']?: NonNullable<ShownName[K]>;
} {
  const says = value !== '' && value !== type && !/^\{\s*\.\.\.\s*\}$/.test(value);
  return { ...(type !== undefined && { type: shortened(type) }), ...(says && { value: shortened(value) }) };
}

export function shortened(text: string): string {
  return text.length <= nameCharactersMax ? text : `${text.slice(0, nameCharactersMax - 1)}…`;
}
