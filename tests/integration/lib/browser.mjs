// SPDX-License-Identifier: Apache-2.0
// A browser without scripts: follows redirects, keeps cookies, fills in the one form of a page that asks who one is.
//
//   const browser = new Browser({ user: 'kim@acme.example', password });
//   const back = await browser.open(url, { until: (at) => at.pathname === '/callback' });   // that URL, not visited
//
// As a program it is what $BROWSER names: node browser.mjs URL, with BROWSER_USER and BROWSER_PASSWORD. It ends with 0
// if the last page was good.
import { fileURLToPath } from 'node:url';

const STEPS_MAX = 20;
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
const plain = (text) => text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (all, name) => ENTITIES[name]);

function attributes(tag) {
  return Object.fromEntries([...tag.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)].slice(1)
    .map(([, name, a, b, c]) => [name.toLowerCase(), plain(a ?? b ?? c ?? '')]));
}

export class Browser {
  constructor({ user, password } = {}) {
    Object.assign(this, { user, password, jars: new Map(), visited: [] });
  }

  async #fetch(url, options = {}) {
    const jar = this.jars.get(url.host) ?? new Map();
    this.jars.set(url.host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', ...options, headers: { accept: 'text/html', ...options.headers, ...cookie && { cookie } } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line) || value === '') jar.delete(name);
      else jar.set(name, value);
    }
    this.visited.push({ url: url.href, status: answer.status });
    return answer;
  }

  // The next request that a page's form makes; undefined if there is nothing to fill in.
  #submit(url, text) {
    const form = text.match(/<form\b([^>]*)>([\s\S]*?)<\/form>/i);
    if (!form) return undefined;
    const inputs = [...form[2].matchAll(/<input\b[^>]*>/gi)].map(([tag]) => attributes(tag)).filter((i) => i.name);
    const asks = inputs.some((i) => i.type === 'password');
    if (asks && this.tried) return undefined; // it was wrong: a second time locks an account sooner
    this.tried ||= asks;
    const fields = new URLSearchParams();
    let filled = false;
    for (const input of inputs) {
      const type = input.type ?? 'text';
      if (type === 'submit' || type === 'checkbox' || type === 'radio') continue;
      const mine = type === 'password' ? this.password : ['text', 'email'].includes(type) ? this.user : undefined;
      filled ||= mine !== undefined;
      fields.append(input.name, mine ?? input.value ?? '');
    }
    const buttons = [...form[2].matchAll(/<button\b[^>]*>/gi)].map(([tag]) => attributes(tag)).filter((b) => b.name);
    if (buttons.length > 0) fields.append(buttons[0].name, buttons[0].value ?? '');
    if (!filled && buttons.length === 0) return undefined;
    const { action = '' } = attributes(`form ${form[1]}`);
    return [new URL(action || url.href, url), { method: 'POST', body: fields }];
  }

  async open(address, { until = () => false } = {}) {
    let url = new URL(address), options;
    this.tried = false;
    for (let step = 0; step < STEPS_MAX; step++) {
      if (until(url)) return url;
      const answer = await this.#fetch(url, options);
      const place = answer.headers.get('location');
      options = undefined;
      if (place && answer.status >= 300 && answer.status < 400) {
        await answer.arrayBuffer();
        url = new URL(place, url);
        continue;
      }
      const text = await answer.text();
      const next = answer.status < 400 ? this.#submit(url, text) : undefined;
      if (!next) return { url, status: answer.status, text };
      [url, options] = next;
    }
    throw new Error(`no end: ${this.visited.map((v) => v.status + ' ' + v.url.split('?')[0]).join(', ')}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { BROWSER_USER: user, BROWSER_PASSWORD: password } = process.env;
  const last = await new Browser({ user, password }).open(process.argv[2]);
  process.exitCode = last.status < 400 ? 0 : 1;
}
