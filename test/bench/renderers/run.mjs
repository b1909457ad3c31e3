import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync'] });
const page = await browser.newPage({ viewport: { width: 1000, height: 1230 } });
await page.setContent(readFileSync('page.html','utf8')); await page.addScriptTag({ path: 'renderers.js' });
const cdp = await page.context().newCDPSession(page); await cdp.send('Performance.enable');
const metrics = async () => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map(m => [m.name, m.value]));
for (let pass = 0; pass < 2; pass++)
for (const name of await page.evaluate(() => window.rendererNames)) {
  await page.evaluate((n) => window.prepare(n), name);
  await page.evaluate(() => window.play(30));
  const a = await metrics(); const r = await page.evaluate(() => window.play(120)); const b = await metrics();
  const d = k => ((b[k]-a[k])*1000/120).toFixed(2);
  console.log(name.padEnd(42), 'fps', (120000/r.elapsed).toFixed(0), 'script', d('ScriptDuration'), 'layout', d('LayoutDuration'), 'style', d('RecalcStyleDuration'), 'task', d('TaskDuration'));
  if (pass) await page.screenshot({ path: `/tmp/r-${name.slice(0,12).replace(/\W/g,'_')}.png` });
}
await browser.close();
