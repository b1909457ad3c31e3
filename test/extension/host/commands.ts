import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync } from 'node:fs';
import * as vscode from 'vscode';
import type { LiveMemoryApi } from '../../../extension/api.ts';
import type { RunningTarget } from '../../target/target.ts';
import { activeApi, answerMessages, startScratch, until, viewLabels, type Messages } from '../inHost.ts';

const run = (command: string, argument?: unknown) => vscode.commands.executeCommand(command, argument);

suite('the commands', () => {
  let api: LiveMemoryApi;
  let target: RunningTarget;
  let messages: Messages;

  suiteSetup(async () => {
    api = await activeApi();
  });
  setup(async () => {
    messages = answerMessages();
    target = await startScratch();
  });
  teardown(async () => {
    messages.restore();
    await run('workbench.action.closeAllEditors');
    await api.detach(target.pid).catch(() => undefined);
    target.dispose();
  });

  test('attach opens a view that names the process', async () => {
    const facts = await run('liveMemory.attach', { pid: target.pid });
    assert.equal((facts as { pid: number }).pid, target.pid);
    await until('the view is there', () => viewLabels().includes(`Live Memory — scratch (${target.pid})`));
  });

  test('open opens one view more each time, at an expression too', async () => {
    const at = Number(await target.ask('map 1 rw'));
    await run('liveMemory.open', { pid: target.pid });
    await run('liveMemory.open', { pid: target.pid, address: '[stack]+0x10' });
    await run('liveMemory.open', { pid: String(target.pid), address: at });
    await until('three views are there', () => viewLabels().length === 3);
  });

  test('an address that is none is refused, and opens nothing', async () => {
    await assert.rejects(
      async () => run('liveMemory.open', { pid: target.pid, address: 'no such thing' }),
      /address|name/i,
    );
    assert.deepEqual(viewLabels(), []);
  });

  test('wrong arguments are refused with a sentence', async () => {
    await assert.rejects(async () => run('liveMemory.attach', { pid: 'redis' }), /"redis" is not a process id/);
    await assert.rejects(async () => run('liveMemory.attach', 7), /takes an object such as/);
    await assert.rejects(async () => run('liveMemory.detach', { pid: target.pid }), /not attached/);
    await assert.rejects(
      async () => run('liveMemory.saveRegion', { pid: target.pid, start: 'x', length: 1 }),
      /"start" has to be/,
    );
    await assert.rejects(async () => run('liveMemory.attach', { pid: 4_194_000 }), /no process/);
  });

  test('detach leaves the view, with its last bytes', async () => {
    await run('liveMemory.attach', { pid: target.pid });
    await run('liveMemory.detach', { pid: target.pid });
    await assert.rejects(api.read(target.pid, 0n, 1), /not attached/);
    await until('the view is still there', () => viewLabels().length === 1);
  });

  test('saveRegion saves the bytes, and says what is zeros because it could not be read', async () => {
    const at = BigInt(await target.ask('map 3 rw 0x41'));
    await target.ask(`protect 0x${(at + 4096n).toString(16)} 1 -`);
    const file = `/tmp/live-memory-save-${process.pid}.bin`;
    try {
      const start = `0x${at.toString(16)}`;
      const result = await run('liveMemory.saveRegion', { pid: target.pid, start, length: 3 * 4096, file });
      assert.equal((result as { savedBytes: number }).savedBytes, 2 * 4096);
      const saved = readFileSync(file);
      assert.equal(saved.length, 3 * 4096);
      const value = saved[0] ?? 0;
      assert.notEqual(value, 0);
      assert.ok(saved.subarray(0, 4096).every((byte) => byte === value));
      assert.ok(saved.subarray(4096, 8192).every((byte) => byte === 0));
      assert.ok(saved.subarray(8192).every((byte) => byte === value + 2));
      assert.equal(statSync(file).mode & 0o077, 0);
      await until('the user is told', () =>
        messages.shown.some((message) => message.includes('4 KiB could not be read and are zeros')),
      );
    } finally {
      rmSync(file, { force: true });
    }
  });

  test('explainAccess tells whether a process can be opened, and why not', async () => {
    const detail = `scratch (${target.pid}) can be opened.`;
    assert.deepEqual(await run('liveMemory.explainAccess', { pid: target.pid }), {
      allowed: true,
      cause: 'allowed',
      detail,
      remedies: [],
      message: detail,
    });
    const answer = (await run('liveMemory.explainAccess', { pid: 4_194_000 })) as { cause: string; message: string };
    assert.equal(answer.cause, 'noProcess');
    assert.match(answer.message, /no process with the id 4194000.*Choose one/);
  });

  test('the target that a command means is the only one, where nothing is said', async () => {
    await api.attach(target.pid);
    assert.equal(await run('liveMemory.toggleEditing'), false);
    assert.match(messages.shown[0] ?? '', /Edit the memory of scratch/);
    messages.press = 'Edit Memory';
    assert.equal(await run('liveMemory.toggleEditing'), true);
    assert.equal(await run('liveMemory.toggleEditing'), false);
  });
});
