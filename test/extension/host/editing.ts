import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LiveMemoryApi } from '../../../extension/api.ts';
import type { RunningTarget } from '../../target/target.ts';
import { activeApi, answerMessages, setSetting, startScratch, type Messages } from '../inHost.ts';

const code = (error: unknown): string | undefined => (error as { code?: string }).code;

suite('editing', () => {
  let api: LiveMemoryApi;
  let target: RunningTarget;
  let messages: Messages;
  let at: string;

  suiteSetup(async () => {
    api = await activeApi();
  });
  setup(async () => {
    messages = answerMessages();
    target = await startScratch();
    at = await target.ask('map 1 rw 1');
    await api.attach(target.pid);
  });
  teardown(async () => {
    await setSetting('editing', undefined);
    messages.restore();
    await api.detach(target.pid).catch(() => undefined);
    target.dispose();
  });

  const write = (byte: number) => api.write(target.pid, BigInt(at), Uint8Array.of(byte), { who: 'A test' });
  const byteThere = () => target.ask(`peek ${at} 1`);
  const run = (command: string) => vscode.commands.executeCommand(command, { pid: target.pid });

  test('asks once a process, in words that name it and who wants to write', async () => {
    await assert.rejects(write(2), (error) => code(error) === 'Cancelled');
    assert.equal(await byteThere(), '01');
    assert.match(
      messages.shown[0] ?? '',
      new RegExp(`^Edit the memory of scratch \\(${target.pid}\\)\\? .*A test wants to write`),
    );
    messages.press = 'Edit Memory';
    await write(3);
    await write(4);
    assert.equal(await byteThere(), '04');
    assert.equal(messages.shown.length, 2);
  });

  test('the setting "off" refuses without a question', async () => {
    await setSetting('editing', 'off');
    await assert.rejects(
      write(2),
      (error) => code(error) === 'Denied' && (error as Error).message.includes('liveMemory.editing'),
    );
    assert.deepEqual(messages.shown, []);
    assert.equal(await byteThere(), '01');
  });

  test('undo and redo go back and forth over all writes', async () => {
    await setSetting('editing', 'on');
    await write(2);
    await write(3);
    await run('liveMemory.undo');
    assert.equal(await byteThere(), '02');
    await run('liveMemory.undo');
    assert.equal(await byteThere(), '01');
    await run('liveMemory.redo');
    await run('liveMemory.redo');
    assert.equal(await byteThere(), '03');
    await assert.rejects(async () => run('liveMemory.redo'), /no write to redo/);
  });

  test('undo refuses where the program has changed the bytes since, and can be tried again', async () => {
    await setSetting('editing', 'on');
    await write(2);
    await target.ask(`fill ${at} 1 9`);
    await assert.rejects(async () => run('liveMemory.undo'), /changed .* since.*stays in the history/);
    assert.equal(await byteThere(), '09');
    await target.ask(`fill ${at} 1 2`);
    await run('liveMemory.undo');
    assert.equal(await byteThere(), '01');
  });

  test('the history is a document that grows, with what the program did to each write', async () => {
    await setSetting('editing', 'on');
    await run('liveMemory.showHistory');
    const document = vscode.window.activeTextEditor?.document;
    assert.match(document?.getText() ?? '', /Nothing has been written yet/);
    await target.ask(`keep ${at} 1 1 50`);
    const changed = (text: RegExp) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (!text.test(document?.getText() ?? '')) return;
          listening.dispose();
          resolve();
        };
        const listening = vscode.workspace.onDidChangeTextDocument(look);
        look();
      });
    await write(2);
    await changed(/01 {2}→ {2}02\n +A test, (held|changed by the program)/);
    assert.ok(document?.getText().includes(at.slice(2)));
    await changed(/changed by the program after \d+ ms|changed by the program at once/);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  test('the history is saved with every byte', async () => {
    await setSetting('editing', 'on');
    await write(2);
    const file = vscode.Uri.file(`/tmp/live-memory-history-${process.pid}.json`);
    const real = vscode.window.showSaveDialog;
    Object.assign(vscode.window, { showSaveDialog: () => Promise.resolve(file) });
    try {
      await run('liveMemory.saveHistory');
      const saved = JSON.parse(Buffer.from(await vscode.workspace.fs.readFile(file)).toString()) as {
        target: { pid: number };
        writes: { before: string; after: string; who: string; address: string }[];
      };
      assert.equal(saved.target.pid, target.pid);
      const [first] = saved.writes;
      assert.deepEqual([first?.address, first?.before, first?.after, first?.who], [at, '01', '02', 'A test']);
    } finally {
      Object.assign(vscode.window, { showSaveDialog: real });
      await vscode.workspace.fs.delete(file);
    }
  });
});
