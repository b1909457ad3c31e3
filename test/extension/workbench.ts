import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { artifacts, type VSCode } from './vscode.ts';

/** A browser window with the workbench of a VS Code. */
export interface Workbench {
  readonly page: Page;
  /** Errors in the browser's console and uncaught ones, of the workbench and of its webviews. Tests may empty it. */
  readonly errors: string[];
  /** Runs a command by its title in the palette, `Live Memory: Attach to Process…`; waits until it is there. */
  runCommand(title: string): Promise<void>;
  /** Chooses the first entry of the open quick input that holds `text`, after typing `filter` if given. */
  pick(text: string, filter?: string): Promise<void>;
  /** Types into the open quick input and accepts it. */
  answer(text: string): Promise<void>;
  /**
   * Gives the keyboard to the view as soon as a list shows an entry that holds `text`, as VS Code does late and by itself where
   * its window is busy; and each time that it is shown again, `times` in all. Call it before the list is opened; what it
   * resolves to waits for that.
   */
  takeKeyboardFrom(text: string, times?: number): Promise<() => Promise<void>>;
  /** The quick input's entries, as the user reads them. */
  quickPicks(): Locator;
  /** The document of the active webview. Editors that are not visible keep theirs: `view(1)` is the second visible. */
  view(index?: number): FrameLocator;
  /** Notification toasts that hold `text`. */
  notification(text?: string | RegExp): Locator;
  /** Presses a button of the notification that holds `text`. */
  pressInNotification(text: string | RegExp, button: string): Promise<void>;
  /** The modal dialog, if one is open. */
  dialog(): Locator;
  /** Presses a button of the modal dialog. */
  pressInDialog(button: string | RegExp): Promise<void>;
  setTheme(theme: Theme): Promise<void>;
  /** Reloads the window as `Developer: Reload Window` does, and waits until it is usable. */
  reload(): Promise<void>;
  /** Saves .run/artifacts/<name>.png and returns its path. */
  screenshot(name: string): Promise<string>;
  dispose(): Promise<void>;
}

export type Theme = 'dark' | 'light' | 'contrast-dark' | 'contrast-light';

export interface WorkbenchOptions {
  readonly width: number;
  readonly height: number;
  readonly theme?: Theme;
  /** Device pixels a CSS pixel; 2 for screenshots that people will look at. */
  readonly scale?: number;
  /** Instead of `vscode.url`. */
  readonly url?: string;
  /** Gives each webview an origin of its own, and so a process, as they have in the VS Code of a desktop; here they share the window's. */
  readonly webviewsApart?: boolean;
  /** Called with the page before the workbench loads. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** `class` is what the workbench's root element has in that theme. */
const themes: Record<Theme, { readonly name: string; readonly class: string }> = {
  dark: { name: 'Dark Modern', class: 'vs-dark' },
  light: { name: 'Light Modern', class: 'vs' },
  'contrast-dark': { name: 'Default High Contrast', class: 'hc-black' },
  'contrast-light': { name: 'Default High Contrast Light', class: 'hc-light' },
};

/** What this VS Code says of itself: a module of Microsoft's own builds, an account nobody asked for, a reload. */
const expectedErrors = [
  '/node_modules/vsda/',
  "authentication provider 'github'",
  '[lifecycle] Long running operations',
  // A window that is reloaded may close it before its log is written.
  "IndexedDB database 'vscode-web-db' is closed",
];

/** The server lets webviews be of its own origin only; a name under `localhost` is this machine, too, and another origin. */
async function setWebviewsApart(page: Page): Promise<void> {
  await page.route(
    ({ pathname }) => pathname === '/',
    async (route) => {
      const response = await route.fetch();
      const { origin, port } = new URL(response.url());
      const { 'content-security-policy': policy = '', ...headers } = response.headers();
      const body = (await response.text()).replace(
        /(&quot;webviewEndpoint&quot;:&quot;)([^&]*)/,
        (_, name: string, endpoint: string) => {
          const { pathname } = new URL(endpoint, `${origin}/`);
          // VS Code puts in what tells one webview's origin from another's.
          return `${name}http://{{uuid}}.localhost:${port}${pathname}`;
        },
      );
      const frames = `frame-src 'self' http://*.localhost:${port}`;
      await route.fulfill({
        status: response.status(),
        headers: { ...headers, 'content-security-policy': policy.replace("frame-src 'self'", frames) },
        body,
      });
    },
  );
}

const flags = [
  // A page that a test has changed counts as one of another network.
  '--disable-features=LocalNetworkAccessChecks',
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--force-color-profile=srgb'],
];

/** Opens the workbench in headless Chromium and resolves when it is connected to the extension host. */
export async function openWorkbench(
  vscode: Pick<VSCode, 'url' | 'configure'>,
  options: WorkbenchOptions,
): Promise<Workbench> {
  if (options.theme !== undefined) vscode.configure({ 'workbench.colorTheme': themes[options.theme].name });
  // Chromium keeps its profile and its sockets in a short path; a deep one makes it fail.
  const profile = mkdtempSync(path.join(tmpdir(), 'live-memory-chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args: flags,
    // What it leaves behind in the folder for temporary files goes with the profile.
    env: { ...process.env, TMPDIR: profile },
    viewport: { width: options.width, height: options.height },
    deviceScaleFactor: options.scale ?? 1,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = browser.pages()[0] ?? (await browser.newPage());
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const text = `${message.text()} (${message.location().url})`;
    if (message.type() === 'error' && !expectedErrors.some((expected) => text.includes(expected))) errors.push(text);
  });

  const quickInput = page.locator('.quick-input-widget:visible');
  const quickPicks = quickInput.locator('.quick-input-list .monaco-list-row');
  const dialog = page.locator('.monaco-dialog-box');

  async function connected(): Promise<void> {
    await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    await page.locator('.explorer-viewlet .monaco-list-row').first().waitFor({ timeout: 60_000 });
  }

  async function runCommand(title: string): Promise<void> {
    // After the title, the row's label names its keybinding.
    const label = JSON.stringify(title).slice(1, -1);
    const row = quickInput.locator(`[role=option][aria-label="${label}"], [role=option][aria-label^="${label}, "]`);
    // The palette lists what was registered when it opened, so a command that comes late needs it opened again; and a
    // workbench that is still busy with itself may not take the key.
    for (const end = Date.now() + 30_000; ;) {
      try {
        await page.keyboard.press('F1');
        await quickInput.locator('input.input').fill(`>${title}`, { timeout: 1500 });
        await row.first().waitFor({ timeout: 1500 });
        // A view that gets the keyboard late closes the palette, with the row in it.
        await row.first().click({ timeout: 3000 });
        break;
      } catch (error) {
        await page.keyboard.press('Escape');
        if (Date.now() > end) throw new Error(`The palette has no command "${title}".`, { cause: error });
      }
    }
  }

  const notification = (text: string | RegExp = ''): Locator =>
    page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text });

  if (options.webviewsApart === true) await setWebviewsApart(page);
  // Chromium takes three seconds to find no update for the service worker of webviews, which it has installed a moment ago.
  await page.addInitScript(() => {
    ServiceWorkerRegistration.prototype.update = function () {
      return Promise.resolve(this);
    };
  });
  await options.prepare?.(page);
  await page.goto(options.url ?? vscode.url);
  await connected();
  // The theme comes with the settings, a moment after the workbench is there.
  if (options.theme !== undefined) await page.locator(`.monaco-workbench.${themes[options.theme].class}`).waitFor();

  const workbench: Workbench = {
    page,
    errors,
    quickPicks: () => quickPicks,
    async takeKeyboardFrom(text, times = 1) {
      const taken = await page.evaluateHandle(
        ([wanted, often]) => {
          const isShown = (): boolean =>
            [...document.querySelectorAll('.quick-input-list .monaco-list-row')].some(
              (row) => row.textContent.includes(wanted) && row.checkVisibility(),
            );
          const done = new Promise<void>((resolve) => {
            let left = often;
            const look = (): void => {
              // That it is hidden and shown again may take less than a frame; but then it has the keyboard again.
              if (isShown() && document.activeElement?.matches('.quick-input-widget *') === true) {
                document.querySelector<HTMLElement>('iframe.webview.ready')?.focus();
                if (--left === 0) return resolve();
              }
              requestAnimationFrame(look);
            };
            look();
          });
          return { done };
        },
        [text, times] as const,
      );
      return () => taken.evaluate(({ done }) => done);
    },
    runCommand,
    async pick(text, filter) {
      if (filter !== undefined) await quickInput.locator('input.input').fill(filter);
      await quickPicks.filter({ hasText: text }).first().click();
    },
    async answer(text) {
      const input = quickInput.locator('input.input');
      await input.fill(text);
      await input.press('Enter');
    },
    view: (index = 0) =>
      page.locator('iframe.webview.ready:visible').nth(index).contentFrame().frameLocator('iframe#active-frame'),
    notification,
    async pressInNotification(text, button) {
      const toast = notification(text).first();
      await toast.hover();
      await toast.getByRole('button', { name: button }).click();
    },
    dialog: () => dialog,
    async pressInDialog(button) {
      await dialog.getByRole('button', { name: button }).click();
      await dialog.waitFor({ state: 'hidden' });
    },
    async setTheme(theme) {
      vscode.configure({ 'workbench.colorTheme': themes[theme].name });
      await page.locator(`.monaco-workbench.${themes[theme].class}`).waitFor();
    },
    async reload() {
      // VS Code's own command: it saves what the window shows first, where a reload of the page does not.
      const loaded = page.waitForEvent('load');
      await workbench.runCommand('Developer: Reload Window');
      await loaded;
      await connected();
    },
    async screenshot(name) {
      mkdirSync(artifacts, { recursive: true });
      const file = path.join(artifacts, `${name}.png`);
      await page.screenshot({ path: file });
      return file;
    },
    async dispose() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return workbench;
}

/** Debian's and Ubuntu's names, and what other systems call it. */
const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

export function findChromium(): string {
  const given = process.env['CHROMIUM'];
  if (given !== undefined) return given;
  const directories = (process.env['PATH'] ?? '').split(':');
  const found = chromiumNames.flatMap((name) => directories.map((d) => path.join(d, name))).find((f) => existsSync(f));
  if (found === undefined) throw new Error('There is no Chromium on the PATH. Debian\'s package is "chromium".');
  return found;
}
