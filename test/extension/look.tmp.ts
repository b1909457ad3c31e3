import { spawn } from 'node:child_process';
import { startVSCode } from './vscode.ts';
import { openWorkbench } from './workbench.ts';
const redis = spawn('redis-server', ['--port', '0', '--unixsocket', '/tmp/lm-redis.sock', '--save', ''], {
  stdio: 'ignore',
});
const vscode = await startVSCode({
  extension: 'development',
  env: { LIVE_MEMORY_OPEN: JSON.stringify({ pid: redis.pid }) },
});
const workbench = await openWorkbench(vscode, { width: 1400, height: 900, theme: 'dark' });
try {
  await workbench.view().locator('.row[data-address]').first().waitFor({ timeout: 20000 });
  await workbench.page.waitForTimeout(2500);
  await workbench.screenshot('look-dark');
  await workbench.setTheme('light');
  await workbench.page.waitForTimeout(800);
  await workbench.screenshot('look-light');
} catch (e) {
  console.log(String(e));
  await workbench.screenshot('look-dark');
}
console.log(workbench.errors.slice(0, 10).join('\n'));
console.log(
  vscode
    .log()
    .split('\n')
    .filter((l) => /error|live.?memory/i.test(l))
    .slice(-15)
    .join('\n'),
);
await workbench.dispose();
await vscode.dispose();
redis.kill();
process.exit(0);
