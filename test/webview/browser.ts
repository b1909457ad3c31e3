import type { Browser } from 'playwright-core';
import { afterAll } from 'vitest';
import { launchBrowser } from './page.ts';

let browser: Promise<Browser> | undefined;

/** The one of a test file: a page has a profile of its own, and needs no browser of its own. */
export function sharedBrowser(): Promise<Browser> {
  browser ??= launchBrowser();
  return browser;
}

afterAll(async () => (await browser)?.close());
