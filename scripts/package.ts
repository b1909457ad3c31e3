import { createVSIX } from '@vscode/vsce';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.ts';
import { npm, root } from './install.mjs';
import { libraryFile, vsixFile } from '../test/extension/vscode.ts';

const stage = path.join(root, '.run/package');
const libraryStage = path.join(root, '.run/library');
const tarballs = path.join(root, '.run/tarballs');

/** koffi, and its native half for every system that the extension runs on; each holds a glibc and a musl build. */
const runtimePackages = ['koffi', '@koromix/koffi-linux-x64', '@koromix/koffi-linux-arm64'];

/** koffi's package is mostly its C++ sources, which matter to those alone who build it. */
const koffiRuntime = /^(package\.json|LICENSE\.txt|index\.c?js|src(\/koffi(\/index\.c?js|\/src(\/static\.c?js)?)?)?)?$/;

/** Makes the VSIX of what is in dist/. */
export async function makePackage(): Promise<string> {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  for (const name of ['dist', 'media', 'README.md', 'CHANGELOG.md', 'LICENSE', '.vscodeignore']) {
    const source = path.join(root, name);
    if (!existsSync(source)) throw new Error(`There is no ${name}, which belongs in the package.`);
    cpSync(source, path.join(stage, name), { recursive: true });
  }
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  delete manifest['devDependencies'];
  delete manifest['scripts'];
  // Those are of the npm package; besides, vsce takes one list of files and not two.
  for (const name of ['exports', 'types', 'files']) delete manifest[name];
  writeFileSync(path.join(stage, 'package.json'), JSON.stringify(manifest, undefined, 2));

  for (const name of runtimePackages) {
    const target = path.join(stage, 'node_modules', name);
    unpack(fetchLocked(name), target);
    if (name === 'koffi') keepOnly(target, koffiRuntime);
  }

  const file = vsixFile();
  await createVSIX({ cwd: stage, packagePath: file, allowMissingRepository: true, rewriteRelativeLinks: false });
  return file;
}

/** What the manifest has for VS Code alone. */
const onlyForExtension = ['main', 'icon', 'galleryBanner', 'categories', 'extensionKind', 'activationEvents'];
const onlyForWork = ['devDependencies', 'scripts', 'capabilities', 'contributes', 'displayName', 'publisher'];

/** Makes the npm package, the library and the command line, of what is in dist/; gives the tarball. */
export function makeLibrary(): string {
  rmSync(libraryStage, { recursive: true, force: true });
  mkdirSync(libraryStage, { recursive: true });
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  for (const name of [...onlyForExtension, ...onlyForWork]) delete manifest[name];
  manifest['engines'] = { node: '>=20' };
  writeFileSync(path.join(libraryStage, 'package.json'), JSON.stringify(manifest, undefined, 2));
  for (const name of ['dist', 'docs', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(path.join(root, name), path.join(libraryStage, name), { recursive: true });
  // npm takes what the manifest's `files` names, the readme and the licence.
  npm(libraryStage, ['pack', '--silent', '--pack-destination', root]);
  return libraryFile();
}

/** Gets a package in the version of the lock file, for whatever system it is, and checks that it is what was locked. */
function fetchLocked(name: string): string {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${name}.`);
  const file = path.join(tarballs, `${name.replace('@', '').replace('/', '-')}-${entry.version}.tgz`);
  const integrity = (): string => `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (!existsSync(file) || integrity() !== entry.integrity) {
    mkdirSync(tarballs, { recursive: true });
    npm(tarballs, ['pack', `${name}@${entry.version}`, '--silent']);
    if (integrity() !== entry.integrity)
      throw new Error(`${name} from the registry is not what package-lock.json has.`);
  }
  return file;
}

function unpack(tarball: string, target: string): void {
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1', '--no-same-owner']);
}

function keepOnly(directory: string, kept: RegExp): void {
  const whole = `${directory}.whole`;
  cpSync(directory, whole, { recursive: true });
  rmSync(directory, { recursive: true });
  cpSync(whole, directory, { recursive: true, filter: (source) => kept.test(path.relative(whole, source)) });
  rmSync(whole, { recursive: true });
}

if (import.meta.main) {
  try {
    build('production');
    const file = await makePackage();
    for (const made of [file, makeLibrary()]) console.log(`${made}: ${(statSync(made).size / 1024).toFixed(0)} KiB`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
