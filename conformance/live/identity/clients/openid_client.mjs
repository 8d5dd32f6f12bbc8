// openid-client as the client of a journey, with the proof of the client in the body.

import * as oauth from 'openid-client';

export async function discover(issuer, given) {
  const proof = given.secret ? oauth.ClientSecretPost(given.secret) : oauth.None();
  const options = { algorithm: 'oauth2' };
  const configuration = await oauth.discovery(new URL(issuer), given.id, undefined, proof, options);
  return {
    metadata: configuration.serverMetadata(),

    async begin() {
      const checks = { verifier: oauth.randomPKCECodeVerifier(), state: oauth.randomState() };
      const url = oauth.buildAuthorizationUrl(configuration, {
        redirect_uri: given.redirect,
        state: checks.state,
        code_challenge: await oauth.calculatePKCECodeChallenge(checks.verifier),
        code_challenge_method: 'S256',
      });
      return { url, checks };
    },

    exchange(url, { state, verifier }) {
      const checks = { pkceCodeVerifier: verifier, expectedState: state };
      return oauth.authorizationCodeGrant(configuration, url, checks);
    },

    refresh(token, more) {
      return oauth.refreshTokenGrant(configuration, token, more);
    },

    introspect(token) {
      return oauth.tokenIntrospection(configuration, token);
    },

    revoke(token) {
      return oauth.tokenRevocation(configuration, token);
    },
  };
}
