import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { root } from './install.mjs';
import { runTask } from './processes.ts';
import { findOnPath, installPackages } from './setup.ts';

/**
 * npm run test:kernel                  tests of test/live that depend on the kernel, under Debian's own
 * npm run test:kernel -- yama force    the files whose paths hold one of these
 *
 * Debian's kernel is another one than most machines': older, without PAGEMAP_SCAN, and with Yama, which is told to let
 * programs look only into their descendants. QEMU starts it, with the whole file system of this machine below a layer of
 * its own in memory: nothing that is written there lasts.
 */
const files = ['yama', 'conformance', 'permission', 'attach', 'force', 'harm', 'regions', 'identity', 'live/read'];

/** Where the kernel is unpacked; it is not installed. */
const folder = path.join(root, 'test/bed/kernel');

/** What it takes to see a file system of the host, in the order of loading. */
const modules = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci',
  'fs/netfs/netfs',
  'fs/fscache/fscache',
  'net/9p/9pnet',
  'net/9p/9pnet_virtio',
  'fs/9p/9p',
  'fs/overlayfs/overlay',
];

/** Emulated, everything takes ten times as long. */
const limits = ['--testTimeout=600000', '--hookTimeout=600000', '--expect.poll.timeout=120000'];

/** Why there is no such kernel here, or nothing. */
function fetchKernel(): string | undefined {
  if (process.arch !== 'x64') return `Debian's kernel is started on x64 only; this is ${process.arch}`;
  if (existsSync(path.join(folder, 'vmlinuz'))) return undefined;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'root/modules'), { recursive: true });
  try {
    const depends = output('apt-cache', ['depends', 'linux-image-amd64']);
    const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
    if (name === undefined) return 'this system has no package linux-image-amd64';
    output('apt-get', ['download', name]);
    const [file = ''] = readdirSync(folder).filter((entry) => entry.endsWith('.deb'));
    output('dpkg-deb', ['-x', file, 'package']);
    const [version = ''] = readdirSync(path.join(folder, 'package/lib/modules'));
    for (const module of modules) {
      const from = path.join(folder, 'package/lib/modules', version, 'kernel', `${module}.ko`);
      copyFileSync(from, path.join(folder, 'root/modules', path.basename(from)));
    }
    // The last of what is needed, which tells that all of it is there.
    renameSync(path.join(folder, 'package/boot', `vmlinuz-${version}`), path.join(folder, 'vmlinuz'));
    rmSync(path.join(folder, 'package'), { recursive: true });
    rmSync(path.join(folder, file));
    return undefined;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return (error as Error).message;
  }
}

function output(command: string, parameters: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}

/** What the kernel begins with: modules, and a program that goes on with the host's files. Takes no time, so each run has its own. */
function packInitrd(): void {
  const init = path.join(folder, 'root/init');
  copyFileSync(findOnPath('busybox') ?? '', path.join(folder, 'root/busybox'));
  copyFileSync(path.join(root, 'scripts/guest.sh'), init);
  chmodSync(init, 0o755);
  const order = modules.map((module) => `${path.basename(module)}.ko\n`).join('');
  writeFileSync(path.join(folder, 'root/modules/order'), order);
  output('sh', ['-c', 'cd root && find . | cpio -o -H newc > ../initrd']);
}

/** Runs the tests in there, as root; resolves with vitest's exit code, or with what QEMU says where there is none. */
async function testUnderKernel(filters: readonly string[]): Promise<number> {
  packInitrd();
  const command = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--project', 'live', '--no-color'];
  const words = [...command, '--reporter=verbose', ...limits, ...(filters.length > 0 ? filters : files)];
  writeFileSync(path.join(folder, 'run'), `cd '${root}'\n${words.map((word) => `'${word}'`).join(' ')}\n`);
  const guest = spawn(
    'qemu-system-x86_64',
    [
      // Not by KVM, which may hang inside of a virtual machine; and on one thread, for on several QEMU 7.2 lets Node crash now and then.
      ...['-accel', 'tcg,thread=single', '-cpu', 'max', '-m', '4096'],
      ...['-nographic', '-no-reboot', '-net', 'none'],
      ...['-kernel', path.join(folder, 'vmlinuz'), '-initrd', path.join(folder, 'initrd')],
      ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
      ...['-append', `console=ttyS0 quiet panic=-1 mitigations=off run=${path.join(folder, 'run')}`],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let code: number | undefined;
  let hasBegun = false;
  for await (const line of createInterface({ input: guest.stdout })) {
    const end = /^guest ends: (\d+)/.exec(line)?.[1];
    if (end !== undefined) code = Number(end);
    else if (hasBegun) console.log(line);
    hasBegun ||= line.includes('guest begins');
  }
  if (code === undefined) console.error('The guest ended before its tests did.');
  return code ?? 1;
}

await runTask(async () => {
  installPackages(['cc', 'strace', 'python3', 'qemu']);
  const missing = fetchKernel();
  if (missing !== undefined) throw new Error(`No other kernel to test under: ${missing}.`);
  process.exitCode = await testUnderKernel(process.argv.slice(2));
});
