import CopyPlugin from 'copy-webpack-plugin';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import webpack from 'webpack';

const root = import.meta.dirname;
const hostTests = path.join(root, 'test/extension/host');

/** What VS Code 1.100 runs extensions on, and the browser that shows its webviews. */
const targets = { node: 'node20', web: 'es2022' };

/**
 * One entry for each program; `output` says how it is loaded.
 * @param {{ target: 'node' | 'web', name: string, entry: import('webpack').EntryObject, mode: 'production' | 'development' }} part
 * @returns {import('webpack').Configuration}
 */
function bundle({ target, name, entry, mode }) {
  return {
    name,
    mode,
    target: target === 'node' ? 'node20' : ['web', 'es2022'],
    entry,
    context: root,
    output: {
      path: path.join(root, 'dist'),
      ...(target === 'node'
        ? { filename: '[name].cjs', chunkFilename: '[name].cjs', library: { type: 'commonjs2' } }
        : { filename: '[name].js' }),
    },
    // The extension host gives vscode; koffi finds its native half at run time, beside itself; mocha is for tests. ws does
    // without its native halves.
    externals:
      target === 'node'
        ? {
            ...{ vscode: 'commonjs vscode', koffi: 'commonjs koffi', mocha: 'import mocha' },
            ...{ bufferutil: 'commonjs bufferutil', 'utf-8-validate': 'commonjs utf-8-validate' },
          }
        : {},
    resolve: { extensions: ['.ts', '.js'] },
    module: {
      rules: [{ test: /\.ts$/, loader: 'esbuild-loader', options: { target: targets[target] } }],
    },
    devtool: mode === 'development' ? 'source-map' : false,
    // Names in a user's stack trace are worth more than the bytes.
    optimization: { chunkIds: 'named', minimize: mode === 'production' && target === 'web' },
    performance: { hints: false },
    stats: 'errors-warnings',
    infrastructureLogging: { level: 'error' },
  };
}

/**
 * The library and the command line: modules for plain Node, which loads nothing of theirs but koffi.
 * @param {'production' | 'development'} mode
 * @returns {import('webpack').Configuration[]}
 */
function modules(mode) {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return [
    { name: 'library', entry: { index: './native/index.ts' }, plugins: [] },
    {
      name: 'cli',
      entry: { cli: './native/cli.ts' },
      plugins: [
        new webpack.DefinePlugin({ LIVE_MEMORY_VERSION: JSON.stringify(version) }),
        new webpack.BannerPlugin({ banner: '#!/usr/bin/env node', raw: true }),
      ],
    },
  ].map(({ name, entry, plugins }) => ({
    ...bundle({ target: 'node', name, entry, mode }),
    experiments: { outputModule: true },
    output: { path: path.join(root, 'dist'), filename: '[name].js', module: true, library: { type: 'module' } },
    externals: { koffi: 'module koffi' },
    plugins,
  }));
}

/**
 * @param {{ tests?: boolean }} env `--env tests` adds the suites that run inside the extension host.
 * @param {{ mode?: 'production' | 'development' }} argv
 */
export default (env, { mode = 'production' }) => {
  const extension = bundle({
    target: 'node',
    name: 'extension',
    mode,
    entry: { extension: './extension/extension.ts' },
  });
  const agent = bundle({ target: 'node', name: 'agent', mode, entry: { agent: './native/worker.ts' } });
  const webview = bundle({ target: 'web', name: 'webview', mode, entry: { webview: './webview/main.ts' } });
  webview.plugins = [
    new CopyPlugin({
      patterns: [
        'media/view.css',
        'node_modules/@vscode/codicons/dist/codicon.css',
        'node_modules/@vscode/codicons/dist/codicon.ttf',
      ].map((from) => ({ from, to: '[name][ext]' })),
    }),
  ];
  const all = [extension, agent, webview, ...modules(mode)];
  if (env.tests) {
    const suites = readdirSync(hostTests).filter((name) => name.endsWith('.ts'));
    const entry = Object.fromEntries(
      suites.map((name) => [`test/${path.basename(name, '.ts')}`, path.join(hostTests, name)]),
    );
    const tests = bundle({ target: 'node', name: 'tests', mode: 'development', entry });
    all.push({ ...tests, output: { ...tests.output, chunkFilename: 'test/chunks/[name].cjs' } });
  }
  return all;
};
