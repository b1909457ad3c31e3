import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './install.mjs';

const declarations = path.join(root, '.tsbuild');
const target = path.join(root, 'dist/types');

/**
 * Puts the library's declarations into dist/types: that of `native/index.ts` and of all that it names. The compiler keeps the
 * `.ts` of imports, which only our own settings allow. Throws where the types are wrong.
 */
export function emitTypes(): void {
  const compiler = path.join(root, 'node_modules/typescript-7/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '--build', 'native'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The types of the library are wrong.');
  const waiting = ['native/index.d.ts'];
  const seen = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = readFileSync(path.join(declarations, file), 'utf8').replace(
      /((?:from|import\()\s*'\.{1,2}\/[^']+)\.ts'/g,
      "$1.js'",
    );
    for (const [, name = ''] of text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)\.js'/g)) {
      const named = `${path.join(path.dirname(file), name)}.d.ts`;
      if (!seen.has(named)) waiting.push(named);
      seen.add(named);
    }
    const copy = path.join(target, file);
    mkdirSync(path.dirname(copy), { recursive: true });
    writeFileSync(copy, text);
  }
}
