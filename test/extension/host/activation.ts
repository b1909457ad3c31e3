import assert from 'node:assert/strict';
import * as vscode from 'vscode';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string; readonly title: string }[] };
}

suite('activation', () => {
  const extension = vscode.extensions.getExtension('live-memory.live-memory');

  test('the extension is there', () => {
    assert.ok(extension);
  });

  test('it activates', async () => {
    await extension?.activate();
    assert.equal(extension?.isActive, true);
  });

  test('every command of the manifest is registered', async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    const { commands } = (extension?.packageJSON as Manifest).contributes;
    assert.ok(commands.length > 0);
    assert.deepEqual(
      commands.map(({ command }) => command).filter((command) => !registered.has(command)),
      [],
    );
  });
});
