// SPDX-License-Identifier: Apache-2.0
// An authenticator app: what it reads on the pages, and the codes it shows (RFC 4226, RFC 6238).
import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
// Of a secret in base32, at a counter or time step.
export function codeAt(secret, position) {
  const bits = [...secret].map((c) => ALPHABET.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigInt64BE(BigInt(position));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

// Of a page's HTML.
export const secretOf = (text) => text.match(/<code id="secret" class="secret">([A-Z2-7 ]+)<\/code>/)[1].replaceAll(' ', '');
export const recoveryOf = (text) => [...text.matchAll(/<li><code>([A-Z2-7-]+)<\/code>/g)].map(([, code]) => code);
