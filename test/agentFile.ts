import { bundleFile } from './bundleFile.ts';

/**
 * The agent's worker as one JavaScript file, as the extension starts it. Not `native/worker.ts` itself: Node strips its types
 * with WebAssembly in every worker, and the V8 of Node 24 crashes now and then while such a worker ends (WasmEngine::FreeDeadCode).
 */
export function buildAgent(): string {
  return bundleFile('native/worker.ts', 'agent.cjs', { format: 'cjs' });
}
