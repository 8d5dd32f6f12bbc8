// oauth4webapi as the client of a journey: each answer is judged by the library.

import * as oauth from 'oauth4webapi';

export async function discover(issuer, given) {
  const place = new URL(issuer);
  const asked = await oauth.discoveryRequest(place, { algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(place, asked);
  const client = { client_id: given.id };
  const proof = given.secret ? oauth.ClientSecretBasic(given.secret) : oauth.None();
  return {
    metadata: server,

    async begin() {
      const checks = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState() };
      const url = new URL(server.authorization_endpoint);
      const asked = {
        client_id: given.id,
        redirect_uri: given.redirect,
        response_type: 'code',
        state: checks.state,
        code_challenge: await oauth.calculatePKCECodeChallenge(checks.verifier),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
      return { url, checks };
    },

    async exchange(url, { state, verifier }) {
      const told = oauth.validateAuthResponse(server, client, url, state);
      const answer = await oauth.authorizationCodeGrantRequest(server, client, proof, told, given.redirect, verifier);
      return oauth.processAuthorizationCodeResponse(server, client, answer);
    },

    async refresh(token, more) {
      const options = { additionalParameters: more };
      const answer = await oauth.refreshTokenGrantRequest(server, client, proof, token, options);
      return oauth.processRefreshTokenResponse(server, client, answer);
    },

    async introspect(token) {
      const answer = await oauth.introspectionRequest(server, client, proof, token);
      return oauth.processIntrospectionResponse(server, client, answer);
    },

    async revoke(token) {
      await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, proof, token));
    },

    /** As a server would that people bring the token to. */
    async judgeAccessToken(token, audience) {
      const request = new Request('https://resource.example/', { headers: { authorization: `Bearer ${token}` } });
      await oauth.validateJwtAccessToken(server, request, audience);
    },
  };
}
