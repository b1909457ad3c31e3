// A view in a debug session, in the real VS Code with real adapters: from a stop to painted bytes, reading against the
// adapter's readMemory, and what the view costs the program that runs.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { attach } from '../../native/attach.ts';
import { createDebugBed, createDebugging, type Debugging } from '../extension/debug.ts';
import { memoryView } from '../extension/memory.ts';
import { startVSCode } from '../extension/vscode.ts';
import { openWorkbench, type Workbench } from '../extension/workbench.ts';
import { median, medianOf, speed, type BenchResult } from './bench.ts';

type Adapter = 'lldb' | 'cdt';

export async function run(): Promise<BenchResult[]> {
  const bed = await createDebugBed();
  const vscode = await startVSCode({ extension: 'development', ...bed.options });
  // Small, because without a graphics card every pixel of the window is work for the two cores of a usual machine of CI.
  const workbench = await openWorkbench(vscode, { width: 1200, height: 800, theme: 'dark', webviewsApart: true });
  const debugging = createDebugging(workbench, bed);
  try {
    const results: BenchResult[] = [];
    for (const adapter of ['lldb', 'cdt'] as const) {
      const missing = bed.missing[adapter];
      if (missing !== undefined) {
        console.log(`  ${adapter} is not measured: ${missing}`);
        continue;
      }
      results.push(...(await stopsAndReads(adapter, workbench, debugging)));
    }
    if (bed.missing.lldb === undefined) results.push(...(await runningSpeed(workbench, debugging)));
    return results;
  } finally {
    await workbench.dispose();
    await vscode.dispose();
    await bed.dispose();
  }
}

const stopsTimed = 100;
/** What a view of this size shows. */
const shownBytes = 2 * 4096;

async function stopsAndReads(adapter: Adapter, workbench: Workbench, debugging: Debugging): Promise<BenchResult[]> {
  // Right after the line that changes the counter.
  await debugging.addBreakpoint('debuggee.c', 'step 2');
  await debugging.start(`${adapter}: loop`);
  const facts = await debugging.facts();
  const address = facts['global_counter'] ?? '';
  await workbench.page.locator('.debug-top-stack-frame-column, .debug-top-stack-frame-line').first().waitFor();
  await debugging.command('liveMemory.showVariable', { expression: 'global_counter' });
  const view = await memoryView(workbench);
  const row = view.row(BigInt(address)).locator('.bytes');
  await row.waitFor();
  await row.evaluate((bytes) => {
    const painted: number[] = [];
    Object.assign(window, { painted });
    let text = bytes.textContent;
    new MutationObserver(() => {
      if (bytes.textContent === text) return;
      text = bytes.textContent;
      // What the next animation frame finds has been painted.
      requestAnimationFrame(() => painted.push(Date.now()));
    }).observe(bytes, { childList: true, characterData: true, subtree: true });
  });
  const painted = (): Promise<number[]> => row.evaluate(() => (window as unknown as { painted: number[] }).painted);
  await sleep(2000);
  const alone = await timeStops(debugging, painted);
  await debugging.openPeer({ address, length: shownBytes });
  await sleep(2000);
  const beside = await timeStops(debugging, painted);
  // What VS Code and the browser take of a stop by themselves.
  await debugging.openPeer({ address, length: 0 });
  await sleep(2000);
  const bare = await timeStops(debugging, painted);
  const results: BenchResult[] = [
    { name: `${adapter}: from a stop to painted bytes, median`, value: median(alone.ours), unit: 'ms' },
    {
      name: `${adapter}: from a stop to painted bytes, 95th percentile`,
      value: percentile(alone.ours),
      unit: 'ms',
      limit: 50,
      tolerance: 0.2,
    },
    {
      name: `${adapter}: the same with a view through readMemory beside it`,
      value: percentile(beside.ours),
      unit: 'ms',
    },
    { name: `${adapter}: that view, median`, value: median(beside.peers), unit: 'ms' },
    { name: `${adapter}: that view, 95th percentile`, value: percentile(beside.peers), unit: 'ms' },
    {
      name: `${adapter}: ours after that view`,
      value: medianOf(beside.ours, beside.peers, (a, b) => a - b),
      unit: 'ms',
      limit: 0,
    },
    { name: `${adapter}: beside a view that reads nothing, 95th percentile`, value: percentile(bare.ours), unit: 'ms' },
    { name: `${adapter}: the view that reads nothing, 95th percentile`, value: percentile(bare.peers), unit: 'ms' },
    {
      name: `${adapter}: ours after the view that reads nothing`,
      value: medianOf(bare.ours, bare.peers, (a, b) => a - b),
      unit: 'ms',
      // The next frame of a screen.
      limit: 17,
    },
  ];
  for (const [what, length, times] of [
    ['4 KiB', 4096, 10],
    ['1 MiB', 2 ** 20, 2],
  ] as const) {
    const heap = `0x${(BigInt(facts['*heap'] ?? 0) & ~0xfffn).toString(16)}`;
    const took = await debugging.timeReads({ pid: Number(facts['pid']), address: heap, length, rounds: 15, times });
    results.push(
      { name: `${adapter}: ${what} through readMemory`, value: median(took.adapter), unit: 'ms' },
      { name: `${adapter}: ${what} by the call`, value: median(took.ours), unit: 'ms' },
      {
        name: `${adapter}: ${what}, times as fast`,
        value: speed(took.ours, took.adapter),
        unit: '×',
        limit: 50,
        higherIsBetter: true,
      },
    );
  }
  await debugging.stop();
  await debugging.clearBreakpoints();
  await workbench.runCommand('View: Close All Editors');
  return results;
}

/** Milliseconds from each stop to the painted change; of the peer too, where it is open. */
async function timeStops(
  debugging: Debugging,
  seen: () => Promise<number[]>,
): Promise<{ ours: number[]; peers: number[] }> {
  const begun = Date.now();
  for (let i = 0; i < stopsTimed; i++) {
    const { stops } = await debugging.where();
    await debugging.command('workbench.action.debug.continue');
    // Asking whether it has stopped would keep the extension host busy just then.
    await sleep(350);
    await debugging.stopped(stops);
  }
  const painted = await seen();
  const stops = (await debugging.closePeer()).filter(({ stoppedMs }) => stoppedMs >= begun);
  const ours: number[] = [];
  const peers: number[] = [];
  stops.forEach(({ stoppedMs, paintedMs }, i) => {
    // The first paint after the last stop: the program runs for a moment before this one, and live is live.
    const from = i === 0 ? begun : (stops[i - 1]?.stoppedMs ?? 0) + 150;
    const first = painted.find((ms) => ms > from);
    if (first === undefined) return;
    ours.push(Math.max(0, first - stoppedMs));
    if (paintedMs !== undefined) peers.push(paintedMs - stoppedMs);
  });
  if (ours.length < stopsTimed * 0.9) throw new Error(`only ${ours.length} of ${stopsTimed} stops were painted`);
  return { ours, peers };
}

function percentile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? NaN;
}

/** Nanoseconds that a process has run, and that it has waited for a processor. */
function scheduled(pid: number): [ran: number, waited: number] {
  const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
  return [ran ?? NaN, waited ?? NaN];
}

interface Speed {
  readonly clock: number;
  readonly ownTime: number;
  /** Of the time that passed. */
  readonly waited: number;
}

/** Counts of a program that does nothing else, with the view open and without it, in turn. */
async function runningSpeed(workbench: Workbench, debugging: Debugging): Promise<BenchResult[]> {
  await debugging.startRunning('lldb: free');
  const facts = await debugging.facts();
  const pid = Number(facts['pid']);
  const source = await attach(pid);
  const address = BigInt(facts['free_counter'] ?? 0);
  const bytes = new Uint8Array(8);
  const count = async (): Promise<number> => {
    await source.readInto({ start: address, length: 8 }, bytes);
    return Number(new DataView(bytes.buffer).getBigUint64(0, true));
  };
  const rate = async (): Promise<Speed> => {
    const from = await count();
    const [begun, before] = [process.hrtime.bigint(), scheduled(pid)];
    await sleep(2000);
    const done = (await count()) - from;
    const [passed, after] = [Number(process.hrtime.bigint() - begun), scheduled(pid)];
    return { clock: done / passed, ownTime: done / (after[0] - before[0]), waited: (after[1] - before[1]) / passed };
  };
  const withView: Speed[] = [];
  const without = [await rate()];
  // A program on a shared machine is faster and slower by some percent from one moment to the next: each with the view is
  // compared with what was before and after it.
  for (let i = 0; i < 16; i++) {
    await debugging.command('liveMemory.attach', { pid, address: facts['free_counter'] });
    const view = await memoryView(workbench);
    await view.row(address).waitFor();
    await sleep(1500);
    withView.push(await rate());
    await workbench.runCommand('View: Close All Editors');
    await sleep(1500);
    without.push(await rate());
  }
  const around = (which: keyof Speed, i: number): number =>
    ((without[i]?.[which] ?? NaN) + (without[i + 1]?.[which] ?? NaN)) / 2;
  const ratio = (which: keyof Speed): number => median(withView.map((one, i) => one[which] / around(which, i)));
  const waitedMore = median(withView.map(({ waited }, i) => waited - around('waited', i)));
  source.dispose();
  await debugging.stop();
  return [
    // Two cores are few for a browser that draws without a graphics card beside a program that takes a whole one: the view
    // gives way.
    {
      name: 'speed of a running program with the view open, by the clock',
      value: ratio('clock'),
      unit: '×',
      limit: 0.98,
      tolerance: 0.02,
      higherIsBetter: true,
    },
    {
      name: 'speed of a running program with the view open, by its own time',
      value: ratio('ownTime'),
      unit: '×',
      limit: 0.98,
      tolerance: 0.02,
      higherIsBetter: true,
    },
    // What of it is the view's doing for sure: the rest is also what the machine does beside it.
    {
      name: 'what a running program waits more for a processor with the view open',
      value: waitedMore * 100,
      unit: '% of its time',
      limit: 2,
      tolerance: 0.25,
    },
  ];
}
