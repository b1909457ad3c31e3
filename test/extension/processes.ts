import { readdirSync, readFileSync } from 'node:fs';

/** The extension host of a VS Code: the process of that type whose environment names its folder. */
export function extensionHost(userData: string): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
      if (commandLine.includes('--type=extensionHost') && environment.includes(userData)) return Number(name);
    } catch {
      // Ended meanwhile.
    }
  }
  throw new Error('this VS Code has no extension host');
}
