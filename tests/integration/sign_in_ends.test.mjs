// SPDX-License-Identifier: Apache-2.0
// What ends a sign-in under way: whatever was proven in it opens nothing any more when the account was changed, or signed out of.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codeAt, recoveryOf, secretOf } from './lib/otp.mjs';
import { formsOf, Visitor } from './lib/pages.mjs';
import { application, CALLBACK, declare, PASSWORD, person, tenant, visits } from './lib/people.mjs';
import { engine, until } from './lib/server.mjs';

const FACTOR = '/auth/account/second-factor', HOME = '/auth/account', OWN = '/auth/account/password';
const names = ['ann', 'bob', 'eve', 'gil', 'ivy', 'joe', 'kim', 'lee', 'max', 'pat', 'ray', 'sue', 'tom', 'una'];
const parts = (more = {}) => ({ loginAuthenticators: [{ name: 'Passwords', default: true }, { name: 'Others' }],
  employees: names.map((name) => person(`${name}@acme.example`)), applications: [application('planner', { responseTypes: ['id_token'] })], ...more });

describe('sign-in ends', () => {
  let server, visitor;
  visits({ model: declare(tenant('acme', parts())) }, (now) => { ({ server, visitor } = now); });
  const user = (name) => `${name}@acme.example`;
  const id = (name) => `(SELECT employee_id FROM employee WHERE user_name = '${user(name)}')`;
  const alive = async (name) => Number((await server.sql(`SELECT count(*) FROM sso_session WHERE employee_id = ${id(name)} AND ended_at IS NULL`))[0][0]);
  const apply = (more) => server.applyModel(declare(tenant('acme', more))(server.url));
  const alter = (name, more) => apply({ employees: [person(user(name), { password: undefined, ...more })] });
  const home = async (name, by = new Visitor(server)) => {
    const page = await by.signIn(await by.open(HOME), user(name), PASSWORD);
    assert.match(page.title, /^Your account/);
    return by;
  };
  const press = async (by, action) => {
    const form = formsOf((await by.open(HOME)).text).find((f) => action in f.buttons) ?? assert.fail(`nothing to ${action}`);
    return by.follow(await by.post(HOME, { ...form.fields, action }));
  };
  // Everything proven, one press before the end.
  const waiting = async (name, by = visitor) => {
    const first = await by.open(FACTOR);
    const page = 'username' in first.form.fields && first.form.fields.password === undefined
      ? await by.signIn(first, user(name), PASSWORD) : await by.send(first, { password: PASSWORD });
    assert.match(page.title, /^Your second factor/);
    return page;
  };
  const isOver = async (page, by = visitor) => {
    const end = await by.send(page, {}, 'continue');
    assert.match(end.problem ?? '', /This account was changed meanwhile/, `${end.status} ${end.title}`);
    assert.match((await by.open(HOME)).title, /^Sign in/);
  };
  // Asked for all of them: their accounts were read before what follows. How many waited for the pool meanwhile, at most.
  const hashing = async (n, ask) => {
    const hash = (name) => server.metric(`${name}{lane="hash"}`);
    let queued = 0;
    const taken = async () => {
      const [waiting, busy, done] = await Promise.all(['postern_job_queue', 'postern_job_threads_busy', 'postern_jobs_total'].map(hash));
      queued = Math.max(queued, waiting);
      return waiting + busy + done;
    };
    const base = await taken(), going = ask();
    await until('all to be taken', async () => await taken() - base >= n);
    return { going, queued };
  };
  const setUp = async (page, by) => {
    const shown = await by.send(page, {}, 'enrol'), secret = secretOf(shown.text);
    const codes = await by.send(shown, { code: codeAt(secret, Math.floor(Date.now() / 30000)) }, 'confirm');
    for (const one of [secret, ...recoveryOf(codes.text)]) server.secrets.add(one);
    assert.match(codes.title, /^Keep your recovery codes/);
    return codes;
  };

  const goesOn = async (page) => {
    assert.match((await visitor.follow(await visitor.submit(page, {}, 'continue'))).title, /^Your account/);
  };
  test('nothing happens: it goes on', async () => {
    const page = await waiting('ann');
    await home('bob');
    await goesOn(page);
  });

  test('signed out in another browser: it goes on, as programs that share a test user need it', async () => {
    const there = await home('bob'), page = await waiting('bob');
    await there.send(await there.open('/auth/authorize/logout'), {}, 'logout');
    await goesOn(page);
  });

  test('sixteen browsers of one user sign in and out at once, and none disturbs another', async () => {
    const one = async () => {
      const by = await home('ivy');
      await by.send(await by.open('/auth/authorize/logout'), {}, 'logout');
      assert.match((await by.open(HOME)).title, /^Sign in/);
    };
    await Promise.all(Array.from({ length: 16 }, one));
  });

  const ends = {
    'signed out everywhere but there': async () => {
      const there = await home('eve');
      await home('eve');
      return ['eve', () => press(there, 'end_others')];
    },
    'another browser is ended': async () => {
      const there = await home('gil');
      await home('gil');
      return ['gil', () => press(there, 'end_browser')];
    },
    'the password is changed': async () => {
      const there = await home('joe'), next = 'Copper-kettle 9 & loud';
      server.secrets.add(next);
      return ['joe', async () => {
        const page = await there.open(OWN);
        assert.match((await there.follow(await there.submit(page, { password: PASSWORD, new_password: next, new_password_again: next }))).text, /saved|changed/);
      }];
    },
    'a second factor is set up': async () => {
      const there = new Visitor(server), page = await waiting('kim', there);
      return ['kim', () => setUp(page, there)];
    },
    'the operator resets the second factor': async () => ['lee', async () => {
      assert.equal((await server.command('reset-second-factor', user('lee'))).status, 0);
    }],
    'blocked, and unblocked': async () => ['max', async () => {
      await alter('max', { status: 'BLOCKED' });
      await alter('max', { status: 'ACTIVE' });
    }],
    'the tenant is disabled, and enabled': async () => ['ann', async () => {
      await apply({ isEnabled: false });
      await apply({ isEnabled: true });
    }],
    'moved to another login authenticator': async () => ['pat', () => alter('pat', { loginAuthenticator: 'Others' })],
  };
  for (const [what, begin] of Object.entries(ends)) {
    test(`dead-means-dead: a sign-in under way ends when: ${what}`, async () => {
      const [name, happen] = await begin();
      const page = await waiting(name);
      await happen();
      await isOver(page);
    });
  }

  test('dead-means-dead: new recovery codes end a sign-in that was to make others', async () => {
    const owner = new Visitor(server), codes = await setUp(await waiting('ray', owner), owner);
    const kept = recoveryOf(codes.text);
    const thief = await visitor.open(FACTOR);
    const asked = await visitor.send(await visitor.signIn(thief, user('ray'), PASSWORD), {}, 'recovery');
    const page = await visitor.send(asked, { recovery_code: kept[0] }, 'verify');
    assert.match(page.title, /^Your second factor/);
    await owner.send(await owner.send(codes, {}, 'kept'), {}, 'continue');
    const again = await owner.send(await owner.send(await owner.send(await owner.open(FACTOR), { password: PASSWORD }), {}, 'recovery'), { recovery_code: kept[1] }, 'verify');
    assert.match(again.title, /^Your second factor/, again.problem);
    const fresh = await owner.send(again, {}, 'codes');
    assert.match(fresh.title, /^Keep your recovery codes/);
    for (const one of recoveryOf(fresh.text)) server.secrets.add(one);
    for (const action of ['codes', 'enrol', 'continue']) {
      const end = await visitor.follow(await visitor.submit(page, {}, action));
      assert.ok(/changed meanwhile/.test(end.problem) || end.status === 409 || end.status === 400, `${action}: ${end.status} ${end.title}`);
    }
    const [[left]] = await server.sql(`SELECT count(*) FROM recovery_code WHERE employee_id = ${id('ray')}`);
    assert.equal(Number(left), 10, 'the owner has all of the new ones');
  });

  test('steps: after a sign-out, the pages that were left open in this browser show and open nothing', async () => {
    await home('sue', visitor);
    const codes = await setUp(await waiting('sue'), visitor), shown = recoveryOf(codes.text);
    await visitor.send(await visitor.open('/auth/authorize/logout'), {}, 'logout');
    const back = await visitor.open(`/auth/login?flow=${encodeURIComponent(codes.form.fields.flow)}`);
    for (const code of shown) assert.ok(!back.text.includes(code), 'recovery codes after a sign-out');
    const end = await visitor.follow(await visitor.submit(codes, {}, 'kept'));
    assert.match(end.title, /^This step is done already/);
    assert.match((await visitor.open(HOME)).title, /^Sign in/);
  });

  test('dead-means-dead: of 16 passwords that are hashed while this browser signs out, none leads on', async () => {
    await home('ivy', visitor);
    const out = await visitor.open('/auth/authorize/logout'), pages = [];
    for (let i = 0; i < 16; i++) pages.push(await visitor.open(FACTOR));
    const [end, ...answers] = await Promise.all([visitor.send(out, {}, 'logout'), ...pages.map((page) => visitor.submit(page, { password: PASSWORD }))]);
    assert.match(end.title, /^You are signed out/);
    for (const answer of answers) assert.ok(answer.status < 500, `${answer.status}`);
    for (const page of pages) {
      assert.match((await visitor.open(`/auth/login?flow=${encodeURIComponent(page.form.fields.flow)}`)).title, /^Sign in/);
    }
  });

  test('reset: who must replace the password goes on to the second factor', async () => {
    await server.sql(`UPDATE employee_login SET must_change = 1 WHERE employee_id = ${id('tom')}`);
    const next = 'Silver-teapot 3 & calm';
    server.secrets.add(next);
    const page = await visitor.signIn(await visitor.open(FACTOR), user('tom'), PASSWORD);
    const factor = await visitor.send(page, { new_password: next, new_password_again: next }, 'save');
    assert.match(factor.title, /^Your second factor/);
    const codes = await setUp(factor, visitor);
    assert.match((await visitor.send(await visitor.send(codes, {}, 'kept'), {}, 'continue')).title, /^Your account/);
  });

  test('dead-means-dead: of 24 passwords that are hashed while all others are signed out, none signs in after it', async () => {
    const there = await home('una'), pages = [];
    for (let i = 0; i < 24; i++) {
      const by = new Visitor(server);
      pages.push({ by, page: await by.send(await by.open(HOME), { username: user('una') }) });
    }
    await home('una');
    const form = formsOf((await there.open(HOME)).text).find((f) => 'end_others' in f.buttons);
    const { going, queued } = await hashing(24, () => pages.map(({ by, page }) => by.submit(page, { password: PASSWORD })));
    await there.post(HOME, { ...form.fields, action: 'end_others' });
    await Promise.all(going);
    const left = await alive('una');
    assert.ok(queued > 0, 'some were under way');
    assert.equal(left, 1, 'the one that signed the others out');
    // Whoever was thrown back signs in again.
    const { by, page } = pages.at(-1);
    const anew = await by.open(`/auth/login?flow=${encodeURIComponent(page.form.fields.flow)}`);
    assert.match((await by.signIn(anew, user('una'), PASSWORD)).title, /^Your account/);
  });

  // What an application gets to know of the one who is signed in here.
  const idToken = async (by) => {
    const [[client_id]] = await server.sql("SELECT application_id FROM application WHERE name = 'planner'");
    const answer = await by.get(`/auth/authorize?${new URLSearchParams({ client_id,
      redirect_uri: CALLBACK, response_type: 'id_token', scope: 'openid', nonce: 'n-1', state: 's-1' })}`);
    return new URLSearchParams(new URL(answer.location).hash.slice(1)).get('id_token') ?? assert.fail(answer.location);
  };

  test('lockout: an old id token ends no sign-in, but in the browser that brings it', async () => {
    const there = await home('pat'), hint = await idToken(there);
    await there.send(await there.open('/auth/authorize/logout'), {}, 'logout');
    const page = await waiting('pat', there);
    for (const by of [new Visitor(server), await home('ann', new Visitor(server))]) await by.open(`/auth/authorize/logout?id_token_hint=${hint}`);
    assert.match((await there.follow(await there.submit(page, {}, 'continue'))).title, /^Your account/);
  });

  test('steps: a sign-out where nobody is signed in yet, or any more, ends what was proven there', async () => {
    const idle = `UPDATE sso_session SET last_used_at = last_used_at - 40000 WHERE employee_id = ${id('ann')}`;
    for (const before of ['nobody yet', 'idle for long', 'signed in before sign-outs knew their browser']) {
      const by = new Visitor(server);
      if (before !== 'nobody yet') await home('ann', by);
      const page = await waiting('ann', by);
      if (before === 'idle for long') await server.sql(idle);
      else await server.sql(`UPDATE sso_session SET browser_digest = NULL WHERE employee_id = ${id('ann')}`);
      const asked = await by.open('/auth/authorize/logout');
      assert.match((asked.form ? await by.send(asked, {}, 'logout') : asked).title, /^You are signed out/, before);
      assert.match((await by.follow(await by.submit(page, {}, 'continue'))).title, /^This step is done already/, before);
      const anew = await by.open(`/auth/login?flow=${encodeURIComponent(page.form.fields.flow)}`);
      assert.match(anew.title, /^Sign in/, 'and can be begun anew');
      assert.match((await by.signIn(anew, user('ann'), PASSWORD)).title, /^Your second factor/);
    }
  });

  test('slow: a sign-out writes where there is something to end, and HEAD ends nothing', async () => {
    const out = '/auth/authorize/logout', made = { cookie: `postern-browser=${'b'.repeat(43)}` }, long = { cookie: `postern-browser=${'b'.repeat(200)}` };
    for (const headers of [{}, made, long]) {
      assert.deepEqual(await server.costOf(() => () => server.request('GET', out, { headers })), [0, 0, 0, 0]);
    }
    const by = await home('ann', new Visitor(server)), hint = await idToken(by), page = await waiting('ann', by);
    const cookie = [...by.cookies].map((pair) => pair.join('=')).join('; ');
    const head = await server.request('HEAD', `${out}?id_token_hint=${hint}`, { headers: { cookie } });
    assert.deepEqual([head.status, head.headers['set-cookie']], [200, undefined]);
    assert.match((await by.open(HOME)).title, /^Your account/);
    assert.match((await by.follow(await by.submit(page, {}, 'continue'))).title, /^Your account/);
  });

  test('dead-means-dead: two sign-ins that end at once in one browser end together', async () => {
    const by = new Visitor(server), pages = [await waiting('gil', by), await waiting('gil', by)];
    await server.sql(`UPDATE sso_session SET ended_at = 1 WHERE employee_id = ${id('gil')} AND ended_at IS NULL`);
    await Promise.all(pages.map((page) => by.submit(page, {}, 'continue')));
    assert.equal(await alive('gil'), 2);
    await by.send(await by.open('/auth/authorize/logout'), {}, 'logout');
    assert.equal(await alive('gil'), 0);
  });

  // SQLite has one writer: there nothing waits in the middle of a closure.
  if (engine === 'postgresql') {
    const waits = async () => Number((await server.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))[0][0]);
    // `during` happens while somebody else holds these rows, and gives what is answered after that.
    const locked = async (rows, during) => {
      const sleeper = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
      const lock = server.sql(`${rows} FOR UPDATE; SELECT pg_sleep(60)`).catch(() => {});
      await until('the lock', async () => Number((await server.sql(`SELECT count(*) ${sleeper}`))[0][0]) === 1);
      try {
        return await during();
      } finally {
        await server.sql(`SELECT pg_cancel_backend(pid) ${sleeper}`);
        await lock;
      }
    };
    const someWait = (n) => until(`${n} to wait`, async () => await waits() >= n);
    const changed = async (by, next) => {
      server.secrets.add(next);
      const page = await by.open(OWN);
      return () => by.submit(page, { password: PASSWORD, new_password: next, new_password_again: next });
    };

    test('dead-means-dead: a password that is changed while its browser signs out signs nobody in', async () => {
      const by = await home('eve', new Visitor(server)), logout = await by.open('/auth/authorize/logout');
      const change = await changed(by, 'Pewter-saucer 5 & low');
      const { changing } = await locked(`SELECT 1 FROM employee_login WHERE employee_id = ${id('eve')}`, async () => {
        const changing = change();
        await someWait(1);
        assert.match((await by.send(logout, {}, 'logout')).title, /^You are signed out/);
        return { changing };
      });
      assert.equal((await changing).location, OWN);
      assert.match((await by.open(OWN)).title, /^Sign in/);
      assert.equal(await alive('eve'), 0);
    });

    test('dead-means-dead: a sign-out that waits for a changed password ends what that made', async () => {
      await home('pat', new Visitor(server));
      const by = await home('pat', new Visitor(server)), logout = await by.open('/auth/authorize/logout');
      const [[here]] = await server.sql(`SELECT sso_session_id FROM sso_session WHERE employee_id = ${id('pat')} AND ended_at IS NULL ORDER BY created_at, sso_session_id LIMIT 1`);
      const change = await changed(by, 'Nickel-ladle 4 & warm');
      const { all } = await locked(`SELECT 1 FROM sso_session WHERE sso_session_id = '${here}'`, async () => {
        const changing = change();
        await someWait(1);
        const ending = by.send(logout, {}, 'logout');
        await someWait(2);
        return { all: Promise.all([changing, ending]) };
      });
      assert.match((await all)[1].title, /^You are signed out/);
      assert.equal(await alive('pat'), 0);
    });

    test('dead-means-dead: a sign-in that ends while its browser signs out is signed out', async () => {
      const by = await home('max', new Visitor(server));
      await by.open(FACTOR);
      const page = await waiting('max', by), logout = await by.open('/auth/authorize/logout');
      const { ending } = await locked(`SELECT 1 FROM login_flow_index WHERE step = 'password' AND browser_digest = (SELECT browser_digest FROM sso_session WHERE ended_at IS NULL AND employee_id = ${id('max')})`, async () => {
        const ending = by.send(logout, {}, 'logout');
        await someWait(1);
        const signing = by.submit(page, {}, 'continue');
        await Promise.race([signing, someWait(2)]); // the sign-out has reached its row first, or not
        return { ending: signing.then(() => ending) };
      });
      assert.match((await ending).title, /^You are signed out/);
      assert.equal(await alive('max'), 0);
    });
  }

  test('dead-means-dead: of 24 sign-ins that end while the person signs out of all others, none is left', async () => {
    const there = await home('una'), pages = [];
    for (let i = 0; i < 24; i++) {
      const by = new Visitor(server);
      pages.push({ by, page: await waiting('una', by) });
    }
    await home('una'); // so that there are others
    const form = formsOf((await there.open(HOME)).text).find((f) => 'end_others' in f.buttons);
    const going = pages.map(({ by, page }) => by.submit(page, {}, 'continue'));
    await Promise.all([...going, there.post(HOME, { ...form.fields, action: 'end_others' })]);
    const left = await alive('una');
    assert.equal(left, 1, 'the one that signed the others out');
  });
});
