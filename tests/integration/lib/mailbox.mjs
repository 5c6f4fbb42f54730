// SPDX-License-Identifier: Apache-2.0
// What the mailbox of a local platform shows, as a visitor reads it.
import assert from 'node:assert/strict';

const plain = (text) => text.replace(/<[^>]*>/g, '').replaceAll('&amp;', '&').replaceAll('&quot;', '"').trim();

// [{ kind, path, subject, to }] of this address, newest first.
export async function mailsOf(visitor, address) {
  const page = await visitor.open('/auth/mailbox');
  assert.equal(page.status, 200, page.text);
  return [...page.text.matchAll(/<li class="mail" data-kind="(\w+)"><a href="([^"]+)">([^<]*)<\/a><br>\s*<span class="hint">([\s\S]*?)<time/g)]
    .map(([, kind, path, subject, to]) => ({ kind, path, subject: plain(subject), to: plain(to) }))
    .filter((mail) => mail.to.includes(` ${address} `));
}

// The newest one with its text and link.
export async function newestMail(visitor, address) {
  const [mail] = await mailsOf(visitor, address);
  assert.ok(mail, `no mail to ${address}`);
  const page = await visitor.open(mail.path);
  const text = plain(page.text.match(/<div class="letter" id="body">([\s\S]*?)<\/div>/)[1]);
  return { ...mail, text, language: page.headers['content-language'], link: page.text.match(/<a id="link" href="([^"]+)"/)?.[1] };
}
