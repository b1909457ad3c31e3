import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startTarget } from '../target/target.ts';
import { attachFromPalette, openProcessList } from './memory.ts';
import { startVSCode, vsixFile, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let vscode: VSCode;
let workbench: Workbench;
let installed: string;

beforeAll(async () => {
  vscode = await startVSCode({ extension: { vsix: vsixFile() } });
  workbench = await openWorkbench(vscode, { width: 1280, height: 800, theme: 'dark' });
  const extensions = path.join(vscode.userData, 'extensions');
  installed = path.join(extensions, readdirSync(extensions).find((name) => name.startsWith('live-memory.')) ?? '');
});

afterAll(async () => {
  await workbench?.dispose();
  await vscode?.dispose();
});

describe('the VSIX', () => {
  test('holds what a user needs and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(path.join(installed, name)).isFile())
      .sort();
    for (const name of ['dist/extension.cjs', 'dist/agent.cjs', 'dist/webview.js', 'dist/view.css', 'package.json']) {
      expect(files).toContain(name);
    }
    expect(files).toContain('dist/cli.js');
    expect(files).not.toContain('dist/index.js');
    const stray = files.filter((name) => /\.(ts|map|cc|hh|c|md~)$|(^|\/)(test|scripts|native|webview)\//.test(name));
    expect(stray).toEqual([]);
    const packages = files
      .filter((name) => name.startsWith('node_modules/') && name.endsWith('/package.json'))
      .map((name) => name.slice('node_modules/'.length, -'/package.json'.length));
    expect(packages).toEqual(['@koromix/koffi-linux-arm64', '@koromix/koffi-linux-x64', 'koffi']);
    const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(Object.keys(manifest['dependencies'] as object)).toEqual(['koffi']);
    expect(manifest).not.toHaveProperty('devDependencies');
  });

  test.each([
    ['x64', 0x3e],
    ['arm64', 0xb7],
  ])('holds koffi for %s, for glibc and for musl', (name, machine) => {
    for (const libc of ['linux', 'musl']) {
      const elf = readFileSync(
        path.join(installed, `node_modules/@koromix/koffi-linux-${name}/${libc}_${name}/koffi.node`),
      );
      expect(elf.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
      // e_machine of the ELF header.
      expect(elf.readUInt16LE(18)).toBe(machine);
    }
  });

  test('holds a koffi that loads and calls', () => {
    const script = `console.log(require('koffi').load(null).func('int getpid(void)')() === process.pid)`;
    expect(execFileSync(process.execPath, ['-e', script], { cwd: installed, encoding: 'utf8' }).trim()).toBe('true');
  });

  test('holds a command line that runs', async () => {
    const target = await startTarget('scratch');
    onTestFinished(() => target.dispose());
    const cli = path.join(installed, 'dist/cli.js');
    const words = ['read', String(target.pid), target.facts['known'] ?? '', '16'];
    expect(execFileSync(process.execPath, [cli, ...words], { encoding: 'utf8' })).toContain('|live-memory-test|');
  });

  test('opens a process with the koffi that it brings', async () => {
    const target = await startTarget('scratch');
    onTestFinished(() => target.dispose());
    const view = await attachFromPalette(workbench, target.pid);
    await view.goTo(target.facts['known'] ?? '');
    await expect.poll(() => view.text(BigInt(target.facts['known'] ?? 0))).toContain('live-memory-test');
  });

  test('adds its commands to the palette, and activates without an error', async () => {
    await openProcessList(workbench);
    await workbench.page.waitForTimeout(500);
    await workbench.screenshot('smoke-attach');
    await workbench.page.keyboard.press('Escape');
    const log = vscode.log();
    expect(log).toContain('_doActivateExtension live-memory.live-memory');
    expect(log.split('\n').filter((line) => line.includes('[error]'))).toEqual([]);
  });
});
