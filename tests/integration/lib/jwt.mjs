// SPDX-License-Identifier: Apache-2.0
// Tokens taken apart without checking, and made wrong on purpose.
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export function jwtDecode(token) {
  const [header, payload, signature] = token.split('.');
  return { header: decode(header), claims: decode(payload), signature };
}

// The same signature under other claims or another header.
export function jwtForge(token, { header = {}, claims = {} } = {}) {
  const parts = token.split('.');
  return [encode({ ...decode(parts[0]), ...header }), encode({ ...decode(parts[1]), ...claims }), parts[2]].join('.');
}

// One bit of the signature flipped.
export function jwtTamper(token) {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[2], 'base64url');
  bytes[0] ^= 1;
  return [parts[0], parts[1], bytes.toString('base64url')].join('.');
}
