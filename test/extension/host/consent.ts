import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { createAttach } from '../../../extension/attach.ts';
import { createUriHandler } from '../../../extension/startup.ts';
import type { Target } from '../../../extension/target.ts';
import type { Targets } from '../../../extension/targets.ts';
import type { Views } from '../../../extension/views.ts';
import { answerMessages, type Messages } from '../inHost.ts';

suite('consent to attach', () => {
  let messages: Messages;
  let attached: number[];
  let opened: number;

  setup(() => {
    messages = answerMessages();
    attached = [];
    opened = 0;
  });
  teardown(() => messages.restore());

  const target = { facts: { pid: 42 } } as Target;
  const targets = {
    find: () => undefined,
    attach: (pid: number) => (attached.push(pid), Promise.resolve(target)),
  } as unknown as Targets;
  const views = { open: () => opened++ } as unknown as Views;
  const handler = createUriHandler(createAttach(targets, views), (error) => messages.shown.push(String(error)));
  const follow = async (link: string): Promise<void> => void (await handler.handleUri(vscode.Uri.parse(link)));

  test('a link asks first, naming the process and the address, and attaches to nothing without a yes', async () => {
    await follow('vscode://live-memory.live-memory/attach?pid=42&address=%5Bheap%5D%2B0x40');
    assert.match(
      messages.shown[0] ?? '',
      /^Show the memory of process 42\? A link asks to open process 42 at \[heap\]\+0x40/,
    );
    assert.deepEqual(attached, []);
    messages.press = 'Attach';
    await follow('vscode://live-memory.live-memory/attach?pid=42');
    assert.deepEqual(attached, [42]);
    assert.equal(opened, 1);
  });

  test('a link that is wrong is not even asked about', async () => {
    await follow('vscode://live-memory.live-memory/attach?pid=42&force=true');
    assert.equal(messages.shown.length, 1);
    assert.match(messages.shown[0] ?? '', /cannot be opened\. "force" is no parameter/);
    assert.deepEqual(attached, []);
  });
});
