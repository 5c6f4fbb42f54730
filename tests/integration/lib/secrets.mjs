// SPDX-License-Identifier: Apache-2.0
// What must not leak in one run of the server (SECURITY: secrets-once): secrets are shown at most once, tokens
// only to whom they are given, and nothing of both is ever in the log.
import assert from 'node:assert/strict';

const TOKENS = ['access_token', 'refresh_token', 'id_token', 'token', 'refreshToken'];
// The member that shows an access key's secret, the one time.
const SHOWN = /"accessKeySecret"\s*:\s*"([^"]+)"/g;

export class Secrets {
  #hidden = new Set(); // what no answer may show any more
  #logged = new Set(); // what may be in answers, but not in the log
  #leaks = [];

  // A secret that no answer may show.
  add(value) {
    this.#hidden.add(value);
  }

  answered({ status, headers, text, json }) {
    const whole = `${JSON.stringify(headers)}\n${text}`;
    for (const secret of this.#hidden) {
      if (whole.includes(secret) || whole.includes(encodeURIComponent(secret))) {
        this.#leaks.push(`a secret in an answer (${status}): ${text.slice(0, 200)}`);
      }
    }
    if (status === 201) {
      for (const [, secret] of text.matchAll(SHOWN)) this.add(secret);
    }
    for (const member of TOKENS) {
      if (typeof json?.[member] === 'string') this.#logged.add(json[member]);
    }
  }

  // The end of the run: throws if anything leaked.
  check(log) {
    for (const token of this.#logged) {
      // A signature alone identifies a token; a log may quote the header, which is no secret.
      const tail = token.split('.').at(-1);
      if (log.includes(tail)) this.#leaks.push(`a token in the log: ...${tail.slice(-12)}`);
    }
    for (const secret of this.#hidden) {
      if (log.includes(secret)) this.#leaks.push(`a secret in the log: ${secret.slice(0, 6)}...`);
    }
    assert.deepEqual(this.#leaks, [], 'secrets-once');
  }

  get count() {
    return this.#hidden.size + this.#logged.size;
  }
}
