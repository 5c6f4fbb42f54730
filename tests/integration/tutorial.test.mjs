// SPDX-License-Identifier: Apache-2.0
// The vendor's tutorials (seeds 000, 002, 003) over examples/demo.json, with curl alone: each request as their text has it, and
// their table of errors. README's own lines are run by tests/readme/run.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { jwtDecode } from './lib/jwt.mjs';
import { Server } from './lib/server.mjs';

const run = promisify(execFile);
const demo = new URL('../../examples/demo.json', import.meta.url);
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const JSON_ = 'Content-Type: application/json';
// The claims of the samples in seed 000, decoded.
const ACCESS_CLAIMS = 'role views icAgentId icSPId sub iss given_name aud icBUId name tenantId exp iat family_name tenant icClusterId';
const ID_CLAIMS = 'icAgentId icSPId sub icDomain iss given_name aud icBUId tenantId name exp iat family_name area userId tenant icClusterId';
const REFRESH_CLAIMS = 'aud iss id sessionId iat exp';

describe('tutorials', () => {
  let server;
  before(async () => {
    const text = await readFile(demo, 'utf8');
    server = await Server.start({ model: (url) => JSON.parse(text.replaceAll('http://localhost:8420', url)) });
  });
  after(() => server?.stop());

  const curl = async (path, ...args) => {
    const { stdout } = await run('curl', ['-sS', '-i', path.startsWith('http') ? path : server.url + path, ...args]);
    const [head, ...rest] = stdout.split('\r\n\r\n');
    const text = rest.join('\r\n\r\n');
    const headers = Object.fromEntries(head.split('\r\n').slice(1).map((line) => line.split(/: (.*)/)).map(([name, value]) => [name.toLowerCase(), value]));
    return { status: Number(head.match(/^HTTP\/1\.1 (\d+)/)[1]), headers, text, json: text ? JSON.parse(text) : undefined };
  };
  const form = (fields) => ['-H', FORM, ...Object.entries(fields).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`])];
  const bearer = (token) => ['-H', `Authorization: Bearer ${token}`, '-H', 'Accept: application/json'];
  const application = (name) => [server.generatedSecret('application', 'clientId', name), server.generatedSecret('application', 'secret', name)];
  const accessKey = (name) => ({ username: server.generatedSecret('access_key', 'accessKeyId', name), password: server.generatedSecret('access_key', 'accessKeySecret', name) });
  const password = (name = 'beowulf') => ({ grant_type: 'password', ...accessKey(name) });
  const credentials = (more = {}) => {
    const [client_id, client_secret] = application('Analytics Job');
    return { grant_type: 'client_credentials', client_id, client_secret, scope: 'platform-user-read analytics-query', ...more };
  };
  const hasClaims = (token, names) => {
    const { claims } = jwtDecode(token);
    for (const name of names.split(' ')) assert.ok(name in claims, name);
    return claims;
  };

  test('000: discovery, password grant (basic, post), decoding, tenant discovery, API call', async () => {
    const { json: discovery } = await curl('/.well-known/openid-configuration');
    const [id, secret] = application('Basic Back End');
    const basic = await curl(discovery.token_endpoint, '-u', `${id}:${secret}`, ...form(password()));
    const [postId, postSecret] = application('Post Back End');
    const post = await curl(discovery.token_endpoint, ...form({ ...password(), client_id: postId, client_secret: postSecret }));
    for (const [{ status, headers, json }, client] of [[basic, id], [post, postId]]) {
      assert.equal(status, 200);
      assert.equal(headers['cache-control'], 'no-store');
      assert.deepEqual([json.token_type, json.expires_in, json.issued_token_type], ['Bearer', 3600, 'urn:ietf:params:oauth:token-type:access_token']);
      const access = hasClaims(json.access_token, ACCESS_CLAIMS);
      assert.deepEqual([access.aud, access.icAgentId, access.icBUId, access.icClusterId, access.role.legacyId, access.role.secondaryRoles, access.views],
        [`${client}@cxone`, '30387543', 4600738, 'B32', 'Administrator', [], {}]);
      assert.ok(access.role.id && Number.isInteger(access.role.lastUpdateTime));
      const refresh = hasClaims(json.refresh_token, REFRESH_CLAIMS);
      assert.deepEqual([refresh.aud, refresh.exp - refresh.iat], [`${client}@cxone`, 7200]);
    }
    const claims = hasClaims(basic.json.id_token, ID_CLAIMS);
    assert.deepEqual([claims.aud, claims.area, claims.icDomain, claims.sub], [id, 'na1', 'nice-incontact.com', `user:${claims.userId}`]);
    const { json: tenant } = await curl(`${discovery.issuer}/.well-known/cxone-configuration?tenantId=${claims.tenantId}`);
    assert.deepEqual(Object.keys(tenant), ['private', 'area', 'cluster', 'domain', 'acdDomain', 'uhDomain', 'ui_endpoint', 'auth_endpoint', 'api_endpoint', 'tenantId']);
    assert.equal(tenant.tenantId, '11eb0358-724b-3970-97e5-0242ac110003');
    const me = await curl(`${tenant.api_endpoint}/api/v2/users/me`, ...bearer(basic.json.access_token));
    assert.deepEqual([me.status, me.json.userName, me.json.id], [200, 'beowulf@classics.example', claims.userId]);
  });

  test('002: client_credentials and refresh at /api/v2/oauth/token, a user by id', async () => {
    const { status, json } = await curl('/api/v2/oauth/token', ...form(credentials()));
    assert.deepEqual([status, json.token_type, json.expires_in], [200, 'Bearer', 3600]);
    const { exp, iat } = jwtDecode(json.refresh_token).claims;
    assert.equal(exp - iat, 30 * 24 * 3600);
    const { client_id, client_secret } = credentials();
    const again = await curl('/api/v2/oauth/token', ...form({ grant_type: 'refresh_token', refresh_token: json.refresh_token, client_id, client_secret }));
    assert.equal(again.status, 200, again.text);
    assert.notEqual(again.json.refresh_token, json.refresh_token);
    const { json: set } = await curl('/auth/token', '-u', application('Basic Back End').join(':'), ...form(password()));
    const { userId } = jwtDecode(set.id_token).claims;
    const user = await curl(`/api/v2/users/${userId}`, ...bearer(again.json.access_token));
    assert.deepEqual([user.status, user.json.name, user.json.emailAddress], [200, 'Beowulf Herot', 'beowulf@classics.example']);
  });

  test('002: its table of errors', async () => {
    const basic = application('Basic Back End');
    const says = (answer, status, error, words) => {
      assert.deepEqual([answer.status, answer.json.error], [status, error], answer.text);
      assert.match(answer.json.error_description, words);
    };
    // 401: invalid client id or secret; trailing spaces
    says(await curl('/api/v2/oauth/token', ...form(credentials({ client_secret: 'x'.repeat(43) }))), 401, 'invalid_client', /failed/);
    says(await curl('/api/v2/oauth/token', ...form(credentials({ client_id: 'nobody' }))), 401, 'invalid_client', /failed/);
    says(await curl('/api/v2/oauth/token', ...form(credentials({ client_secret: `${credentials().client_secret} ` }))), 401, 'invalid_client', /space/);
    const challenged = await curl('/auth/token', '-u', `${basic[0]}:wrong`, ...form(password()));
    assert.equal(challenged.status, 401);
    assert.match(challenged.headers['www-authenticate'], /^Basic /);
    says(await curl('/api/v2/users/me', ...bearer('expired')), 401, 'invalid_token', /./);
    // 403: the token lacks the scope; "me" of a token without a user
    const { json: set } = await curl('/auth/token', '-u', basic.join(':'), ...form(password()));
    const { userId } = jwtDecode(set.id_token).claims;
    const narrow = (await curl('/api/v2/oauth/token', ...form(credentials({ scope: 'analytics-query' })))).json;
    says(await curl(`/api/v2/users/${userId}`, ...bearer(narrow.access_token)), 403, 'insufficient_scope', /platform-user-read/);
    const wide = (await curl('/api/v2/oauth/token', ...form(credentials()))).json;
    says(await curl('/api/v2/users/me', ...bearer(wide.access_token)), 403, 'user_required', /user/);
    // invalid_grant: a refresh token that is invalid or was used; then: authenticate anew
    const { client_id, client_secret } = credentials();
    const refresh = (token) => curl('/api/v2/oauth/token', ...form({ grant_type: 'refresh_token', refresh_token: token, client_id, client_secret }));
    const second = (await refresh(wide.refresh_token)).json;
    await refresh(second.refresh_token);
    says(await refresh(wide.refresh_token), 400, 'invalid_grant', /used|revoked/);
    says(await refresh('nonsense'), 400, 'invalid_grant', /./);
    assert.equal((await curl('/api/v2/oauth/token', ...form(credentials()))).status, 200);
    // seed 004, question 21
    says(await curl('/auth/token', '-u', application('Hall Only').join(':'), ...form(password())), 401, 'unauthorized_client',
      /^Client application 'Hall Only@meadhall' not authorized for user$/);
  });

  test('003: the first access key', async () => {
    const { stdout } = await server.command('--json', 'generate-key', 'beowulf@classics.example');
    const refreshed = await curl('/public/user/refresh', '-H', JSON_, '-d', JSON.stringify({ token: JSON.parse(stdout).token }));
    assert.equal(refreshed.status, 200, refreshed.text);
    for (const member of ['token', 'tokenExpirationTimeSec', 'refreshToken', 'refreshTokenExpirationTimeSec', 'sessionId']) assert.ok(member in refreshed.json, member);
    const { claims } = jwtDecode(refreshed.json.token);
    const body = JSON.stringify({ userId: claims.sub.split(':')[1], tenantId: claims.tenantId });
    const made = await curl('/access-key-management/v1/access-keys', '-H', `Authorization: bearer ${refreshed.json.token}`, '-H', JSON_, '-d', body);
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(Object.keys(made.json.accessKey), ['accessKeyId', 'accessKeySecret', 'userId', 'tenantId', 'isActive']);
    const { accessKeyId, accessKeySecret } = made.json.accessKey;
    server.secrets.add(accessKeySecret);
    const token = await curl('/authentication/v1/token/access-key', '-H', JSON_, '-d', JSON.stringify({ accessKeyId, accessKeySecret }));
    assert.equal(token.status, 200, token.text);
    for (const member of ['access_token', 'token_type', 'expires_in', 'refresh_token', 'refresh_token_expires_in']) assert.ok(member in token.json, member);
    assert.equal(token.json.id_token, token.json.access_token);
    assert.equal((await curl('/api/v2/users/me', ...bearer(token.json.access_token))).status, 200);
  });
});
