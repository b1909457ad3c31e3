// A view in a debug session, in the real VS Code with real adapters: from a stop to painted bytes, reading against the
// adapter's readMemory, and what the view costs the program that runs.
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
  const workbench = await openWorkbench(vscode, { width: 1600, height: 900, theme: 'dark' });
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

const stopsTimed = 60;
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
  await debugging.openPeer({ address, length: shownBytes });
  await sleep(2000);
  const index = Number(BigInt(address) & 0xfn);
  await row.evaluate((bytes, at) => {
    const seen: [number, number][] = [];
    Object.assign(window, { seen });
    let last = NaN;
    const look = (): void => {
      const digits = (bytes.textContent ?? '')
        .trim()
        .split(' ')
        .slice(at, at + 4);
      const value = Number.parseInt(digits.reverse().join(''), 16);
      // What an animation frame finds has been painted by the one before it.
      if (value !== last) seen.push([Date.now(), (last = value)]);
      requestAnimationFrame(look);
    };
    look();
  }, index);
  const begun = Date.now();
  for (let i = 0; i < stopsTimed; i++) {
    const { stops } = await debugging.where();
    await debugging.command('workbench.action.debug.continue');
    await debugging.stopped(stops);
    await sleep(120);
  }
  const seen = await row.evaluate(() => (window as unknown as { seen: [number, number][] }).seen);
  const stops = (await debugging.closePeer()).filter(({ stoppedMs }) => stoppedMs >= begun);
  const ours: number[] = [];
  const peers: number[] = [];
  stops.forEach(({ stoppedMs, paintedMs }, i) => {
    // The first paint after the last stop: the program runs for a moment before this one, and live is live.
    const from = i === 0 ? begun : (stops[i - 1]?.stoppedMs ?? 0) + 60;
    const painted = seen.find(([ms]) => ms > from);
    if (painted === undefined || paintedMs === undefined) return;
    ours.push(Math.max(0, painted[0] - stoppedMs));
    peers.push(paintedMs - stoppedMs);
  });
  if (ours.length < stopsTimed * 0.9) throw new Error(`only ${ours.length} of ${stopsTimed} stops were painted`);
  const results: BenchResult[] = [
    { name: `${adapter}: from a stop to painted bytes, median`, value: median(ours), unit: 'ms' },
    {
      name: `${adapter}: from a stop to painted bytes, 95th percentile`,
      value: percentile(ours),
      unit: 'ms',
      limit: 50,
    },
    { name: `${adapter}: the same through readMemory, median`, value: median(peers), unit: 'ms' },
    { name: `${adapter}: the same through readMemory, 95th percentile`, value: percentile(peers), unit: 'ms' },
    {
      name: `${adapter}: ours after theirs`,
      value: medianOf(ours, peers, (a, b) => a - b),
      unit: 'ms',
      limit: 0,
    },
  ];
  for (const [what, length] of [
    ['4 KiB', 4096],
    ['1 MiB', 2 ** 20],
  ] as const) {
    const heap = `0x${(BigInt(facts['*heap'] ?? 0) & ~0xfffn).toString(16)}`;
    const took = await debugging.timeReads({ pid: Number(facts['pid']), address: heap, length, rounds: 15 });
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

function percentile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? NaN;
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
  const rate = async (): Promise<number> => {
    const [from, begun] = [await count(), process.hrtime.bigint()];
    await sleep(3000);
    return ((await count()) - from) / Number(process.hrtime.bigint() - begun);
  };
  const withView: number[] = [];
  const without: number[] = [];
  for (let i = 0; i < 8; i++) {
    await debugging.command('liveMemory.attach', { pid, address: facts['free_counter'] });
    const view = await memoryView(workbench);
    await view.row(address).waitFor();
    await sleep(1500);
    withView.push(await rate());
    await workbench.runCommand('View: Close All Editors');
    await sleep(1500);
    without.push(await rate());
  }
  source.dispose();
  await debugging.stop();
  return [
    {
      name: 'speed of a running program with the view open',
      value: medianOf(withView, without, (a, b) => a / b),
      unit: '×',
      limit: 0.98,
      higherIsBetter: true,
    },
  ];
}
