import { appendFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * What VS Code calls inside the extension host, with the extension loaded: runs every suite of this folder with mocha.
 * host.test.ts reads what each test came to from the file that HOST_RESULTS names.
 */
export async function run(): Promise<void> {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ ui: 'tdd', timeout: 60_000, color: false });
  for (const name of readdirSync(__dirname)) {
    if (name.endsWith('.cjs') && name !== 'index.cjs') mocha.addFile(path.join(__dirname, name));
  }
  const results = process.env['HOST_RESULTS'];
  await new Promise<void>((resolve, reject) => {
    const runner = mocha.run((failures) => {
      if (failures === 0) resolve();
      else reject(new Error(`${failures} failed`));
    });
    const tell = (result: HostResult): void => {
      if (results !== undefined) appendFileSync(results, `${JSON.stringify(result)}\n`);
    };
    runner.on('pass', (test) => tell({ title: test.fullTitle(), state: 'passed' }));
    runner.on('pending', (test) => tell({ title: test.fullTitle(), state: 'skipped' }));
    runner.on('fail', (test, error: Error) =>
      tell({ title: test.fullTitle(), state: 'failed', error: error.stack ?? String(error) }),
    );
  });
}

export interface HostResult {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly error?: string;
}
