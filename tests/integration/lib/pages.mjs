// SPDX-License-Identifier: Apache-2.0
// A visitor of the pages, step by step: keeps cookies, follows no redirect by itself, reads forms by a simple parser.
import assert from 'node:assert/strict';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' };
const plain = (text) => text.replace(/&(amp|lt|gt|quot|#39|#96);/g, (_, name) => ENTITIES[name]);

function attributes(tag) {
  return Object.fromEntries([...tag.matchAll(/\s([\w-]+)(?:="([^"]*)")?/g)].map(([, name, value = '']) => [name, plain(value)]));
}

const FORM = /<form([^>]*)>([\s\S]*?)<\/form>/;

// { action, fields: { name: value }, inputs, buttons: { value: label } } of the first form of a page.
export function formOf(text) {
  const form = text.match(FORM);
  if (!form) return undefined;
  const inputs = [...form[2].matchAll(/<input[^>]*>/g)].map(([tag]) => attributes(tag));
  const buttons = [...form[2].matchAll(/<button([^>]*)>([\s\S]*?)<\/button>/g)]
    .map(([, tag, label]) => [attributes(tag).value, plain(label.replace(/<[^>]*>/g, ''))]);
  return { ...attributes(form[1]), inputs, fields: Object.fromEntries(inputs.map((i) => [i.name, i.value ?? ''])), buttons: Object.fromEntries(buttons) };
}

// Of all of them.
export const formsOf = (text) => [...text.matchAll(new RegExp(FORM, 'g'))].map(([form]) => formOf(form));

export class Visitor {
  constructor(server, headers = {}) {
    Object.assign(this, { server, headers, cookies: new Map() });
  }

  async #ask(method, address, options = {}) {
    const { pathname, search } = new URL(address, this.server.url);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.server.request(method, pathname + search,
      { ...options, headers: { ...this.headers, ...(cookie && { cookie }), ...options.headers } });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (/max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    answer.text = answer.text ?? '';
    answer.location = answer.headers.location;
    answer.form = formOf(answer.text);
    answer.problem = answer.text.match(/<div id="problem"[^>]*>([\s\S]*?)<\/div>/)?.[1].replace(/<[^>]*>/g, '').trim();
    answer.title = answer.text.match(/<title>([^<]*)<\/title>/)?.[1];
    return answer;
  }

  get(address, options) {
    return this.#ask('GET', address, options);
  }

  post(address, form, options) {
    return this.#ask('POST', address, { form, ...options });
  }

  // Answers and redirects on this server, up to a page or the first place elsewhere.
  async follow(answer) {
    for (let step = 0; step < 10 && answer.location; step++) {
      const next = new URL(answer.location, this.server.url);
      if (next.origin !== new URL(this.server.url).origin) return answer;
      answer = await this.get(next.href);
    }
    return answer;
  }

  async open(address) {
    return this.follow(await this.get(address));
  }

  // The page's form with these fields and this button.
  submit(page, fields = {}, action = Object.keys(page.form.buttons)[0]) {
    assert.ok(page.form, `no form: ${page.status} ${page.title}`);
    return this.post(page.form.action, { ...page.form.fields, ...fields, action });
  }

  async send(page, fields, action) {
    return this.follow(await this.submit(page, fields, action));
  }

  // From the page that asks for the name to what comes after the password.
  async signIn(page, username, password) {
    const next = await this.send(page, { username });
    assert.ok(next.form?.fields.password !== undefined, `no password is asked: ${next.status} ${next.problem}`);
    return this.send(next, { password });
  }
}
