import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { ViewContract, ViewHostContract } from '../../common/protocol.ts';
import { tableOfRegions, type Region } from '../../common/region.ts';

const root = join(import.meta.dirname, '../..');

/** The view by itself in a real browser; the test is its host. */
export interface ViewPage {
  readonly page: Page;
  /** What the view has said and called, oldest first. */
  heard(): Promise<Heard[]>;
  say<K extends keyof ViewContract['says']>(name: K, body: ViewContract['says'][K]): Promise<void>;
  /** Answers the next calls of this name in the page. */
  answer<K extends keyof ViewHostContract['calls']>(name: K, body: unknown): Promise<void>;
  dispose(): Promise<void>;
}

export interface Heard {
  readonly say?: string;
  readonly call?: string;
  readonly body: unknown;
}

/** The variables of VS Code's Dark Modern theme that the view uses, as the workbench sets them. */
const theme: Readonly<Record<string, string>> = {
  'font-family': 'system-ui, sans-serif',
  'font-size': '13px',
  'editor-font-family': "'DejaVu Sans Mono', monospace",
  'editor-font-size': '14px',
  'editor-font-weight': 'normal',
  'editor-background': '#1f1f1f',
  'editor-foreground': '#cccccc',
  'editor-selectionBackground': '#264f78',
  'editorGutter-modifiedBackground': '#0078d4',
  'editorGutter-addedBackground': '#2ea043',
  'editorCursor-foreground': '#aeafad',
  'editorLineNumber-foreground': '#6e7681',
  'editorWidget-background': '#202020',
  descriptionForeground: '#9d9d9d',
  focusBorder: '#0078d4',
  'panel-border': '#2b2b2b',
  'charts-green': '#89d185',
  'charts-orange': '#d18616',
  'charts-purple': '#b180d7',
  'charts-red': '#f14c4c',
  'charts-yellow': '#cca700',
  'charts-blue': '#3794ff',
  'charts-foreground': '#cccccc',
  'terminal-ansiCyan': '#11a8cd',
  'symbolIcon-classForeground': '#ee9d28',
  'debugIcon-breakpointForeground': '#e51400',
  'debugIcon-breakpointCurrentStackframeForeground': '#ffcc00',
  'debugIcon-breakpointStackframeForeground': '#89d185',
  'editorHoverWidget-background': '#202020',
  'editorHoverWidget-foreground': '#cccccc',
  'editorHoverWidget-border': '#454545',
  'widget-shadow': '#0000005c',
  'charts-lines': '#cccccc80',
  'scrollbarSlider-background': '#79797966',
  'minimapSlider-activeBackground': '#bfbfbf33',
  'diffEditor-diagonalFill': '#cccccc33',
};

export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let bundle: Promise<string> | undefined;
function bundled(): Promise<string> {
  bundle ??= build({
    entryPoints: [join(root, 'webview/main.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  }).then((result) => result.outputFiles[0]?.text ?? '');
  return bundle;
}

/** The browser that pages of the view are opened in. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...chromiumArguments, '--host-resolver-rules=MAP *.example 127.0.0.1'],
  });
}

/** `scale` is how many pixels of the screen a CSS pixel has, `at` the name that the page comes from. */
export async function openViewPage(
  browser: Browser,
  size = { width: 1000, height: 700 },
  scale = 1,
  at?: string,
): Promise<ViewPage> {
  const page = await browser.newPage({ viewport: size, deviceScaleFactor: scale });
  const variables = Object.entries(theme).map(([name, value]) => `--vscode-${name}: ${value};`);
  // A real server: a page that a test has made up counts as one of another network, which may not connect to this one.
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end());
  if (at !== undefined) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await page.goto(`http://${at}:${(server.address() as AddressInfo).port}/`);
  }
  await page.setContent(
    `<!doctype html><html style="${variables.join(' ').replace(/"/g, '&quot;')}"><body class="vscode-dark"><div id="app"></div></body></html>`,
  );
  await page.addStyleTag({ content: readFileSync(join(root, 'media/view.css'), 'utf8') });
  await page.evaluate(() => {
    const log: unknown[] = [];
    const answers: Record<string, unknown> = {};
    Object.assign(window, {
      heard: log,
      answers,
      acquireVsCodeApi: () => ({
        postMessage(message: { call?: string; id?: number; say?: string; body?: unknown }) {
          log.push(message);
          if (message.call !== undefined && message.call in answers) {
            window.postMessage({ reply: message.id, body: answers[message.call] }, '*');
          }
        },
        getState: () => undefined,
        setState: () => undefined,
      }),
    });
  });
  await page.addScriptTag({ content: await bundled() });
  return {
    page,
    heard: () => page.evaluate(() => (window as unknown as { heard: Heard[] }).heard),
    say: (name, body) =>
      page.evaluate(([say, said]) => window.postMessage({ say, body: said }, '*'), [name, body] as const),
    answer: (name, body) =>
      page.evaluate(
        ([call, result]) => {
          (window as unknown as { answers: Record<string, unknown> }).answers[call] = result;
        },
        [name, body] as const,
      ),
    async dispose() {
      await page.context().close();
      server.close();
    },
  };
}

/** Opens the view on regions, as the extension host does. */
export async function openOn(view: ViewPage, regions: readonly Region[]): Promise<void> {
  await view.say('open', {
    facts: {
      pid: 4242,
      name: 'redis-server',
      user: 'me',
      commandLine: 'redis-server',
      executable: '/usr/bin/redis-server',
      startTime: '1',
      pointerBytes: 8,
    },
    choices: { unit: 'hex8', byteOrder: 'little', bytesPerRow: 16, textEncoding: 'ascii', highlight: 'sinceStop' },
    editing: true,
    status: { state: 'running', sinceMs: 0 },
  });
  await view.say('regions', tableOfRegions(regions, 1));
}
