// SPDX-License-Identifier: Apache-2.0
// Debian's apache2 with mod_auth_openidc on a free loopback port, with a configuration and folders of its own: a relying party that is
// none of ours. Its pages say who it let in.
//
//   const apache = await Apache.prepare();                 // apache.redirect and apache.url are what Postern registers
//   await apache.start({ issuer, clientId, secret });
//   await apache.stop();
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../lib/edge.mjs';
import { until } from '../../lib/server.mjs';

const program = process.env.APACHE ?? ['/usr/sbin/apache2', '/usr/sbin/httpd'].find(existsSync);
const modules = process.env.APACHE_MODULES ?? '/usr/lib/apache2/modules';
const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'mime', 'auth_openidc', 'include', 'alias'];
const PLACES = ['accounts', 'reports'];

export class Apache {
  static async prepare() {
    assert.ok(program, 'there is no apache2: tools/install-packages test');
    const self = new Apache();
    self.port = await freePort();
    self.url = `http://localhost:${self.port}`;
    self.redirect = `${self.url}/oidc/back`;
    self.folder = await mkdtemp(path.join(tmpdir(), 'postern-apache-'));
    return self;
  }

  #configuration({ issuer, clientId, secret, scope }) {
    const { folder, port } = this;
    return `ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
Mutex file:${folder} default
ErrorLog ${folder}/error.log
LogLevel warn auth_openidc:info
StartServers 1
ServerLimit 2
ThreadsPerChild 8
MinSpareThreads 4
MaxSpareThreads 16
MaxRequestWorkers 16
${process.getuid() === 0 ? 'User www-data\nGroup www-data' : ''}
${MODULES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
TypesConfig /dev/null
AddType text/html .html
DocumentRoot ${folder}/pages
DirectoryIndex index.html
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${clientId}
OIDCClientSecret ${secret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRedirectURI ${this.redirect}
OIDCScope "${scope}"
OIDCPKCEMethod S256
OIDCCryptoPassphrase ${randomBytes(24).toString('hex')}
OIDCRemoteUserClaim name
OIDCSessionType server-cache
OIDCCacheType file
OIDCCacheDir ${folder}/cache
<Directory ${folder}/pages>
  Options +Includes
  SetOutputFilter INCLUDES
  Require all granted
</Directory>
${[...PLACES, 'oidc'].map((place) => `<Location /${place}>\n  AuthType openid-connect\n  Require valid-user\n</Location>`).join('\n')}
<Location /others>
  AuthType openid-connect
  Require claim tenantId:00000000-0000-0000-0000-000000000000
</Location>
`;
  }

  async #page(place, title, body) {
    await mkdir(path.join(this.folder, 'pages', place), { recursive: true, mode: 0o755 });
    await writeFile(path.join(this.folder, 'pages', place, 'index.html'),
      `<!DOCTYPE html><html lang="en"><head><title>${title}</title><link rel="icon" href="data:,"></head><body><h1>${title}</h1>${body}</body></html>\n`);
  }

  async start(client) {
    const claims = ['name', 'sub', 'email', 'tenantId', 'given_name'].map((name) => `<p id="${name}"><!--#echo var="OIDC_CLAIM_${name}" --></p>`).join('');
    for (const place of [...PLACES, 'others']) await this.#page(place, `Protected: ${place}`, `<p id="user"><!--#echo var="REMOTE_USER" --></p>${claims}`);
    await this.#page('', 'Public', '');
    await mkdir(path.join(this.folder, 'cache'), { mode: 0o777 });
    await writeFile(path.join(this.folder, 'apache.conf'), this.#configuration(client), { mode: 0o600 });
    await this.#openToItsUser();
    this.child = spawn(program, ['-f', path.join(this.folder, 'apache.conf'), '-D', 'FOREGROUND'], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.said = '';
    for (const stream of [this.child.stdout, this.child.stderr]) stream.setEncoding('utf8').on('data', (text) => { this.said += text; });
    this.exited = once(this.child, 'exit');
    let ended = false;
    this.exited.then(() => { ended = true; });
    await until('apache answers', async () => {
      assert.ok(!ended, `apache ended at its start: ${this.said}${await this.log()}`);
      return fetch(this.url).then((answer) => answer.status === 200, () => false);
    });
  }

  // As root, its workers run as somebody else.
  async #openToItsUser() {
    await chmod(this.folder, 0o755);
    await chmod(path.join(this.folder, 'cache'), 0o777);
  }

  log() {
    return readFile(path.join(this.folder, 'error.log'), 'utf8').catch(() => '');
  }

  async stop() {
    if (this.child && this.child.exitCode === null) {
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
      await this.exited;
      clearTimeout(timer);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
