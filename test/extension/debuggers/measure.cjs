// What a benchmark of debug sessions asks of the extension host; plain JavaScript, as debuggers.cjs is.
// @ts-check
const { performance } = require('node:perf_hooks');
const vscode = require('vscode');

/** @typedef {{ stoppedMs: number, readMs?: number, paintedMs?: number }} PeerStop */

/**
 * Reads the same memory through the adapter and through Live Memory, in turn; milliseconds each. Throws where they differ.
 * @param {vscode.DebugSession} session
 * @param {{ pid: number, address: string, length: number, rounds: number, times: number }} what
 */
exports.timeReads = async (session, { pid, address, length, rounds, times }) => {
  const api = await vscode.extensions.getExtension('live-memory.live-memory')?.activate();
  /** @type {{ adapter: number[], ours: number[] }} */
  const took = { adapter: [], ours: [] };
  for (let round = -1; round < rounds; round++) {
    /** @type {string} */
    let data = '';
    /** @type {{ bytes: Uint8Array, unreadable: readonly unknown[] } | undefined} */
    let read;
    // Several at a time: what wakes a thread that has slept is not what reading costs.
    const begun = performance.now();
    for (let i = 0; i < times; i++)
      ({ data } = await session.customRequest('readMemory', { memoryReference: address, offset: 0, count: length }));
    const between = performance.now();
    for (let i = 0; i < times; i++) read = await api.read(pid, BigInt(address), length);
    const ended = performance.now();
    if (read === undefined || read.unreadable.length > 0) throw new Error('Not all of it can be read.');
    if (Buffer.compare(Buffer.from(data, 'base64'), read.bytes) !== 0) throw new Error('They read different bytes.');
    if (round < 0) continue;
    took.adapter.push((between - begun) / times);
    took.ours.push((ended - between) / times);
  }
  return took;
};

/** @type {(() => void) | undefined} */
let hearStop;

/**
 * Steps over lines, each as soon as the one before it has stopped.
 * @param {vscode.DebugSession} session
 * @param {{ thread: number, count: number }} what
 */
exports.step = async (session, { thread, count }) => {
  for (let i = 0; i < count; i++) {
    const stopped = new Promise((resolve) => (hearStop = () => resolve(undefined)));
    await session.customRequest('next', { threadId: thread });
    await stopped;
  }
};

/** @type {PeerStop[]} */
let stops = [];
/** @type {{ address: string, length: number } | undefined} */
let shown;
/** @type {vscode.WebviewPanel | undefined} */
let panel;

/**
 * The least that a memory view over `readMemory` can be: at each stop it reads, and shows the bytes as text. With a length of 0
 * it reads nothing: no view of VS Code shows anything of a stop sooner.
 * @param {{ address: string, length: number }} what
 */
exports.openPeer = async (what) => {
  shown = what;
  stops = [];
  // Beside the source and the memory view, whichever of them has the focus.
  panel = vscode.window.createWebviewPanel('peer', 'Peer', vscode.ViewColumn.Three, { enableScripts: true });
  const { webview } = panel;
  webview.onDidReceiveMessage(({ stop, paintedMs }) => {
    const found = stops[stop];
    if (found !== undefined) found.paintedMs = paintedMs;
  });
  webview.html = `<!doctype html><pre></pre><script>
    const host = acquireVsCodeApi();
    const pre = document.querySelector('pre');
    addEventListener('message', ({ data: { stop, data } }) => requestAnimationFrame(() => {
      pre.textContent = data === '' ? stop :
        Array.from(atob(data), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
      // What the next animation frame finds has been painted.
      requestAnimationFrame(() => host.postMessage({ stop, paintedMs: Date.now() }));
    }));
  </script>`;
};

exports.closePeer = () => {
  panel?.dispose();
  panel = undefined;
  return stops;
};

/** @param {vscode.DebugSession} session */
exports.stopped = async (session) => {
  hearStop?.();
  /** @type {PeerStop} */
  const one = { stoppedMs: Date.now() };
  const stop = stops.push(one) - 1;
  if (panel === undefined || shown === undefined) return;
  const { address: memoryReference, length: count } = shown;
  const { data } =
    count === 0 ? { data: '' } : await session.customRequest('readMemory', { memoryReference, offset: 0, count });
  one.readMs = Date.now() - one.stoppedMs;
  await panel.webview.postMessage({ stop, data });
};
