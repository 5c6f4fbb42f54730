// SPDX-License-Identifier: Apache-2.0
// To another provider and back in a real browser: no script, no click, cookies that travel between sites, and nothing that the policy of a
// page forbids.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Chromium } from './lib/chromium.mjs';
import { Person, World } from './lib/world.mjs';

describe('sign-in at another provider', () => {
  let chromium, world;
  before(async () => {
    [chromium, world] = await Promise.all([Chromium.start(), World.start()]);
    world.provider.at['/authorize'] = (request, response) => {
      const location = new URL(request.url, world.provider.url);
      response.writeHead(303, { location: `${location.searchParams.get('redirect_uri')}?${new URLSearchParams(world.provider.redeem(location))}` });
      response.end();
    };
  });
  after(async () => {
    await chromium?.stop();
    await world?.stop();
  });

  for (const scripts of [true, false]) {
    test(`the browser goes there and comes back by itself, ${scripts ? 'with' : 'without'} scripts`, async () => {
      const page = await chromium.page({ size: 'phone', scripts });
      const person = new Person(world, page);
      await person.ask();
      await page.fill('#username', 'gil@acme.example');
      await Promise.all([page.waitForURL(/\/callback\?code=/), page.click('#next')]);
      assert.match(await page.textContent('h1'), /Application/);
      await chromium.done(page);
    });
  }
});
