import { parseArgs } from 'node:util';

/** The command line makes no sense. Ends with exit code 2 and a hint at the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Option {
  /** What stands for its value in the help; none for one that is there or not. */
  readonly value?: string;
  readonly help: string;
}

/** The options of one call. */
export interface Given {
  has(name: string): boolean;
  text(name: string): string | undefined;
}

export interface Command {
  readonly name: string;
  /** The words after the name, as the usage has them: `PID ADDRESS LENGTH`. */
  readonly words: readonly string[];
  /** Whether the last word comes once, which it does unless told, or may be left out and be many. */
  readonly lastWord?: 'once' | 'anyNumber';
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** What else its help says. */
  readonly details?: string;
  /** Rejects with UsageError, with MemoryError where it is refused, and with anything else for a mistake of ours. */
  run(words: readonly string[], given: Given): Promise<void>;
}

const everywhere: Readonly<Record<string, Option>> = {
  json: { help: 'print JSON; what is refused is {"error":{"code","message"}}' },
  help: { help: 'show this' },
};

/** The words and options of a call. Throws UsageError. */
export function parseCall(command: Command, args: readonly string[]): { words: string[]; given: Given } {
  const options = { ...command.options, ...everywhere };
  const { values, positionals } = parsed(options, joinDashed(args, options));
  const given: Given = {
    has: (name) => values[name] !== undefined,
    text: (name) => {
      const value = values[name];
      return typeof value === 'string' ? value : undefined;
    },
  };
  if (!given.has('help')) assertWords(command, positionals);
  return { words: positionals, given };
}

function parsed(
  options: Readonly<Record<string, Option>>,
  args: readonly string[],
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  const types = Object.entries(options).map(([name, { value }]) => {
    const type: 'boolean' | 'string' = value === undefined ? 'boolean' : 'string';
    return [name, { type, ...(name === 'help' && { short: 'h' }) }] as const;
  });
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(types), allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node explains at length how a word that begins with a dash could be meant.
    const first = `${error.message.split(/\.\s/)[0]?.replace(/\.$/, '')}.`;
    const [, option] = /^Option '(--[\w-]+).*(?:ambiguous|missing)/.exec(first) ?? [];
    throw new UsageError(
      option === undefined ? first : `${option} lacks its value; one that begins with a dash is written ${option}=….`,
    );
  }
}

/** `--value -7` as `--value=-7`: Node takes a dash for the next option. What may be meant as one stays apart. */
function joinDashed(args: readonly string[], options: Readonly<Record<string, Option>>): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    const next = args[i + 1];
    const takesValue = word.startsWith('--') && options[word.slice(2)]?.value !== undefined;
    if (takesValue && next !== undefined && /^-[^-]/.test(next) && next !== '-h') joined.push(`${word}=${args[++i]}`);
    else joined.push(word);
  }
  return joined;
}

function assertWords({ words, lastWord = 'once' }: Command, found: readonly string[]): void {
  const least = lastWord === 'once' ? words.length : words.length - 1;
  if (found.length < least) throw new UsageError(`${words[found.length]} is missing.`);
  if (found.length > words.length && lastWord === 'once')
    throw new UsageError(`"${found[words.length]}" is one word too many.`);
}

/** `read PID ADDRESS LENGTH` */
export function callOf({ name, words, lastWord = 'once' }: Command): string {
  const last = words.length - 1;
  const shown = words.map((word, i) => (i < last || lastWord === 'once' ? word : `[${word}…]`));
  return [name, ...shown].join(' ');
}

export function usageOf(command: Command): string {
  return `live-memory ${callOf(command)} [options]`;
}

export function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, ...everywhere }).map(([name, { value, help }]) => {
    const option = value === undefined ? `--${name}` : `--${name} ${value}`;
    return `  ${option.padEnd(20)} ${help}\n`;
  });
  const details = command.details === undefined ? '' : `\n${command.details}\n`;
  return `${usageOf(command)}\n\n${command.summary}\n\n${options.join('')}${details}`;
}
