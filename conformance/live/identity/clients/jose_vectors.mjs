// Tokens of jose for us to read, and ours for jose to read.
//
// Usage: node jose_vectors.mjs make > FILE, or node jose_vectors.mjs read FILE; the form of the file and what is
// printed are those of jose_vectors.py.

import { isDeepStrictEqual } from 'node:util';
import { readFileSync } from 'node:fs';

import * as jose from 'jose';

const TYP = 'at+jwt';

async function make() {
  const seal = crypto.getRandomValues(new Uint8Array(32));
  const payload = { sub: '1001', exp: 1900000000, text: 'J\u00fcrgen \u2028 "quoted"' };
  const text = new TextEncoder().encode(JSON.stringify(payload));
  const keys = [];
  const tokens = [];
  const add = (name, token, expected = 'accepted') => tokens.push({ name, token, expected });
  const sealed = (token, more) =>
    new jose.CompactEncrypt(new TextEncoder().encode(token))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT', kid: 'seal-1', ...more })
      .encrypt(seal);
  for (const [alg, kid] of [['RS256', 'rsa-1'], ['ES256', 'ec-1']]) {
    const pair = await jose.generateKeyPair(alg, { extractable: true });
    const own = await jose.exportJWK(pair.publicKey);
    keys.push({ ...own, kid, alg, use: 'sig' });
    const sign = (header) => new jose.CompactSign(text).setProtectedHeader({ alg, ...header }).sign(pair.privateKey);
    const good = await sign({ kid, typ: TYP });
    add(`${alg} signed`, good);
    add(`${alg} signed, members in another order`, await sign({ typ: TYP, kid }));
    add(`${alg} sealed`, await sealed(good));
    add(`${alg} sealed, cty in small letters`, await sealed(good, { cty: 'jwt' }));
    add(`${alg} for something else`, await sign({ kid, typ: 'JWT' }), 'refused');
    const jku = 'https://evil.example/keys';
    add(`${alg} with a place of keys`, await sign({ kid, typ: TYP, jku }), 'refused by us');
    add(`${alg} with a key of its own`, await sign({ kid, typ: TYP, jwk: own }), 'refused by us');
    add(`${alg} sealed with a time in the header`, await sealed(good, { exp: 1900000000 }), 'refused by us');
    add(`${alg} sealed under another name`, await sealed(good, { kid: 'seal-2' }), 'refused');
    const other = await new jose.CompactEncrypt(new TextEncoder().encode(good))
      .setProtectedHeader({ alg: 'dir', enc: 'A128CBC-HS256', cty: 'JWT', kid: 'seal-1' })
      .encrypt(seal);
    add(`${alg} sealed in another way`, other, 'refused');
    const wrapped = await new jose.CompactEncrypt(new TextEncoder().encode(good))
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', cty: 'JWT', kid: 'seal-1' })
      .encrypt(seal);
    add(`${alg} sealed with a wrapped key`, wrapped, 'refused');
    const mac = await new jose.CompactSign(text)
      .setProtectedHeader({ alg: 'HS256', kid, typ: TYP })
      .sign(new TextEncoder().encode(await jose.exportSPKI(pair.publicKey)));
    add(`HS256 with the public key for ${alg}`, mac, 'refused');
  }
  add('sealed, yet not signed', await sealed(JSON.stringify(payload)), 'refused');
  return { typ: TYP, payload, keys: { keys }, seal: { 'seal-1': jose.base64url.encode(seal) }, tokens };
}

/** The payload that jose finds proven. */
async function judge(told, token) {
  let signed = token;
  if (token.split('.').length === 5) {
    const key = ({ kid }) => jose.base64url.decode(told.seal[kid]);
    const rules = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
    const opened = await jose.compactDecrypt(token, key, rules);
    if (opened.protectedHeader.cty?.toUpperCase() !== 'JWT') throw new Error('cty is not JWT');
    signed = new TextDecoder().decode(opened.plaintext);
  }
  const keys = jose.createLocalJWKSet(told.keys);
  const rules = { typ: told.typ, algorithms: ['RS256', 'ES256'], currentDate: new Date(1_700_000_000_000) };
  return (await jose.jwtVerify(signed, keys, rules)).payload;
}

if (process.argv[2] === 'make') {
  console.log(JSON.stringify(await make(), null, 1));
} else {
  const told = JSON.parse(readFileSync(process.argv[3], 'utf8'));
  for (const { name, token, expected } of told.tokens) {
    if (expected === 'refused by us') continue;
    const found = await judge(told, token).then(
      (payload) => (isDeepStrictEqual(payload, told.payload) ? 'accepted' : 'another payload'),
      (error) => `refused (${error.message})`,
    );
    const isRight = found.startsWith(expected);
    if (!isRight) process.exitCode = 1;
    console.log(isRight ? `ok jose ${name}` : `failed jose ${name}: ${found}`);
  }
}
