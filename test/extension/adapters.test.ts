import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adapters, type AdapterFacts } from './adapters/facts.ts';
import { eventsSince, fill, type Fact, type Paused } from './adapters/judge.ts';
import { until, whileRunning, type AdapterName, type DebugBed, type Debugging } from './debug.ts';
import { openDebugWindow, type DebugWindow } from './debugWindow.ts';
import { root } from './vscode.ts';

/*
 * What debug adapters do, of which the project relies on some: `adapters/facts.ts`, one named case a line, asked of the real
 * adapters through a real VS Code. How a difference in another version is told: `adapters/judge.ts`.
 */

let opened: DebugWindow | undefined;
let bed: DebugBed;
let debugging: Debugging;
const differences: string[] = [];

beforeAll(async () => {
  // What adapters do is theirs alone: the extension is not there to ask them for anything.
  opened = await openDebugWindow({ width: 1400, extension: 'none' });
  ({ bed, debugging } = opened);
});
afterAll(async () => {
  await opened?.dispose();
  if (differences.length > 0) console.warn(`Adapters differ from those measured in:\n  ${differences.join('\n  ')}`);
});

/** The version that runs, in the words of `AdapterFacts.measured`. */
function versionOf(name: AdapterName): string {
  if (name !== 'node') return bed.versions[name] ?? '';
  const manifest = path.join(
    root,
    'test/bed/node_modules/code-server/lib/vscode/extensions/ms-vscode.js-debug/package.json',
  );
  return `js-debug ${(JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version}`;
}

function judge(
  context: { skip(note: string): never },
  adapter: AdapterFacts,
  what: string,
  found: string,
  expected: string,
): void {
  if (found === expected || expected.split('|').includes(found)) return;
  const version = versionOf(adapter.configuration.split(':')[0] as AdapterName);
  const sentence = `${adapter.configuration}: ${what}: expected ${expected}, found ${found} in ${version}`;
  if (version === adapter.measured) throw new Error(sentence);
  differences.push(sentence);
  context.skip(sentence);
}

describe.each(adapters)('$configuration', (adapter) => {
  const name = adapter.configuration.split(':')[0] as AdapterName;
  let paused: Paused;

  beforeAll(async () => {
    if (bed.missing[name] !== undefined) return;
    await debugging.addBreakpoint(adapter.file, 'break here');
    const stop = await debugging.start(adapter.configuration);
    paused = { debugging, stop, facts: await debugging.facts() };
  });
  afterAll(async () => {
    if (paused === undefined) return;
    await debugging.clearBreakpoints();
    await debugging.stop();
  });

  const check = async (context: { skip(note: string): never }, [what, question, expected]: Fact): Promise<void> => {
    if (bed.missing[name] !== undefined) return context.skip(bed.missing[name]);
    const facts = paused.facts;
    judge(context, adapter, what, await question(paused), fill(expected, facts));
  };
  const now = (): number => debugging.traffic().at(-1)?.timeMs ?? 0;

  test.for(adapter.stopped)('%s', async (fact, context) => check(context, fact));

  if (adapter.events === undefined) return;
  const [step, go, pause] = adapter.events;

  test(`a step: ${step}`, async (context) => {
    if (bed.missing[name] !== undefined) return context.skip(bed.missing[name]);
    const from = now();
    paused = { ...paused, stop: await debugging.stepOver() };
    judge(context, adapter, 'a step', eventsSince(paused, from), step);
  });

  test(`a continue: ${go}`, async (context) => {
    if (bed.missing[name] !== undefined) return context.skip(bed.missing[name]);
    // What VS Code asks at a stop it goes on to ask while the program runs, if that comes soon.
    await debugging.quiet();
    const from = now();
    paused = { ...paused, stop: await debugging.continue() };
    judge(context, adapter, 'a continue', eventsSince(paused, from), go);
    // VS Code itself asks nothing of an adapter whose program runs; so whoever does is somebody else.
    expect(whileRunning(debugging.traffic()).filter(({ timeMs }) => timeMs > from)).toEqual([]);
  });

  describe('while it runs', () => {
    beforeAll(async () => {
      if (paused === undefined) return;
      await debugging.clearBreakpoints();
      await debugging.run();
      await until('it runs', async () => (await debugging.where()).frame === undefined);
    });

    test.for(adapter.running ?? [])('%s', async (fact, context) => check(context, fact));

    test(`a pause: ${pause}`, async (context) => {
      if (bed.missing[name] !== undefined) return context.skip(bed.missing[name]);
      const from = now();
      paused = { ...paused, stop: await debugging.pause() };
      // js-debug goes on a few times until it is somewhere that a user knows.
      const events = eventsSince(paused, from).replace(/(continued )+(?=stopped)/, '');
      judge(context, adapter, 'a pause', events, pause);
    });

    test.for(adapter.last ?? [])('at last: %s', async (fact, context) => check(context, fact));
  });
});

test('gdb speaks the Debug Adapter Protocol by itself', async (context) => {
  if (bed.missing.gdb !== undefined) return context.skip(bed.missing.gdb);
  await debugging.addBreakpoint('debuggee.c', 'break here');
  const stop = await debugging.start('gdb: loop');
  const facts = await debugging.facts();
  const session = (await debugging.sessions()).find(({ id }) => id === stop.session);
  expect(String(session?.process?.systemProcessId)).toBe(facts['pid']);
  const { result } = await debugging.request('evaluate', {
    expression: '&(own)',
    context: 'watch',
    frameId: stop.frame.id,
  });
  expect(result).toContain(facts['own']);
  await debugging.clearBreakpoints();
  await debugging.stop();
});
