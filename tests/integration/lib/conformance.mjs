// SPDX-License-Identifier: Apache-2.0
// Certification plans as tests: an application of each kind, a person without scripts, openid-client as the relying party. A plan
// is a list of module ids (conformance_modules.mjs) and the response types that it runs them with.
//
//   certify('implicit', [{ type: 'id_token', modules: [...] }, { type: 'id_token token', modules: [...] }]);
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generators, Issuer } from 'openid-client';
import { formOf, Visitor } from './pages.mjs';
import { application as plain, CALLBACK, environment, PASSWORD, person, tenant } from './people.mjs';
import { Server } from './server.mjs';

export { CALLBACK, PASSWORD };
export const BYE = 'https://app.example/bye';
export const SECURE = 'https://secure.example';
export const KIM = 'kim@acme.example', LEE = 'lee@acme.example';
const TYPES = ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'];

const application = (name, authMethod) => plain(name, { type: 'confidential', authMethod, responseTypes: TYPES,
  scope: ['openid', 'profile', 'email', 'phone', 'offline_access'], logouts: [BYE] });
const model = (issuer) => ({ environments: [
  environment('local', issuer, [tenant('acme', {
    employees: [person(KIM, { middleName: 'Ada', attributes: { mobileNumber: '+49 30 1234567' } }), person(LEE)],
    applications: [application('first', 'client_secret_basic'), application('second', 'client_secret_basic'), application('posting', 'client_secret_post')],
  })], { default: true }),
  environment('secure', SECURE, []),
] });

export const isText = (value) => typeof value === 'string' && value.length > 0;

// The provider under test with one response type and mode, and the relying party's half of every request.
export class Op {
  constructor(world, { type, mode }) {
    Object.assign(this, world, { type, mode });
    this.hasCode = type.split(' ').includes('code');
    this.hasToken = type.split(' ').includes('token');
    this.hasIdToken = type.split(' ').includes('id_token');
  }

  client(name = 'first') {
    const secret = this.server.generated.find((s) => s.member === 'secret' && s.name.startsWith(`${name}@`)).value;
    return new this.issuer.Client({ client_id: this.server.generatedSecret('application', 'clientId', `${name}@`), client_secret: secret,
      redirect_uris: [CALLBACK], response_types: [this.type], token_endpoint_auth_method: name === 'posting' ? 'client_secret_post' : 'client_secret_basic' });
  }

  // { url, params(answer), back(answer) -> tokens }; `more` are further parameters, undefined takes one away.
  request(more = {}, name = 'first') {
    const c = this.client(name), state = generators.state(), nonce = 'nonce' in more ? more.nonce : generators.nonce();
    const { verifier, ...parameters } = more;
    const asked = { redirect_uri: CALLBACK, response_type: this.type, scope: 'openid', state, nonce, ...this.mode && { response_mode: this.mode }, ...parameters };
    const url = new URL(c.authorizationUrl(asked));
    for (const [key, value] of Object.entries(asked)) if (value === undefined) url.searchParams.delete(key);
    const checks = { state, nonce, response_type: this.type, ...more.max_age !== undefined && { max_age: more.max_age }, ...verifier && { code_verifier: verifier } };
    return { c, state, nonce, url: url.href, params: (answer) => this.params(answer), back: (answer) => c.callback(CALLBACK, this.params(answer), checks) };
  }

  // The parameters of an authorization response, from where this mode (the one asked for, else the type's own) puts them.
  params(answer, type = this.type) {
    if (this.mode === 'form_post') {
      const form = this.form(answer);
      assert.equal(form?.action, CALLBACK, `no answer: ${answer.status} ${answer.title} ${answer.problem}`);
      assert.match(form.method, /^post$/i);
      assert.match(answer.text, /<script>document\.forms\[0\]\.submit\(\)<\/script>/);
      return form.fields;
    }
    assert.ok(answer.location?.startsWith(CALLBACK), `no answer: ${answer.status} ${answer.title} ${answer.location}`);
    const { hash, search } = new URL(answer.location);
    assert.ok(type === 'code' || type === undefined ? !hash : !search, answer.location);
    return Object.fromEntries(new URLSearchParams(hash.slice(1) || search));
  }

  // An answer's form: numeric references are what it escapes with.
  form(answer) {
    return formOf(answer.text.replace(/&#(\d+);/g, (all, code) => (code === '34' ? '&quot;' : String.fromCharCode(code))));
  }

  isAnswer(answer) {
    return answer.location?.startsWith(CALLBACK) || answer.form?.action === CALLBACK;
  }

  // Somebody who never was here.
  stranger() {
    return new Visitor(this.server);
  }

  // Opens the request; signs in where that is asked. `asked` says whether it was.
  async go(request, { by = this.visitor, user = KIM } = {}) {
    let page = await by.open(request.url);
    // More than was allowed on the consent page before is asked for anew.
    if (page.text?.includes('id="allow"')) page = await by.submit(page, {}, 'allow');
    const asked = !this.isAnswer(page);
    return { answer: asked ? await by.signIn(page, user, PASSWORD) : page, asked };
  }

  // The whole way: { params, tokens, claims (of the id token), access, asked }.
  async flow(more, options = {}) {
    const request = this.request(more, options.client);
    const { answer, asked } = await this.go(request, options);
    return { ...await this.finish(request, answer), asked };
  }

  async finish(request, answer) {
    const params = this.params(answer), tokens = await request.back(answer);
    assert.equal(params.state, request.state);
    assert.equal(params.iss, this.server.url); // RFC 9207
    return { request, params, tokens, claims: tokens.claims(), access: tokens.access_token };
  }

  userinfo(access, options = { bearer: access }, method = 'GET') {
    return this.server.request(method, '/auth/userinfo', options);
  }

  // What this response type says of the user: at userinfo, or where no access token is issued in the id token (Core 5.4).
  async told({ access, claims }) {
    if (!access) return claims;
    const { status, json } = await this.userinfo(access);
    assert.equal(status, 200);
    return json;
  }

  // The error that went back to the application.
  error(answer, request, type) {
    const params = this.params(answer, type);
    assert.equal(params.state, request.state);
    assert.equal(params.iss, this.server.url);
    assert.ok(isText(params.error_description));
    for (const name of ['code', 'access_token', 'id_token']) assert.equal(params[name], undefined);
    return params.error;
  }

  // A page that says what is wrong with the request, and no way out.
  refusedHere(answer, code) {
    assert.deepEqual([answer.status, answer.location, answer.form], [400, undefined, undefined]);
    assert.match(answer.headers['content-type'], /^text\/html/);
    assert.match(answer.text, new RegExp(`id="error">${code}`));
  }

  // Stored times moved back instead of waiting.
  async later(seconds) {
    await this.server.sql(`UPDATE sso_session SET auth_at = auth_at - ${seconds}, created_at = created_at - ${seconds}, expires_at = expires_at - ${seconds}`);
    await this.server.sql(`UPDATE authorization_code SET auth_at = auth_at - ${seconds}, used_at = used_at - ${seconds}, expires_at = expires_at - ${seconds}`);
  }
}

export function certify(plan, runs, modules) {
  describe(`conformance: ${plan}`, () => {
    const world = {};
    before(async () => {
      world.server = await Server.start({ model });
      world.server.secrets.add(PASSWORD);
      world.issuer = await Issuer.discover(world.server.url);
      world.visitor = new Visitor(world.server);
    });
    after(() => world.server?.stop());
    for (const run of runs) {
      for (const id of run.modules) {
        assert.ok(modules[id], `no module ${id}`);
        const name = [run.type, run.mode].filter(Boolean).join(', ');
        test(runs.length > 1 ? `${id} (${name})` : id, () => modules[id](new Op(world, run)));
      }
    }
  });
}
