import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import Provider from 'oidc-provider'
import { ask } from './api.ts'
import { atEndOfEachFile } from './at-end.ts'
import { Person } from './person.ts'

export interface IssuerKey {
  kid: string
  alg: string
  privateKey: CryptoKey
  publicKey: CryptoKey
  jwk: JWK
}

export async function newKeyOf(alg: string, kid: string): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export const audience = 'parley-of-the-shop'

/** How the address of the keys answers. */
export type KeysMode = 'ok' | 'error' | 'hang' | 'nonsense'

export interface Issuer {
  url: string
  jwksUrl: string
  /** The keys at that address; to be changed. */
  keys: IssuerKey[]
  mode: KeysMode
  /** How often the keys were asked for. */
  asked: number
  /** A token by the client-credentials grant of oidc-provider, whose claims those of the client are. */
  grant(alg: 'RS256' | 'ES256', claims: Record<string, unknown>): Promise<string>
  /** A token signed with one of the keys, with claims that are right unless given otherwise. */
  token(
    claims?: Record<string, unknown>,
    options?: { key?: IssuerKey; header?: Record<string, unknown> },
  ): Promise<string>
  /** The settings of a server that takes them. */
  env: Record<string, string>
}

const stops: (() => void)[] = []
atEndOfEachFile(() => {
  for (const stop of stops.splice(0)) stop()
})

/** An OpenID provider in this process: oidc-provider, and beside it an address of keys that can be changed, or fail. */
export async function startIssuer(): Promise<Issuer> {
  const [rsa, ec] = await Promise.all([newKeyOf('RS256', 'rsa-1'), newKeyOf('ES256', 'ec-1')])
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const granted = new Map<string, Record<string, unknown>>()
  const own = await Promise.all(
    [rsa, ec].map(async ({ privateKey, jwk }) => ({
      ...(await exportJWK(privateKey)),
      kid: jwk.kid,
      alg: jwk.alg,
      use: 'sig',
    })),
  )
  const provider = new Provider(url, {
    jwks: { keys: own },
    cookies: { keys: [randomUUID()] },
    clients: ['RS256', 'ES256'].map((alg) => ({
      client_id: alg,
      client_secret: 'hush',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    ttl: { ClientCredentials: () => 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:chat',
        getResourceServerInfo: (_: unknown, __: unknown, client: { clientId: string }) => ({
          scope: 'chat',
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: client.clientId } },
        }),
      },
    },
    formats: {
      customizers: {
        jwt: (_: unknown, token: { clientId: string }, jwt: { payload: object }) => {
          Object.assign(jwt.payload, granted.get(token.clientId))
        },
      },
    },
  })
  const callback = provider.callback()

  const issuer: Issuer = {
    url,
    jwksUrl: `${url}/keys`,
    keys: [rsa, ec],
    mode: 'ok',
    asked: 0,
    async grant(alg, claims) {
      granted.set(alg, claims)
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${alg}:hush`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: 'grant_type=client_credentials',
      })
      return ((await response.json()) as { access_token: string }).access_token
    },
    async token(claims = {}, { key = issuer.keys[0]!, header = {} } = {}) {
      const nowSeconds = Math.floor(Date.now() / 1_000)
      const right = { iss: url, aud: audience, sub: randomUUID(), iat: nowSeconds, exp: nowSeconds + 600 }
      return new SignJWT({ ...right, ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
        .sign(key.privateKey)
    },
    env: { AUTH_JWKS_URL: `${url}/keys`, AUTH_ISSUER: url, AUTH_AUDIENCE: audience },
  }
  server.on('request', (request, response: ServerResponse) => {
    if (request.url !== '/keys') {
      callback(request, response)
      return
    }
    issuer.asked++
    if (issuer.mode === 'hang') return
    if (issuer.mode === 'error') response.writeHead(500).end()
    else if (issuer.mode === 'nonsense') response.end('<html>Welcome</html>')
    else response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }))
  })
  return issuer
}

export const pemOf = (key: IssuerKey) => exportSPKI(key.publicKey)

/** The person of a token, after their first request. */
export async function enter(url: string, accessToken: string): Promise<Person> {
  const query = '{ viewer { user { __typename id handle displayName avatarUrl } } }'
  interface Data {
    viewer: { user: Person['session']['user'] }
  }
  const headers = { authorization: `Bearer ${accessToken}` }
  const answer = await ask<Data>(url, query, {}, { headers })
  if (!answer.data?.viewer) throw new Error(`the token was not taken: ${answer.text}`)
  const session = { accessToken, accessTokenExpiresAt: '', refreshToken: '', user: answer.data.viewer.user }
  return new Person(session, url)
}
