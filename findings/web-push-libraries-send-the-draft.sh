#!/usr/bin/env bash
# Guess: a library for Web Push that is published today encrypts as RFC 8291 says (content-encoding aes128gcm, since 2017): the
#   standard is all that its documentation speaks of.
# Truth: @pushforge/builder 2.0.5 and @block65/webcrypto-web-push 1.0.2 send the draft before it: content-encoding aesgcm, with the salt
#   and the sender's key in headers of their own (Encryption, Crypto-Key) instead of the body.
# Why it matters: RFC 8291 obliges nobody to take the draft, and a test with a stand-in that decrypts by the RFC fails. Look at
#   the header before you choose; http_ece with aes128gcm and any library for JWT are all that it takes.
# Needs: node 20 or newer, npm. Downloads the packages from the npm registry into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @pushforge/builder@2.0.5 @block65/webcrypto-web-push@1.0.2
cat > run.mjs <<'JS'
import { createECDH, generateKeyPairSync, randomBytes } from 'node:crypto'
import { buildPushPayload } from '@block65/webcrypto-web-push'
import { buildPushHTTPRequest } from '@pushforge/builder'
const browser = createECDH('prime256v1')
browser.generateKeys()
const keys = { p256dh: browser.getPublicKey().toString('base64url'), auth: randomBytes(16).toString('base64url') }
const subscription = { endpoint: 'https://push.example/1', expirationTime: null, keys }
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = pair.privateKey.export({ format: 'jwk' })
const raw = Buffer.concat([Buffer.of(4), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')])
const subject = 'mailto:operator@example.com'
const one = await buildPushHTTPRequest({
  privateJWK: { ...jwk, alg: 'ES256' },
  subscription,
  message: { payload: { title: 'Hi' }, adminContact: subject },
})
const vapid = { subject, publicKey: raw.toString('base64url'), privateKey: jwk.d }
const other = await buildPushPayload({ data: 'Hi', options: { ttl: 60 } }, subscription, vapid)
const shown = [
  ['@pushforge/builder 2.0.5', new Headers(one.headers)],
  ['@block65/webcrypto-web-push 1.0.2', new Headers(other.headers)],
]
console.log(`node ${process.version}`)
for (const [name, headers] of shown)
  console.log(`${name}: content-encoding ${headers.get('content-encoding')}, crypto-key: ${headers.has('crypto-key')}`)
if (!shown.every(([, headers]) => headers.get('content-encoding') === 'aesgcm' && headers.has('crypto-key'))) process.exit(1)
JS
node run.mjs
