// SPDX-License-Identifier: Apache-2.0
// Every page in every state that it has: how a person gets there. A new page is a row here.
//
//   name     of the screenshots, build/screenshots/NAME-SIZE-SCHEME.png
//   title    of the page, before " · Postern", or before the name of its branding: brand
//   status   of the answer, unless 200
//   to(p)    goes there: p is a Person (lib/world.mjs) at an empty page with a fresh profile
//   lang, problem   what the page says of itself, unless English and nothing
//   elsewhere   its form goes to the application, by a script of its own
//   script   the page has password.js, and does without it too
//   scripts  true, false: only with or without; absent: both
import { codeAt, recoveryOf, secretOf } from '../lib/otp.mjs';
import { northwind } from './lib/world.mjs';

const KIM = 'kim@acme.example';
const LONG = 'a.very.long.name.that.no.phone.has.room.for.in.one.line@acme.example';

const forgot = async (p, name) => { await user(p, name); await p.press('forgotten'); await p.press('send'); };
// The page behind the link of a mail, to somebody whom no other state asks for another.
const link = async (p) => {
  const name = p.world.somebody('user');
  await forgot(p, name);
  await p.open('/auth/mailbox');
  await p.click(`.mail:has-text("${name}") a`);
  await p.click('#link');
};
const user = (p, name, more) => p.ask(more).then(() => p.name(name));

const typed = async (p, field, text, button) => {
  await p.page.fill(`#${field}`, text);
  await p.press(button);
};
const toFactor = async (p, name, more) => {
  await user(p, name, more);
  await p.password();
};
// Sets a token up: what its recovery codes are, and whose it is.
const setUp = async (p) => {
  const name = p.world.spare();
  await toFactor(p, name);
  const secret = secretOf(await p.page.content());
  await typed(p, 'code', codeAt(secret, 0), 'confirm');
  return { name, codes: recoveryOf(await p.page.content()) };
};
const asked = async (p, more) => {
  const { name, codes } = await setUp(p);
  await p.press('kept');
  await toFactor(p, name, { prompt: 'login', ...more });
  return codes;
};
// What a device shows; and the page where it is typed in, and typed in there.
async function deviceCode(p) {
  const client_id = p.world.server.generatedSecret('application', 'clientId', 'Shift Planner');
  const { json } = await p.world.server.request('POST', '/auth/device_authorization', { form: { client_id, scope: 'openid platform-user-read' } });
  return json.user_code;
}

async function device(p, code) {
  await p.signIn(KIM);
  await p.open('/auth/device');
  if (code === undefined) return;
  await p.page.fill('#user_code', code);
  await p.press('check');
}

export const STATES = [
  { name: 'user', title: 'Sign in', to: (p) => p.ask() },
  { name: 'user-hint', title: 'Sign in', to: (p) => p.ask({ login_hint: LONG }) },
  { name: 'user-problem', title: 'Sign in', problem: /looks like an e-mail address/, to: (p) => user(p, 'kim') },
  { name: 'user-german', title: 'Anmelden', lang: 'de', problem: /E-Mail-Adresse/, to: (p) => user(p, 'kim', { ui_locales: 'de' }) },
  { name: 'user-japanese', title: 'サインイン', lang: 'ja', to: (p) => p.ask({ ui_locales: 'ja' }) },
  { name: 'password', title: 'Sign in', to: (p) => user(p, LONG) },
  { name: 'password-wrong', title: 'Sign in', problem: /user name or the password is wrong/,
    to: async (p) => { await user(p, 'nobody@acme.example'); await p.password('Wrong-lantern 7'); } },
  { name: 'password-locked', title: 'Sign in', problem: /account is locked/, to: async (p) => {
    await p.world.sql(`UPDATE employee_login SET locked_until = ${Math.floor(Date.now() / 1000) + 1790} WHERE employee_id = (SELECT employee_id FROM employee WHERE user_name = 'eve@acme.example')`);
    await user(p, 'eve@acme.example');
    await p.password();
  } },
  { name: 'password-expired', script: true, title: 'Your password must be replaced', to: async (p) => {
    await p.world.sql("UPDATE employee_login SET must_change = 1 WHERE employee_id = (SELECT employee_id FROM employee WHERE user_name = 'bob@acme.example')");
    await user(p, 'bob@acme.example');
    await p.password();
  } },
  { name: 'enrol', title: 'Set up a second factor', to: (p) => toFactor(p, 'app@acme.example') },
  { name: 'enrol-wrong', title: 'Zweiten Faktor einrichten', lang: 'de', problem: /Code ist falsch/, to: async (p) => {
    await toFactor(p, 'app@acme.example', { ui_locales: 'de' });
    await typed(p, 'code', '00000', 'confirm');
  } },
  { name: 'enrol-japanese', title: '2 段階認証の設定', lang: 'ja', to: (p) => toFactor(p, 'app@acme.example', { ui_locales: 'ja' }) },
  { name: 'factor-who', title: 'Sign in', to: async (p) => { await p.signIn(KIM); await p.open('/auth/account/second-factor'); } },
  { name: 'factor-none', title: 'Your second factor', to: async (p) => {
    await p.open('/auth/account/second-factor');
    await p.name(KIM);
    await p.password();
  } },
  { name: 'recovery-codes', title: 'Keep your recovery codes', to: setUp },
  { name: 'code', title: 'Enter your code', problem: /code is wrong/, to: async (p) => { await asked(p); await typed(p, 'code', '00000', 'verify'); } },
  { name: 'recovery', title: '回復コードを使う', lang: 'ja', to: async (p) => { await asked(p, { ui_locales: 'ja' }); await p.press('recovery'); } },
  { name: 'factor', title: 'Your second factor', to: async (p) => {
    const codes = await asked(p);
    await p.press('recovery');
    await typed(p, 'recovery_code', codes[0], 'verify');
  } },
  { name: 'provider', title: 'Sign in', to: (p) => user(p, 'gil@acme.example') },
  { name: 'provider-down', title: 'Sign in', problem: /cannot be reached/, to: (p) => user(p, 'joe@acme.example') },
  { name: 'forgotten', title: 'Forgot your password?', to: async (p) => { await user(p, KIM); await p.press('forgotten'); } },
  { name: 'forgotten-problem', title: 'Forgot your password?', problem: /looks like an e-mail address/, to: async (p) => { await p.ask(); await p.press('forgotten'); await p.fillIn({ username: 'kim' }, 'send'); } },
  { name: 'forgotten-sent', title: 'Look at your mail', to: (p) => forgot(p, LONG) },
  { name: 'password-link', script: true, title: 'Set a new password', to: (p) => link(p) },
  { name: 'password-link-problem', script: true, title: 'Set a new password', problem: /cannot be used/, to: async (p) => {
    await link(p);
    await p.fillIn({ new_password: 'Password1', new_password_again: 'Password1' }, 'save');
  } },
  { name: 'password-link-typing', script: true, title: 'Set a new password', scripts: true, to: async (p) => {
    await link(p);
    await p.page.fill('#new_password', 'Brass kettle 9');
  } },
  { name: 'password-link-void', title: 'This link does not work any more', status: 400, to: (p) => p.open('/auth/password?link=x') },
  { name: 'password-done', title: 'Your password is saved', to: (p) => p.open('/auth/password/done') },
  { name: 'password-own', script: true, title: 'Change your password', to: async (p) => { await p.signIn(KIM); await p.open('/auth/account/password'); } },
  { name: 'invitation', script: true, title: 'Activate your account', to: async (p) => {
    const done = await p.world.server.command('invite', p.world.somebody('new'));
    await p.open(done.stdout.trim());
  } },
  { name: 'mailbox', title: 'Mailbox', to: async (p) => { await forgot(p, KIM); await p.open('/auth/mailbox'); } },
  { name: 'mail', title: 'Mailbox', to: async (p) => {
    const name = p.world.somebody('user');
    await forgot(p, name);
    await p.open('/auth/mailbox');
    await p.click(`.mail:has-text("${name}") a`);
  } },
  { name: 'account', title: 'Choose an account', to: async (p) => { await p.signIn(LONG); await p.ask({ prompt: 'select_account' }); } },
  { name: 'consent', title: 'Allow access?', to: async (p) => {
    await p.signIn(KIM);
    await p.ask({ prompt: 'consent', scope: 'openid platform-user-read access-key-read' });
  } },
  { name: 'session-gone', title: 'Sign in', problem: /not signed in any more/, to: async (p) => {
    await p.signIn(KIM);
    await p.ask({ prompt: 'consent' });
    await p.page.context().clearCookies({ name: /session/ });
    await p.press('allow');
  } },
  { name: 'refused', title: 'The application sent a request that cannot be answered', status: 400,
    to: (p) => p.ask({ redirect_uri: 'https://somewhere-else.example/a/path/that/is/long/enough/to/need/more/than/one/line/on/a/phone?and=parameters' }) },
  { name: 'expired', title: 'This sign-in is over', status: 400, to: (p) => p.open('/auth/login?flow=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA') },
  { name: 'done', title: 'This step is done already', status: 409, to: async (p) => {
    await p.ask();
    await p.page.fill('#username', KIM);
    const other = await p.page.context().newPage();
    await other.goto(p.page.url());
    await other.fill('#username', KIM);
    await Promise.all([other.waitForNavigation(), other.click('#next')]);
    await other.close();
    await p.press('next');
  } },
  { name: 'error', title: 'This did not work', status: 400, to: (p) => p.open('/auth/login?flow=twice&flow=twice') },
  { name: 'not-found', title: 'This did not work', status: 404, to: (p) => p.open('/auth/account/nowhere') },
  { name: 'too-many', title: 'Please wait a moment', status: 429, to: async (p) => p.open(await p.world.exhausted()) },
  { name: 'logout', title: 'Sign out?', to: async (p) => { await p.signIn(KIM); await p.open('/auth/authorize/logout'); } },
  { name: 'logged-out', title: 'You are signed out', to: async (p) => { await p.signIn(KIM); await p.open('/auth/authorize/logout'); await p.press('logout'); } },
  { name: 'stayed', title: 'You are still signed in', to: async (p) => { await p.signIn(KIM); await p.open('/auth/authorize/logout'); await p.press('stay'); } },
  { name: 'branded', title: 'Sign in', brand: 'Northwind Traders', to: (p) => p.ask({ tenantId: northwind }) },
  { name: 'branded-wrong', title: 'Sign in', brand: 'Northwind Traders', problem: /user name or the password is wrong/,
    to: async (p) => { await user(p, 'nobody@acme.example', { tenantId: northwind }); await p.password('Wrong-lantern 7'); } },
  { name: 'branded-japanese', title: 'サインイン', brand: 'Northwind Traders', lang: 'ja', to: (p) => p.ask({ tenantId: northwind, ui_locales: 'ja' }) },
  { name: 'branded-consent', title: 'Allow access?', brand: 'Northwind Traders', to: async (p) => {
    await p.ask({ prompt: 'consent' }, 'Timesheet');
    await p.name('mia@northwind.example');
    await p.password();
  } },
  { name: 'home', title: 'Your account', to: async (p) => { await p.signIn('lee@acme.example'); await p.open('/auth/account'); } },
  { name: 'home-full', title: 'Your account', brand: 'Northwind Traders', to: async (p) => {
    await p.ask({ prompt: 'consent', scope: 'openid platform-user-read' }, 'Timesheet');
    await p.name('mia@northwind.example');
    await p.password();
    await p.press('allow');
    await p.open('/auth/account?done=others');
  } },
  { name: 'device-who', title: 'Sign in', to: (p) => p.open('/auth/device') },
  { name: 'device', title: 'Sign in on a device', to: (p) => device(p) },
  { name: 'device-linked', title: 'Sign in on a device', to: async (p) => { await p.signIn(KIM); await p.open(`/auth/device?user_code=${await deviceCode(p)}`); } },
  { name: 'device-wrong', title: 'Sign in on a device', problem: /No device is waiting/, to: async (p) => {
    await p.world.sql('DELETE FROM device_guess');
    await device(p, 'BBBB-BBBB');
  } },
  { name: 'device-confirm', title: 'Let this device in?', to: async (p) => device(p, await deviceCode(p)) },
  { name: 'device-allowed', title: 'Your device is signed in', to: async (p) => { await device(p, await deviceCode(p)); await p.press('allow'); } },
  { name: 'device-denied', title: 'The device was not let in', to: async (p) => { await device(p, await deviceCode(p)); await p.press('deny'); } },
  { name: 'form-post', title: 'Back to the application', elsewhere: true, scripts: false, to: async (p) => {
    await p.ask({ response_mode: 'form_post' });
    await p.name(KIM);
    await p.password();
  } },
];
