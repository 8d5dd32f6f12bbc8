// What an OAuth client does at the identity service, whichever library it is made of.
//
// Usage: node journey.mjs oauth4webapi|openid_client, with one JSON object on standard input: {issuer, authorities,
// client: {id, secret, redirect}, user, password, refresh, introspects, readable, browser: [PROGRAM, ARGUMENT...],
// cookies}. Prints `ok NAME` or `failed NAME: why` for each thing it does, and exits with 1 if any failed. Certificates
// to believe come in NODE_EXTRA_CA_CERTS.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

import * as jose from 'jose';

const LIBRARIES = ['oauth4webapi', 'openid_client'];

const name = process.argv[2];
if (!LIBRARIES.includes(name)) throw new Error(`one of ${LIBRARIES.join(', ')} is needed`);
const library = await import(`./${name}.mjs`);
const given = JSON.parse(await text(process.stdin));

/** Goes there as the person's browser and gives where the client is called back. */
function browse(url) {
  const [program, ...more] = given.browser;
  const { authorities, cookies, user, password } = given;
  const asked = { url: url.href, stop: given.client.redirect, authorities, cookies, user, password };
  const done = spawnSync(program, more, { input: JSON.stringify(asked), encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  const told = JSON.parse(done.stdout);
  assert.equal(told.stopped, 'there', `${told.url?.split('?')[0]}: ${told.status} ${told.words}`);
  return { url: new URL(told.url), typed: told.typed };
}

/** A sign-on up to the call back. */
async function begin(client) {
  const asked = await client.begin();
  return { ...browse(asked.url), checks: asked.checks };
}

/** It has to be refused: with that code of OAuth's by the server, or `by the client` before it asks. */
async function refused(code, promise) {
  const problem = await promise.then(() => undefined, (error) => error);
  assert.ok(problem, `taken, where ${code} is due`);
  if (code === 'by the client') {
    assert.equal(problem.error, undefined, `the client let it through: ${problem.error}`);
    return;
  }
  // A challenge in WWW-Authenticate comes before the body in what these libraries tell.
  const said = problem.error ?? (problem.status === 401 ? 'invalid_client' : String(problem));
  assert.equal(said, code);
}

let failures = 0;
async function step(what, does) {
  try {
    await does();
    console.log(`ok ${name} ${what}`);
  } catch (error) {
    failures += 1;
    console.log(`failed ${name} ${what}: ${String(error.cause ? `${error.message} (${error.cause})` : error.message)}`);
  }
}

const client = await library.discover(given.issuer, given.client);
const wrong = given.client.secret
  ? await library.discover(given.issuer, { ...given.client, secret: `${given.client.secret}x` })
  : undefined;
let tokens;

await step('discovery says what it must', () => {
  const { metadata } = client;
  assert.equal(metadata.issuer, given.issuer);
  assert.deepEqual(metadata.response_types_supported, ['code']);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  const grants = ['authorization_code', 'refresh_token'];
  for (const grant of grants) assert.ok(metadata.grant_types_supported.includes(grant), grant);
});

await step('a code becomes tokens of the person', async () => {
  const begun = await begin(client);
  tokens = await client.exchange(begun.url, begun.checks);
  assert.equal(tokens.user_id, given.user);
  assert.ok(tokens.refresh_token && tokens.expires_in > 0);
});

await step('the next sign-on asks nothing', async () => {
  const begun = await begin(client);
  assert.equal(begun.typed, 0);
  await client.exchange(begun.url, begun.checks);
});

await step('another issuer is refused', async () => {
  const begun = await begin(client);
  begun.url.searchParams.set('iss', 'https://evil.example');
  await refused('by the client', client.exchange(begun.url, begun.checks));
  begun.url.searchParams.delete('iss');
  await refused('by the client', client.exchange(begun.url, begun.checks));
});

await step('another state is refused', async () => {
  const begun = await begin(client);
  await refused('by the client', client.exchange(begun.url, { ...begun.checks, state: 'another' }));
});

await step('another verifier is refused', async () => {
  const [one, other] = [await begin(client), await begin(client)];
  await refused('invalid_grant', client.exchange(one.url, { ...one.checks, verifier: other.checks.verifier }));
});

await step('another secret is refused', async () => {
  if (!wrong) return;
  const begun = await begin(wrong);
  await refused('invalid_client', wrong.exchange(begun.url, begun.checks));
});

await step('a refresh gives the next pair', async () => {
  const more = given.refresh === 'with_access_token' ? { access_token: tokens.access_token } : {};
  const next = await client.refresh(tokens.refresh_token, more);
  assert.notEqual(next.refresh_token, tokens.refresh_token);
  assert.notEqual(next.access_token, tokens.access_token);
  tokens = next;
});

if (given.refresh === 'with_access_token') {
  await step('a refresh without the access token is refused', async () => {
    const problem = await client.refresh(tokens.refresh_token, {}).then(() => undefined, (error) => error);
    assert.ok(['invalid_request', 'invalid_grant'].includes(problem?.error), String(problem));
  });
}

if (given.readable) {
  await step('the token is a JWT for access that the published keys prove', async () => {
    const keys = jose.createRemoteJWKSet(new URL(client.metadata.jwks_uri));
    const audience = jose.decodeJwt(tokens.access_token).aud;
    const rules = { issuer: given.issuer, audience, typ: 'at+jwt', algorithms: ['RS256', 'ES256'] };
    const { payload } = await jose.jwtVerify(tokens.access_token, keys, rules);
    for (const claim of ['sub', 'client_id', 'iat', 'exp', 'jti']) assert.ok(payload[claim], claim);
    assert.deepEqual([payload.client_id, payload.user_id], [given.client.id, given.user]);
    await client.judgeAccessToken?.(tokens.access_token, [audience].flat()[0]);
  });
} else if (given.readable === false) {
  await step('the token is for the identity service alone', () => {
    const header = jose.decodeProtectedHeader(tokens.access_token);
    assert.deepEqual([header.alg, header.enc, header.cty], ['dir', 'A256GCM', 'JWT']);
  });
}

if (given.introspects) {
  await step('introspection knows the token', async () => {
    const told = await client.introspect(tokens.access_token);
    assert.deepEqual([told.active, told.client_id], [true, given.client.id]);
    assert.deepEqual(await client.introspect(`${tokens.access_token}x`), { active: false });
  });
}

await step('a code that comes again ends what came of it', async () => {
  const begun = await begin(client);
  const first = await client.exchange(begun.url, begun.checks);
  await refused('invalid_grant', client.exchange(begun.url, begun.checks));
  await refused('invalid_grant', client.refresh(first.refresh_token, { access_token: first.access_token }));
});

await step('what is revoked is refused', async () => {
  await client.revoke(tokens.refresh_token);
  await refused('invalid_grant', client.refresh(tokens.refresh_token, { access_token: tokens.access_token }));
  if (given.introspects) assert.deepEqual(await client.introspect(tokens.access_token), { active: false });
  await client.revoke('never-issued');
});

process.exitCode = failures ? 1 : 0;
