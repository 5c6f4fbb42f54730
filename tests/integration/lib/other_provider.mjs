// SPDX-License-Identifier: Apache-2.0
// Another vendor's server: oidc-provider, on a free loopback port, with clients of every authentication method and a password
// grant of its own models, so that it issues refresh tokens that rotate.
//
//   const other = await OtherProvider.start();
//   other.clients.client_secret_post                 // { client_id, client_secret | key (PEM) }
//   other.busy(2, { 'retry-after': '1' });           // its next two token answers are 429
//
// A person signs in at once, without a page: other.person is who (null: who says no). The public client `native` and the
// confidential one `site` are for that, with or without a browser of their own (device flow); `indoors` has one.
// `clients` are further ones, `claims` what is said of whom: { kim: { email, email_verified } }.
//   other.fault('refresh_token', { drop: 'after' });   // the next such token request is carried out, its answer lost;
//                                                      // 'before': not carried out; { status: 503 }: answered so
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK } from 'jose';
import Provider, { errors } from 'oidc-provider';

const API = 'urn:api';
const OPAQUE = 'urn:opaque';
const METHODS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'];
const SCOPE = 'openid offline_access';
export const USER = { username: 'key-of-kim', password: 'a password of the other server' };

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const PEOPLE = { response_types: ['code'], grant_types: ['authorization_code', 'refresh_token', DEVICE], scope: SCOPE };
const people = () => [
  { ...PEOPLE, client_id: 'native', application_type: 'native', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/callback'] },
  { ...PEOPLE, client_id: 'site', application_type: 'native', token_endpoint_auth_method: 'client_secret_basic',
    client_secret: randomBytes(32).toString('hex'), redirect_uris: ['http://127.0.0.1/callback'] },
  { ...PEOPLE, client_id: 'indoors', grant_types: PEOPLE.grant_types.slice(0, 2), application_type: 'native', token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback'] },
];

async function jwkOf(key, more) {
  return { ...await exportJWK(key), ...more };
}

async function makeClient(method) {
  const client = { client_id: `by-${method}`, token_endpoint_auth_method: method, redirect_uris: [], response_types: [],
    grant_types: ['client_credentials', 'password', 'refresh_token'], scope: `${SCOPE} read` };
  if (method !== 'private_key_jwt') return { client: { ...client, client_secret: randomBytes(32).toString('hex') } };
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = [await jwkOf(publicKey, { kid: 'client-key', use: 'sig', alg: 'RS256' })];
  return { client: { ...client, jwks: { keys } }, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

// RFC 6749 4.3 on the provider's own models.
async function passwordGrant(ctx, next) {
  const { params, client, provider } = ctx.oidc;
  if (params.username !== USER.username || params.password !== USER.password) throw new errors.InvalidGrant('no such user');
  const account = await provider.Account.findAccount(ctx, params.username);
  ctx.oidc.entity('Account', account);
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const common = { accountId: account.accountId, client, grantId, gty: 'password', scope: SCOPE };
  const access = new provider.AccessToken(common);
  ctx.oidc.entity('AccessToken', access);
  const refresh = new provider.RefreshToken(common);
  ctx.oidc.entity('RefreshToken', refresh);
  const accessToken = await access.save();
  const idToken = new provider.IdToken(await account.claims('id_token', SCOPE), { ctx });
  idToken.scope = SCOPE;
  idToken.set('at_hash', accessToken);
  ctx.body = { access_token: accessToken, token_type: access.tokenType, expires_in: access.expiration, scope: SCOPE,
    refresh_token: await refresh.save(), id_token: await idToken.issue({ use: 'idtoken' }) };
  await next();
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export class OtherProvider {
  static async start({ accessLife = 3600, clients = [], claims = {} } = {}) {
    const other = new OtherProvider();
    other.server = http.createServer((request, response) => other.#serve(request, response));
    other.server.listen(0, '127.0.0.1');
    await once(other.server, 'listening');
    other.url = `http://127.0.0.1:${other.server.address().port}`;
    Object.assign(other, { more: clients, said: claims });
    await other.#provide(accessLife);
    return other;
  }

  constructor() {
    this.requests = [];
    this.refusals = [];
    this.errors = [];
    this.spent = new Map();
    this.faults = [];
    this.person = 'kim';
  }

  async #provide(accessLife) {
    const made = await Promise.all(METHODS.map(makeClient));
    this.clients = Object.fromEntries(made.map(({ client, key }, i) => [METHODS[i],
      { client_id: client.client_id, client_secret: client.client_secret, key }]));
    const forPeople = people();
    for (const client of forPeople) this.clients[client.client_id] = client;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const life = () => accessLife;
    const account = (id) => ({ accountId: id, claims: () => ({ sub: id, ...this.said[id] }) });
    this.provider = new Provider(this.url, {
      clients: [...made.map(({ client }) => client), ...forPeople, ...this.more],
      jwks: { keys: [await jwkOf(privateKey, { kid: 'provider-key', use: 'sig', alg: 'RS256' })] },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      clientAuthMethods: [...METHODS, 'none'],
      scopes: ['openid', 'offline_access', 'read'],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
      findAccount: (ctx, id) => account(id),
      rotateRefreshToken: true,
      issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
      interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
      ttl: { AccessToken: life, ClientCredentials: life, IdToken: 3600, RefreshToken: 7200, Grant: 7200 },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        // A page's button stands in its form, as simple browsers want it.
        deviceFlow: { enabled: true, userCodeConfirmSource: (ctx, form) => { ctx.body = form.replace('</form>', '<button name="go">Go</button></form>'); } },
        introspection: { enabled: true },
        revocation: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => undefined,
          useGrantedResource: () => true,
          getResourceServerInfo: (ctx, resource) => {
            if (![API, OPAQUE].includes(resource)) throw new errors.InvalidTarget();
            return { scope: 'read', audience: resource, accessTokenTTL: accessLife,
              accessTokenFormat: resource === API ? 'jwt' : 'opaque', jwt: { sign: { alg: 'RS256' } } };
          },
        },
      },
    });
    this.provider.registerGrantType('password', passwordGrant, ['username', 'password', 'scope']);
    this.provider.on('grant.error', (ctx, error) => this.errors.push(`${error.error}: ${error.error_detail ?? error.error_description}`));
    this.provider.on('server_error', (ctx, error) => this.errors.push(error.stack));
    this.provider.use((ctx, next) => this.#lose(ctx, next));
    this.provider.use((ctx, next) => this.#note(ctx, next));
    this.callback = this.provider.callback();
  }

  // The next n token requests are 429 with these headers.
  busy(n, headers = {}) {
    for (let i = 0; i < n; i++) this.refusals.push(headers);
  }

  #serve(request, response) {
    const record = { at: Date.now(), method: request.method, path: new URL(request.url, this.url).pathname, headers: request.headers };
    request.record = record;
    this.requests.push(record);
    if (record.path === '/token' && this.refusals.length > 0) {
      request.resume();
      response.writeHead(429, { 'content-type': 'application/json', ...this.refusals.shift() });
      return response.end('{"error":"too_many_requests"}');
    }
    if (record.path.startsWith('/interaction/')) return this.#interact(request, response);
    return this.callback(request, response);
  }

  fault(grant, how) {
    this.faults.push({ grant, ...how });
  }

  // The person in front of the browser: signs in and agrees, or says no.
  async #interact(request, response) {
    const { params, prompt } = await this.provider.interactionDetails(request, response);
    if (this.person === null) {
      return this.provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'The user said no.' });
    }
    const grant = new this.provider.Grant({ accountId: this.person, clientId: params.client_id });
    grant.addOIDCScope(`${SCOPE} email profile`);
    this.hints = [...this.hints ?? [], params.login_hint];
    return this.provider.interactionFinished(request, response,
      { login: { accountId: this.person }, ...(prompt.name === 'consent' || prompt.name === 'login') && { consent: { grantId: await grant.save() } } });
  }

  async #lose(ctx, next) {
    const fault = ctx.path === '/token' && this.faults[0];
    if (!fault) return next();
    const grant = new URLSearchParams(await bodyOf(ctx.req));
    ctx.req.body = Object.fromEntries(grant);
    if (grant.get('grant_type') !== fault.grant) return next();
    this.faults.shift();
    this.faulted = [...this.faulted ?? [], grant];
    if (fault.status) {
      ctx.status = fault.status;
      ctx.body = { error: 'temporarily_unavailable' };
      return undefined;
    }
    if (fault.drop === 'after') await next();
    ctx.respond = false;
    return ctx.req.socket.destroy();
  }

  async #note(ctx, next) {
    await next();
    const form = ctx.oidc?.body ?? {};
    ctx.req.record.form = form;
    const { refresh_token: refresh } = form;
    if (ctx.path === '/token' && refresh) this.spent.set(refresh, (this.spent.get(refresh) ?? 0) + 1);
  }

  grants() {
    return this.requests.filter((r) => r.path === '/token' && r.form).map((r) => r.form.grant_type);
  }

  spentTwice() {
    return [...this.spent.values()].filter((n) => n > 1).length;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
