// A certified OpenID Connect provider on loopback, for tests: whoever names themself is that subject.
// Arguments: the port, the address to come back to, the audience, the client of the pages.
import Provider from 'oidc-provider';

const [port, back, audience, client] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: client,
      client_secret: 'a secret of the pages that is long enough',
      redirect_uris: [back],
      token_endpoint_auth_method: 'client_secret_post',
    },
    {
      client_id: 'program',
      client_secret: 'a secret of a program that is long enough',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  pkce: { required: () => true },
  scopes: ['openid', 'ketenledger:found'],
  findAccount: async (context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => audience,
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: 'ketenledger:found',
        audience,
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
