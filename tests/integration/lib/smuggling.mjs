// SPDX-License-Identifier: Apache-2.0
// What two parsers could read as two different requests (SECURITY: smuggling), sent to nginx and to posternd
// by edge.test.mjs. posternd refuses every row itself: an error and the end of the connection, or its end
// alone; what follows is never read as a request. Behind the edge a row has one of three ends:
//   by: 'nginx'     refused by nginx in the same way; posternd never hears of it
//   by: 'posternd'  nginx is in no doubt where the request ends, passes it on unchanged, posternd refuses it,
//                   and the client's connection with nginx goes on
//   reads: 'why'    nginx reads it as one request, and writes that to posternd in the one strict form
const get = (lines, target = '/auth/jwks') => `GET ${target} HTTP/1.1\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n`;
const post = (lines, body = '') => `POST /auth/token HTTP/1.1\r\nHost: x\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n${body}`;
const CHUNKED = 'Transfer-Encoding: chunked';
const NO_CHUNKS = '0\r\n\r\n';

const LINE_ENDS = 'RFC 9112 2.2 lets a server take LF alone; nginx does, and writes CR LF to posternd';
const NO_COLON = 'nginx takes a line without a colon for a header without a value, and writes the colon';
const LEFT_OUT = 'nginx leaves out headers whose names are not plain: posternd never sees it';

const framing = {
  'TE and CL': { bytes: post([CHUNKED, 'Content-Length: 3'], NO_CHUNKS), by: 'nginx' },
  'CL and TE': { bytes: post(['Content-Length: 3', CHUNKED], NO_CHUNKS), by: 'nginx' },
  'odd TE': { bytes: post(['Transfer-Encoding: xchunked'], NO_CHUNKS), by: 'nginx' },
  'TE list': { bytes: post(['Transfer-Encoding: gzip, chunked'], NO_CHUNKS), by: 'nginx' },
  'TE list, chunked first': { bytes: post(['Transfer-Encoding: chunked, identity'], NO_CHUNKS), by: 'nginx' },
  'TE identity': { bytes: post(['Transfer-Encoding: identity']), by: 'nginx' },
  'TE twice': { bytes: post([CHUNKED, CHUNKED], NO_CHUNKS), by: 'nginx' },
  'TE with a control': { bytes: post(['Transfer-Encoding: \x0bchunked'], NO_CHUNKS), by: 'nginx' },
  'TE quoted': { bytes: post(['Transfer-Encoding: "chunked"'], NO_CHUNKS), by: 'nginx' },
  'TE in HTTP/1.0': { bytes: `POST /auth/token HTTP/1.0\r\n${CHUNKED}\r\n\r\n${NO_CHUNKS}`, by: 'nginx' },
  'CL twice, same': { bytes: post(['Content-Length: 3', 'Content-Length: 3'], 'a=1'), by: 'nginx' },
  'CL twice, other': { bytes: post(['Content-Length: 3', 'Content-Length: 4'], 'a=1'), by: 'nginx' },
  'CL list': { bytes: post(['Content-Length: 3, 3'], 'a=1'), by: 'nginx', stutters: true },
  'CL signed': { bytes: post(['Content-Length: +3'], 'a=1'), by: 'nginx', stutters: true },
  'CL negative': { bytes: post(['Content-Length: -3'], 'a=1'), by: 'nginx', stutters: true },
  'CL hexadecimal': { bytes: post(['Content-Length: 0x3'], 'a=1'), by: 'nginx', stutters: true },
  'CL empty': { bytes: post(['Content-Length:'], 'a=1'), by: 'nginx', stutters: true },
  'CL with a blank': { bytes: post(['Content-Length: 3 3'], 'a=1'), by: 'nginx', stutters: true },
  'chunk size is no number': { bytes: post([CHUNKED], `zz\r\na=1\r\n${NO_CHUNKS}`), by: 'nginx' },
  'chunk size with 0x': { bytes: post([CHUNKED], `0x3\r\na=1\r\n${NO_CHUNKS}`), by: 'nginx' },
  'chunk size that overflows': { bytes: post([CHUNKED], `fffffffffffffffff\r\na=1\r\n${NO_CHUNKS}`), by: 'nginx' },
  'chunk without its end': { bytes: post([CHUNKED], '3\r\na=1XX0\r\n\r\n'), by: 'nginx' },
};

const once = {
  'Host twice, same': { bytes: get(['Host: x', 'Host: x']), by: 'nginx' },
  'Host twice, other': { bytes: get(['Host: x', 'hOST: y']), by: 'nginx' },
  'Host missing': { bytes: get(['X: y']), by: 'nginx' },
  'Host with a path': { bytes: get(['Host: x/y']), by: 'nginx' },
  'Host with a user': { bytes: get(['Host: a@x']), by: 'posternd' },
  'Host list': { bytes: get(['Host: x, y']), by: 'nginx' },
  'Host not ASCII': { bytes: get(['Host: \xc3\xa9']), by: 'posternd' },
  'Authorization twice': { bytes: get(['Host: x', 'Authorization: Bearer a', 'Authorization: Bearer b']), by: 'nginx' },
  'Content-Type twice': { bytes: post(['Content-Type: a/b', 'Content-Type: c/d', 'Content-Length: 0']), by: 'posternd' },
  'Origin twice': { bytes: get(['Host: x', 'Origin: https://a', 'Origin: https://b']), by: 'posternd' },
  'Cookie twice': { bytes: get(['Host: x', 'Cookie: a=b', 'Cookie: c=d']), by: 'posternd' },
};

const requestLine = {
  'absolute URI': { bytes: get(['Host: x'], 'http://evil.example/auth/jwks'), by: 'nginx' },
  'absolute URI, same host': { bytes: get(['Host: x'], 'https://x/auth/jwks'), by: 'nginx' },
  'authority form': { bytes: 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  'asterisk form': { bytes: 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  relative: { bytes: get(['Host: x'], 'auth/jwks'), by: 'nginx' },
  'no target': { bytes: 'GET HTTP/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  fragment: { bytes: get(['Host: x'], '/auth/jwks#x'), by: 'posternd' },
  'blank in the path': { bytes: get(['Host: x'], '/auth/jw ks'), by: 'nginx' },
  'blank in the query': { bytes: get(['Host: x'], '/auth/jwks?a b'), by: 'nginx' },
  'two blanks': { bytes: 'GET  /auth/jwks HTTP/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  'two blanks after': { bytes: 'GET /auth/jwks  HTTP/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  'blank at the end': { bytes: 'GET /auth/jwks HTTP/1.1 \r\nHost: x\r\n\r\n', by: 'nginx' },
  'tab in the line': { bytes: 'GET\t/auth/jwks HTTP/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  'HTTP/0.9': { bytes: 'GET /auth/jwks\r\n\r\n', by: 'nginx', headless: true },
  'HTTP/1.2': { bytes: 'GET /auth/jwks HTTP/1.2\r\nHost: x\r\n\r\n', by: 'nginx' },
  'HTTP/2.0 in HTTP/1': { bytes: 'GET /auth/jwks HTTP/2.0\r\nHost: x\r\n\r\n', by: 'nginx' },
  'http/1.1': { bytes: 'GET /auth/jwks http/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  'method with NUL': { bytes: 'G\0T /auth/jwks HTTP/1.1\r\nHost: x\r\n\r\n', by: 'nginx' },
  'NUL in the path': { bytes: get(['Host: x'], '/auth/jwks\0x'), by: 'nginx' },
  'NUL in the query': { bytes: get(['Host: x'], '/auth/jwks?a\0b'), by: 'nginx' },
  'control in the path': { bytes: get(['Host: x'], '/auth/jw\x01ks'), by: 'nginx' },
  '%00 in the path': { bytes: get(['Host: x'], '/auth/jwks%00'), by: 'nginx' },
  '%00 in the query': { bytes: get(['Host: x'], '/auth/jwks?a=%00'), by: 'posternd' },
  '%0d%0a in the path': { bytes: get(['Host: x'], '/auth/jwks%0d%0aX:y'), by: 'posternd' },
  '%2f in the path': { bytes: get(['Host: x'], '/auth%2fjwks'), by: 'posternd' },
  '%5c in the path': { bytes: get(['Host: x'], '/auth%5cjwks'), by: 'posternd' },
  'stray % in the path': { bytes: get(['Host: x'], '/auth/jwks%'), by: 'nginx' },
  'bad digits': { bytes: get(['Host: x'], '/auth/jwks%zz'), by: 'nginx' },
  overlong: { bytes: get(['Host: x'], '/auth/%c0%af'), by: 'posternd' },
  'dot segments': { bytes: get(['Host: x'], '/auth/../auth/jwks'), by: 'posternd' },
  'encoded dot segments': { bytes: get(['Host: x'], '/auth/%2e%2e/auth/jwks'), by: 'posternd' },
  'above the root': { bytes: get(['Host: x'], '/../auth/jwks'), by: 'nginx' },
};

const headers = {
  'bare LF everywhere': { bytes: 'GET /auth/jwks HTTP/1.1\nHost: x\nConnection: close\n\n', reads: LINE_ENDS },
  'bare LF after the line': { bytes: 'GET /auth/jwks HTTP/1.1\nHost: x\r\nConnection: close\r\n\r\n', reads: LINE_ENDS },
  'bare LF after a header': { bytes: 'GET /auth/jwks HTTP/1.1\r\nHost: x\nConnection: close\r\n\r\n', reads: LINE_ENDS },
  'bare LF at the end': { bytes: 'GET /auth/jwks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\n', reads: LINE_ENDS },
  'bare CR': { bytes: get(['Host: x\rX: y']), by: 'nginx' },
  'bare CR in a value': { bytes: get(['Host: x', 'X: a\rb']), by: 'nginx' },
  fold: { bytes: get(['Host: x', 'X: a', ' b']), by: 'nginx' },
  'fold with a tab': { bytes: get(['Host: x', 'X: a', '\tb', 'Y: c']), by: 'nginx' },
  'fold of the first': { bytes: get([' Host: x']), by: 'nginx' },
  'fold hides CL': { bytes: post(['X: a', ' Content-Length: 5', 'Content-Length: 3'], 'a=1'), by: 'nginx' },
  'blank before the colon': { bytes: get(['Host : x']), by: 'nginx' },
  'tab before the colon': { bytes: get(['Host\t: x']), by: 'nginx' },
  "blank before TE's colon": { bytes: post(['Transfer-Encoding : chunked', 'Content-Length: 3'], 'a=1'), by: 'nginx' },
  'no colon': { bytes: get(['Host: x', 'nonsense', 'Connection: close']), reads: NO_COLON },
  'no name': { bytes: get(['Host: x', ': y']), by: 'nginx' },
  'NUL in a name': { bytes: get(['Host: x', 'X\0Y: z']), by: 'nginx' },
  'NUL in a value': { bytes: get(['Host: x', 'X: y\0z', 'Y: w']), by: 'nginx' },
  'NUL in Host': { bytes: get(['Host: x\0y', 'X: z']), by: 'nginx' },
  'control in a name': { bytes: get(['Host: x', 'X\x01Y: z']), by: 'nginx' },
  'control in a value': { bytes: get(['Host: x', 'X: a\x01z']), by: 'posternd' },
  'DEL in a value': { bytes: get(['Host: x', 'X: a\x7fz']), by: 'posternd' },
  'bad name': { bytes: get(['Host: x', 'X(Y): z', 'Connection: close']), reads: LEFT_OUT },
  'quote in the name': { bytes: get(['Host: x', '"Content-Length": 5', 'Connection: close']), reads: LEFT_OUT },
};

const oversized = {
  'oversized header line': { bytes: get(['Host: x', `X: ${'y'.repeat(6144)}`]), by: 'nginx' },
  'oversized name': { bytes: get(['Host: x', `${'y'.repeat(6144)}: x`]), by: 'nginx' },
  'oversized target': { bytes: get(['Host: x'], `/auth/jwks?${'y'.repeat(6144)}`), by: 'nginx' },
  'oversized head': { bytes: get(['Host: x', ...Array.from({ length: 60 }, (_, i) => `X-${i}: ${'y'.repeat(600)}`)]), by: 'nginx' },
  'too many headers': { bytes: get(['Host: x', ...Array.from({ length: 80 }, (_, i) => `X-${i}: y`)]), by: 'posternd' },
  'oversized cookies': { bytes: get(['Host: x', `Cookie: a=${'y'.repeat(4200)}`]), by: 'posternd' },
  'oversized length': { bytes: post(['Content-Length: 99999999999999999999']), by: 'nginx', stutters: true },
};

// `headless`: an answer in HTTP/0.9 is a body alone. `stutters`: libmicrohttpd 0.9.75 writes the head of its own refusal of such a length twice, then ends the
// connection: one refusal, no second request.
export const corpus = Object.entries({ ...framing, ...once, ...requestLine, ...headers, ...oversized })
  .map(([name, row]) => ({ name, ...row }));

// The request that must never be answered, written behind each row; posternd's log would show its id.
export const follower = (id) => `GET /auth/jwks HTTP/1.1\r\nHost: smuggled\r\nCorrelationId: ${id}\r\n\r\n`;

// The status of each answer in what came back; no body of ours holds such text.
export const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3})[ \r]/g)].map((m) => Number(m[1]));
