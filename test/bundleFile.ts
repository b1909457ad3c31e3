import { buildSync, type BuildOptions } from 'esbuild';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.join(import.meta.dirname, '..');

/** Makes one JavaScript file of `entry` and all that it imports, as the build does but faster: `.run/targets/<name>`. */
export function bundleFile(entry: string, name: string, options: BuildOptions = {}): string {
  const { outputFiles } = buildSync({
    entryPoints: [path.join(root, entry)],
    bundle: true,
    write: false,
    platform: 'node',
    external: ['koffi'],
    ...options,
  });
  const file = path.join(root, '.run/targets', name);
  mkdirSync(path.dirname(file), { recursive: true });
  // Test files run side by side: each builds a file of its own, and the last rename wins.
  writeFileSync(`${file}.${process.pid}`, outputFiles?.[0]?.contents ?? new Uint8Array());
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
