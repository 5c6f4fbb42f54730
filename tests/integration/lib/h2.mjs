// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frames written by hand (RFC 9113), because no library lets one write what an attacker writes.
import { once } from 'node:events';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, GOAWAY = 7;
const END_STREAM = 1, END_HEADERS = 4;

function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

// RFC 7541 5.1, 5.2: a string of at most 126 + 127 bytes, without Huffman's code.
function literal(text) {
  const bytes = Buffer.from(text, 'latin1');
  const length = bytes.length < 127 ? [bytes.length] : [127, bytes.length - 127];
  return Buffer.concat([Buffer.from(length), bytes]);
}

// RFC 7541 6.2.2: literal, new name, not indexed.
const pack = (headers) => Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));

// The status at the beginning of a header block: indexed, or with the index of :status and plain digits.
const INDEXED = { 0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500 };
const statusOf = (block) => INDEXED[block[0]] ?? Number(block.subarray(2, 5).toString('latin1'));

export class H2 {
  constructor(socket) {
    this.socket = socket;
  }

  // One request on stream 1: its status, or 'reset' if the stream or the connection was ended without one.
  async ask(headers, body) {
    const { socket } = this;
    let bytes = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0, Buffer.alloc(0)),
      frame(HEADERS, END_HEADERS | (body === undefined ? END_STREAM : 0), 1, pack(headers)),
      ...(body === undefined ? [] : [frame(DATA, END_STREAM, 1, Buffer.from(body, 'latin1'))])]));
    const signal = AbortSignal.timeout(15_000);
    const closed = once(socket, 'close', { signal }).then(() => undefined);
    try {
      for (;;) {
        while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
          const end = 9 + bytes.readUIntBE(0, 3), payload = bytes.subarray(9, end);
          if (bytes[3] === HEADERS) return statusOf(payload);
          if (bytes[3] === RST_STREAM || bytes[3] === GOAWAY) return 'reset';
          bytes = bytes.subarray(end);
        }
        const chunk = await Promise.race([once(socket, 'data', { signal }).then(([data]) => data), closed]);
        if (chunk === undefined) return 'reset';
        bytes = Buffer.concat([bytes, chunk]);
      }
    } finally {
      socket.destroy();
      await closed.catch(() => {});
    }
  }
}

const request = (more, { method = 'GET', target = '/auth/jwks', authority = 'localhost' } = {}) =>
  [[':method', method], [':scheme', 'https'], [':authority', authority], [':path', target], ...more];
const post = (more) => request(more, { method: 'POST', target: '/auth/token' });
const NEXT = 'GET /auth/jwks HTTP/1.1\r\nHost: smuggled\r\nCorrelationId: smuggled-h2-body\r\n\r\n';

// What would be two requests once written as HTTP/1. by: 'posternd' passes nginx, which writes it in one way.
export const HOSTILE = [
  { name: 'Transfer-Encoding', headers: post([['transfer-encoding', 'chunked']]), body: `0\r\n\r\n${NEXT}` },
  { name: 'Content-Length that is too short', headers: post([['content-length', '3']]), body: `a=1${NEXT}` },
  { name: 'Content-Length that is too long', headers: post([['content-length', '9']]), body: 'a=1' },
  { name: 'Content-Length twice', headers: post([['content-length', '3'], ['content-length', '3']]), body: 'a=1' },
  { name: 'CR LF in a value', headers: request([['x', `a\r\n\r\n${NEXT}`]]) },
  { name: 'LF in a value', headers: request([['x', 'a\nTransfer-Encoding: chunked']]) },
  { name: 'NUL in a value', headers: request([['x', 'a\0b']]) },
  { name: 'CR LF in a name', headers: request([['x: y\r\ntransfer-encoding', 'chunked']]) },
  { name: 'colon in a name', headers: request([['transfer-encoding: chunked', 'x']]) },
  { name: 'blank in a name', headers: request([['transfer-encoding ', 'chunked']]) },
  { name: 'capitals in a name', headers: request([['Transfer-Encoding', 'chunked']]) },
  { name: 'empty name', headers: request([['', 'x']]) },
  { name: 'CR LF in the path', headers: request([], { target: `/auth/jwks HTTP/1.1\r\nHost: x\r\n\r\n${NEXT}` }) },
  { name: 'blank in the path', headers: request([], { target: '/auth/jwks HTTP/1.1' }) },
  { name: 'absolute URI as path', headers: request([], { target: 'https://evil.example/auth/jwks' }) },
  { name: 'empty path', headers: request([], { target: '' }) },
  { name: 'blank in the method', headers: request([], { method: 'GET /auth/jwks HTTP/1.1\r\nX:' }) },
  { name: 'path twice', headers: request([[':path', '/auth/token']]) },
  { name: 'unknown pseudo header', headers: request([[':evil', 'x']]) },
  { name: 'Host beside authority', headers: request([['host', 'evil.example']]) },
  { name: 'CR LF in the authority', headers: request([], { authority: 'x\r\nTransfer-Encoding: chunked' }) },
  { name: 'path in the authority', headers: request([], { authority: 'x/y' }) },
  { name: 'control in a value', headers: request([['x', 'a\x01b']]), by: 'posternd' },
  { name: '%00 in the path', headers: request([], { target: '/auth/jwks%00' }) },
];
