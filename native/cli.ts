import process from 'node:process';
import { MemoryError, printError } from '../common/error.ts';
import { callOf, helpOf, parseCall, usageOf, UsageError, type Command } from './cli/command.ts';
import { maps } from './cli/maps.ts';
import { OutputError, print, printJson, say } from './cli/output.ts';
import { ps } from './cli/ps.ts';
import { read } from './cli/read.ts';
import { watch } from './cli/watch.ts';
import { why } from './cli/why.ts';
import { write } from './cli/write.ts';

/*
 * The command line: `live-memory ps`, `maps`, `read`, `write`, `watch`, `why`. Exit codes: 0 done, 1 refused with the reason
 * on standard error, 2 wrong usage.
 */

/** The version of the package, which the bundler puts in. */
declare const LIVE_MEMORY_VERSION: string;

const commands: readonly Command[] = [ps, maps, read, write, watch, why];

const lines = commands.map(
  (command) => `  ${callOf(command).padEnd(28)} ${firstSentence(command.summary)}
`,
);

const help = `live-memory COMMAND [options]

Reads and writes the memory of running Linux processes, without stopping them.

${lines.join('')}
"live-memory COMMAND --help" says more; --version prints the version.
Exit codes: 0 done, 1 refused (standard error has the reason), 2 wrong usage.
`;

function firstSentence(text: string): string {
  return text.replace(/(?<=\.) .*/, '');
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') return print(help).then(() => 0);
  if (name === '--version') return print(`${LIVE_MEMORY_VERSION}\n`).then(() => 0);
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    say(name === undefined ? 'A command is missing.' : `There is no command "${name}".`);
    process.stderr.write('There are: ' + commands.map((one) => one.name).join(', ') + '. See live-memory --help.\n');
    return 2;
  }
  return runCommand(command, rest);
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  try {
    const { words, given } = parseCall(command, args);
    if (given.has('help')) await print(helpOf(command));
    else await command.run(words, given);
    return 0;
  } catch (error) {
    if (error instanceof OutputError) throw error;
    if (error instanceof UsageError) {
      say(error.message);
      process.stderr.write(`Usage: ${usageOf(command)}. See live-memory ${command.name} --help.\n`);
      return 2;
    }
    return refused(error, args.includes('--json'));
  }
}

async function refused(error: unknown, json: boolean): Promise<number> {
  // Whoever reads the output may be gone, which ends the program at once and may not look like success.
  process.exitCode = 1;
  const { code, message, landed, before } = printError(error);
  if (error instanceof MemoryError) say(message);
  else {
    // Somebody who reports a mistake of ours needs the whole of it.
    const [first = message, ...calls] = ((error as Error).stack ?? message).split('\n');
    say(first, ...calls);
  }
  if (json) {
    const undo = {
      ...(landed !== undefined && { landed }),
      ...(before && { before: Buffer.from(before).toString('hex') }),
    };
    await printJson({ error: { code, message, ...undo } });
  }
  return 1;
}

function notPrinted(error: unknown): number {
  if (!(error instanceof OutputError)) throw error;
  say(error.message);
  return 1;
}

// `print` tells whoever waits for it; without this Node would end at the same error once more.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.exitCode = await main(process.argv.slice(2)).catch(notPrinted);
