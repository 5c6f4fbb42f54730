// SPDX-License-Identifier: Apache-2.0
// Every page and state (states.mjs) in a real browser: with and without scripts, on phone, desktop and popup, light and dark. Screenshots
// are kept in build/screenshots/.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { audit, keyboard, reflow, structure } from './lib/checks.mjs';
import { Chromium, SCHEMES, SIZES } from './lib/chromium.mjs';
import { Person, World } from './lib/world.mjs';
import { STATES } from './states.mjs';

const screenshots = process.env.SCREENSHOTS ?? fileURLToPath(new URL('../../../build/screenshots', import.meta.url));
const only = process.env.STATES?.split(',');
const states = STATES.filter((s) => !only || only.includes(s.name));

describe('pages', { concurrency: 3 }, () => {
  let chromium, world;
  before(async () => {
    mkdirSync(screenshots, { recursive: true });
    [chromium, world] = await Promise.all([Chromium.start(), World.start()]);
  });
  after(async () => {
    await chromium?.stop();
    await world?.stop();
  });

  const arrive = async (state, size, scripts) => {
    const page = await chromium.page({ size, scripts });
    const person = new Person(world, page, size === 'popup' ? 'popup' : undefined);
    await state.to(person);
    assert.equal(person.answer.status(), state.status ?? 200);
    return page;
  };
  const shoot = async (page, state, size) => {
    for (const scheme of SCHEMES) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: path.join(screenshots, `${state.name}-${size}-${scheme}.png`), fullPage: true, animations: 'disabled' });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  };

  for (const state of states) {
    if (state.scripts !== false) {
      test(`${state.name}: phone and desktop`, async () => {
        const page = await arrive(state, 'phone', true);
        await structure(page, state);
        await shoot(page, state, 'phone');
        await audit(page);
        await page.emulateMedia({ colorScheme: 'dark' });
        await audit(page, ['color-contrast']);
        await reflow(page);
        await page.setViewportSize(SIZES.desktop);
        await shoot(page, state, 'desktop');
        await keyboard(page);
        await chromium.done(page);
      });
    }
    if (state.scripts !== true) {
      test(`${state.name}: popup, without scripts`, async () => {
        const page = await arrive(state, 'popup', false);
        await structure(page, state);
        await shoot(page, state, 'popup');
        await chromium.done(page);
      });
    }
  }
});
