// SPDX-License-Identifier: Apache-2.0
// Somebody who has never seen Postern: runs ./run, opens the address that it prints, and does what the pages say: signs in, sets up an
// authenticator app, signs in with it, signs out, resets a forgotten password by the mailbox that the page leads to. Fields and buttons are found by what is written on them.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../lib/edge.mjs';
import { codeAt } from '../lib/otp.mjs';
import { program, until } from '../lib/server.mjs';
import { Chromium } from './lib/chromium.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('a person', () => {
  let chromium, child, exited, folder, said = '';
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'postern-person-'));
    const build = path.resolve(program, '../../..');
    child = spawn(path.join(root, 'run'), ['--build', build, '--port', String(await freePort()), '--state', folder], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    exited = once(child, 'exit');
    let ended = false;
    exited.then(() => { ended = true; });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { said += text; });
    chromium = await Chromium.start();
    await until('./run says where one signs in', () => {
      assert.ok(!ended, `./run ended:\n${said}`);
      return /Sign in[^\n]*http:\S+[\s\S]*password:[^\n]*\n/.test(said);
    }, 120_000);
  });
  after(async () => {
    await chromium?.stop();
    if (child?.exitCode === null) child.kill('SIGTERM');
    await exited;
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('signs in, sets up an app, signs in with it, signs out, resets a forgotten password', async () => {
    const [, address] = said.match(/Sign in[^\n]*(http:\S+)/);
    const [, user, how] = said.match(/user name (\S+);[^\n]*password:\s+([^\n]+)/);
    const [, password] = execFileSync('sh', ['-c', how], { cwd: root, encoding: 'utf8' }).match(/='?([^'\n]+)'?/);
    const page = await chromium.page({ size: 'phone' });
    const press = async (name) => {
      const answered = page.waitForNavigation({ waitUntil: 'load' });
      await page.getByRole('button', { name, exact: true }).or(page.getByRole('link', { name, exact: true })).click();
      const answer = await answered;
      assert.ok(answer.status() < 400, `${name}: ${answer.status()} ${await page.title()}`);
    };
    const write = (label, text) => page.getByLabel(label, { exact: true }).fill(text);
    const writeName = async () => {
      await write('User name', user);
      await press('Next');
    };
    const signIn = async (secret) => {
      await writeName();
      await write('Password', secret);
      await press('Sign in');
    };
    const signOut = async () => {
      await press('Sign out'); // and yes, really
      await press('Sign out');
      await isAt('You are signed out');
    };
    const isAt = async (heading) => assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), heading);

    await page.goto(address);
    await isAt('Sign in');
    await signIn(password);
    await isAt('Your account');

    await press('Your second factor'); // who it is, is proven anew
    await write('Password', password);
    await press('Sign in');
    await isAt('Your second factor');
    await press('Set up a second factor');
    const secret = (await page.locator('#secret').textContent()).replaceAll(' ', '');
    let last = Math.floor(Date.now() / 30_000);
    // What an app shows next: nobody waits for it, a server allows for clocks that differ.
    const code = () => codeAt(secret, last++);
    await write('The code that is shown now', code());
    await press('Confirm');
    await isAt('Keep your recovery codes');
    assert.equal(await page.getByRole('listitem').count(), 10);
    const recovery = (await page.getByRole('listitem').first().textContent()).trim();
    await press('I have kept them');
    await isAt('Your second factor');
    await press('Continue');
    await isAt('Your account');

    await signOut();
    await page.goto(address);
    await signIn(password);
    await isAt('Enter your code');
    await write('Code of your authenticator app', code());
    await press('Continue');
    await isAt('Your account');
    await signOut();

    await page.goto(address);
    await writeName();
    await press('Forgot your password?');
    await press('Send the mail');
    await isAt('Look at your mail');
    await press('This platform runs on your own machine and sends nothing: the mail is in its mailbox');
    assert.equal(page.url(), said.match(/Mails[^\n]*(http:\S+)/)[1]);
    await press(`A new password for ${user}`);
    await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: /auth\/password/ }).click()]);
    await isAt('Set a new password');
    await write('New password', 'Brass kettle on the sill');
    await write('New password, once more', 'Brass kettle on the sill');
    await press('Save the password');
    await isAt('Your password is saved');
    await press('Sign in');
    await signIn('Brass kettle on the sill');
    await isAt('Enter your code'); // a mail is no second factor
    await press('Use a recovery code');
    await write('Recovery code', recovery);
    await press('Continue');
    await isAt('Your second factor');
    await press('Continue');
    await isAt('Your account');
    await press('Change your password');
    await write('Present password', 'Brass kettle on the sill');
    await write('New password', 'Brass kettle off the sill');
    await write('New password, once more', 'Brass kettle off the sill');
    await press('Save the password');
    await press('Go to your account');
    await isAt('Your account');
    await chromium.done(page);
  });
});
