import { buildSync } from 'esbuild';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

/**
 * The agent's worker as one JavaScript file, as the extension starts it. Not `native/worker.ts` itself: Node strips its types
 * with WebAssembly in every worker, and the V8 of Node 24 crashes now and then while such a worker ends (WasmEngine::FreeDeadCode).
 */
export function buildAgent(): string {
  const { outputFiles } = buildSync({
    entryPoints: [path.join(root, 'native/worker.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    external: ['koffi'],
  });
  const file = path.join(root, '.run/targets/agent.cjs');
  mkdirSync(path.dirname(file), { recursive: true });
  // Test files run side by side: each builds a file of its own, and the last rename wins.
  writeFileSync(`${file}.${process.pid}`, outputFiles[0]?.contents ?? new Uint8Array());
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
