// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, driven by playwright-core. Nothing but loopback exists for it; a page that asks for anything else, or
// that the browser complains about (its policy broken, a script that failed), fails the test.
//
//   const chromium = await Chromium.start();
//   const page = await chromium.page({ size: 'phone', scheme: 'light' });
//   await chromium.done(page);                      // asserts that it asked for nothing else
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium as playwright } from 'playwright-core';

const program = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 }, popup: { width: 450, height: 600 } };
export const SCHEMES = ['light', 'dark'];
const WAIT_MS = 15_000;
const isLoopback = (url) => /^(?:data|blob|about):/.test(url) || /^https?:\/\/(?:127\.0\.0\.1|localhost)(?::\d+)?\//.test(url);

export class Chromium {
  static async start() {
    assert.ok(program, 'there is no chromium: tools/install-packages test');
    const self = new Chromium();
    self.browser = await playwright.launch({
      executablePath: program, headless: true, timeout: 60_000,
      // Its sandbox needs privileges that root gives up, and containers do not have.
      chromiumSandbox: false,
      args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost', '--no-proxy-server', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    return self;
  }

  stop() {
    return this.browser?.close();
  }

  // A page in a profile of its own: no cookies.
  async page({ size = 'phone', scheme = 'light', locale = 'en-US', scripts = true, options = {} } = {}) {
    const context = await this.browser.newContext({ viewport: SIZES[size], colorScheme: scheme, locale, javaScriptEnabled: scripts, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    page.complaints = [];
    // A status of 400 or more of the page itself is said on the console, too: not what is meant.
    page.on('console', (m) => m.type() === 'error' && !/the server responded with a status of/.test(m.text()) && page.complaints.push(m.text()));
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    context.on('request', (request) => isLoopback(request.url()) || page.complaints.push(`asked for ${request.url()}`));
    return page;
  }

  async done(page) {
    const { complaints } = page;
    await page.context().close();
    assert.deepEqual(complaints, [], 'what the browser complained about');
  }
}
