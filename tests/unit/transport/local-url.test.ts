import { expect, test } from 'vitest'
import { localUrl } from '../../../src/transport/http/local-url.ts'

test.each([
  ['127.0.0.1', 'http://127.0.0.1:4000'],
  ['0.0.0.0', 'http://127.0.0.1:4000'],
  ['0', 'http://127.0.0.1:4000'],
  ['::1', 'http://[::1]:4000'],
  ['::', 'http://[::1]:4000'],
  ['0:0:0:0:0:0:0:0', 'http://[::1]:4000'],
  ['2001:DB8::7', 'http://[2001:db8::7]:4000'],
  ['fe80::1%eth0', 'http://[fe80::1%eth0]:4000'],
  ['localhost', 'http://localhost:4000'],
])('what listens on %s is found at %s', (host, url) => {
  expect(localUrl(host, 4000)).toBe(url)
})
