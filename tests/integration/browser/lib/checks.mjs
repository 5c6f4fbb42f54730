// SPDX-License-Identifier: Apache-2.0
// What every page must be, whatever it is about: WCAG 2.2 AA as far as a program sees it, by axe-core and by checks of our own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
// HTML 4.10.18.7.1, those that a page of ours has a use for.
const AUTOCOMPLETE = ['username', 'current-password', 'new-password', 'one-time-code', 'email', 'off'];

// rules: the only ones to run. No violation is allowed.
export async function audit(page, rules) {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe);
  const run = rules ? { type: 'rule', values: rules } : { type: 'tag', values: TAGS };
  const found = await page.evaluate(async (runOnly) => {
    const { violations, passes } = await globalThis.axe.run(document, { runOnly, resultTypes: ['violations'] });
    return { passed: passes.length, violations: violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.html} (${n.failureSummary})`).join(' | ')}`) };
  }, run);
  assert.deepEqual(found.violations, [], 'axe-core');
  assert.ok(found.passed > 0, 'axe-core checked nothing');
}

// Headings, landmarks, language, labels, autocomplete, the summary of what is wrong.
export async function structure(page, state) {
  const seen = await page.evaluate(() => {
    const all = (selector, of) => [...document.querySelectorAll(selector)].map(of);
    const fields = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')];
    const ids = all('[id]', (e) => e.id);
    const problem = document.querySelector('#problem');
    return {
      lang: document.documentElement.lang, title: document.title, h1: all('h1', (e) => e.textContent.trim()),
      main: all('main', (e) => e.id).length, scripts: all('script, iframe, object, embed, [style], style', (e) => e.outerHTML.replace(/^<script defer="" src="\/auth\/assets\/password-[\w-]+\.js"><\/script>$/, 'password.js')),
      foreign: all('[src], link[href]', (e) => e.src || e.href).filter((url) => new URL(url).origin !== location.origin && !url.startsWith('data:')),
      twice: ids.filter((id, i) => ids.indexOf(id) !== i),
      unlabelled: fields.filter((f) => !f.labels?.length && !f.ariaLabel && !f.getAttribute('aria-labelledby')).map((f) => f.outerHTML),
      nameless: fields.filter((f) => f.id === '' || f.name === '').map((f) => f.outerHTML),
      autocomplete: fields.filter((f) => !['checkbox', 'radio'].includes(f.type)).map((f) => f.getAttribute('autocomplete')),
      dangling: all('[aria-describedby]', (e) => e.getAttribute('aria-describedby').split(' ')).flat().filter((id) => !document.getElementById(id)),
      problem: problem && { role: problem.getAttribute('role'), text: problem.textContent.trim(), to: problem.querySelector('a')?.getAttribute('href') },
      invalid: all('[aria-invalid=true]', (e) => ({ id: e.id, by: e.getAttribute('aria-describedby') ?? '' })),
      small: all('button, a.button, input:not([type=hidden]):not([type=checkbox]):not([type=radio])', (e) => ({ html: e.outerHTML, h: e.getBoundingClientRect().height })).filter((e) => e.h < 24),
      forms: all('form', (e) => ({ method: e.method, submits: e.querySelectorAll('button[type=submit]').length, here: e.getAttribute('action').startsWith('/') })),
    };
  });
  assert.equal(seen.lang, state.lang ?? 'en');
  assert.equal(seen.title, `${state.title} · ${state.brand ?? 'Postern'}`);
  assert.equal(seen.h1.length, 1, `one h1: ${seen.h1}`);
  assert.equal(seen.main, 1, 'one main');
  for (const what of ['foreign', 'twice', 'unlabelled', 'nameless', 'dangling', 'small']) assert.deepEqual(seen[what], [], what);
  if (!state.elsewhere) assert.deepEqual(seen.scripts, state.script ? ['password.js'] : [], 'scripts');
  for (const token of seen.autocomplete) assert.ok(AUTOCOMPLETE.includes(token), `autocomplete=${token}`);
  for (const form of seen.forms) assert.deepEqual({ ...form, submits: form.submits > 0 }, { method: form.method, submits: true, here: !state.elsewhere });
  if (state.problem === undefined) return assert.equal(seen.problem, null);
  assert.equal(seen.problem?.role, 'alert');
  assert.match(seen.problem.text, state.problem);
  for (const { id, by } of seen.invalid) {
    assert.equal(seen.problem.to, `#${id}`, 'the summary leads to the field');
    assert.ok(by.split(' ').includes('problem'), 'the field says what is wrong with it');
  }
}

// Tab alone: everything is reached, in the order of the page, and one sees where one is.
export async function keyboard(page) {
  const expected = await page.evaluate(() => {
    const can = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')].filter((e) => e.checkVisibility() && !e.disabled);
    can.forEach((e, i) => e.setAttribute('data-order', i));
    return can.length;
  });
  const order = [];
  for (let i = 0; i < expected; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(async () => {
      await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }); // it has scrolled there
      const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
      if (e === document.body) return undefined;
      return { order: Number(e.dataset.order), html: e.outerHTML.slice(0, 80), outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
        inSight: box.top >= -1 && box.bottom <= innerHeight + 1 };
    });
    if (at === undefined) { i--; if (order.includes(undefined)) break; order.push(undefined); continue; }
    assert.ok(at.outline >= 2, `no visible focus: ${at.html}`);
    assert.ok(at.inSight, `focus out of sight: ${at.html}`);
    order.push(at.order);
  }
  const reached = order.filter((n) => n !== undefined), first = reached.indexOf(0);
  const turned = first < 0 ? reached : [...reached.slice(first), ...reached.slice(0, first)];
  assert.deepEqual(turned, Array.from({ length: expected }, (_, i) => i), 'the order of Tab');
}

// WCAG 1.4.10 (320 CSS pixels, which is 1280 at 400 %), 1.4.4 (text of 200 %).
export async function reflow(page) {
  const before = page.viewportSize();
  for (const [what, width, height, font] of [['320 px', 320, 568, ''], ['200 % of 1280 px', 640, 400, ''], ['text of 200 %', 390, 844, '200%']]) {
    await page.setViewportSize({ width, height });
    await page.evaluate((size) => { document.documentElement.style.fontSize = size; }, font);
    const { wide, cut } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      cut: [...document.querySelectorAll('button, h1, p, label')].filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').map((e) => e.outerHTML.slice(0, 120)),
    }));
    assert.equal(wide, 0, `${what}: scrolls sideways by ${wide} px`);
    assert.deepEqual(cut, [], `${what}: text that has no room`);
  }
  await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
  await page.setViewportSize(before);
}
