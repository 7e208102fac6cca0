import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebClient } from '../../src/transport/web/client.ts'
import { createToy } from './toy.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-web-'))
const script = `console.log(${JSON.stringify('chat '.repeat(500))})`
mkdirSync(join(folder, 'assets'))
writeFileSync(join(folder, 'index.html'), '<!doctype html><html><head><title>Chat</title></head><body></body></html>')
writeFileSync(join(folder, 'assets/index-abc123.js'), script)
writeFileSync(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
writeFileSync(join(folder, 'stamp'), 'not for others')

const demo = { people: [{ handle: 'ana', displayName: 'Ana </script>' }], password: 'correct horse' }
const toy = createToy({ webClient: WebClient.open(folder, demo), trustProxy: ['loopback'] })
beforeAll(() => toy.start())
afterAll(async () => {
  await toy.stop()
  rmSync(folder, { recursive: true })
})

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(toy.url + path, { method, headers, redirect: 'manual' })

describe('the web client', () => {
  it('has its page at / and at every address that only it knows, always asked for anew', async () => {
    for (const path of ['/', '/c/Q29udjox', '/settings/', '/c/deep/er?m=4']) {
      const page = await get(path, html)
      expect([path, page.status]).toEqual([path, 200])
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(page.headers.get('cache-control')).toBe('no-cache')
      expect(page.headers.get('x-content-type-options')).toBe('nosniff')
      expect(page.headers.get('referrer-policy')).toBe('no-referrer')
      const policy = page.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'; script-src 'self';")
      expect(policy).toContain("frame-ancestors 'none'")
      const text = await page.text()
      // Settings are data: the one script element in the page is not run, and cannot be ended by what is in it.
      expect(text).toContain('<head><base href="/"><script type="application/json" id="settings">')
      expect(text.match(/<\/script>/g)).toHaveLength(1)
      const again = await get(path, { ...html, 'if-none-match': `"x", W/${page.headers.get('etag') ?? ''}` })
      expect([again.status, await again.text()]).toEqual([304, ''])
    }
    // Whatever it takes.
    expect((await get('/')).headers.get('content-type')).toBe('text/html; charset=utf-8')
    const head = await get('/', html, 'HEAD')
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0)
  })

  it('has what the page loads, packed, and kept for ever where its name is of its bytes', async () => {
    for (const encoding of ['br', 'gzip', 'identity']) {
      const asset = await get('/assets/index-abc123.js', { 'accept-encoding': encoding })
      expect(asset.headers.get('content-encoding') ?? 'identity').toBe(encoding)
      expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
      expect(asset.headers.get('x-content-type-options')).toBe('nosniff')
      expect(asset.headers.get('vary')).toBe('Accept-Encoding')
      expect(await asset.text()).toBe(script)
    }
    const icon = await get('/icon.svg')
    expect([icon.status, icon.headers.get('cache-control')]).toEqual([200, 'no-cache'])
    expect((await get('/icon.svg', { 'if-none-match': icon.headers.get('etag') ?? '' })).status).toBe(304)
  })

  it('hides nothing else, and makes no page of a file that is missing or of what is no read', async () => {
    for (const path of ['/assets/index-old.js', '/stamp', '/favicon.ico', '/assets/%2e%2e/stamp', '/nothing']) {
      const missing = await get(path)
      expect([path, missing.status, missing.headers.get('cache-control')]).toEqual([path, 404, 'private, no-store'])
      expect(await missing.text()).toContain('/graphql')
    }
    expect((await get('/assets/index-old.js', html)).status).toBe(404)
    expect((await get('/health/live', html)).headers.get('content-type')).toContain('application/json')
    expect(await (await get('/graphql', html)).text()).not.toContain('id="settings"')
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await get('/c/x', html, method)).status).toBe(404)
  })

  it('finds what it loads below the path that a proxy tells', async () => {
    const page = await get('/c/x', { ...html, 'x-forwarded-prefix': '/chat' })
    expect(await page.text()).toContain('<base href="/chat/">')
  })

  it('is not there when it was not built', () => {
    expect(WebClient.open(join(folder, 'assets'), null)).toBeNull()
  })

  it('may send files to the store that has them, and to nowhere else', async () => {
    const other = createToy({ webClient: WebClient.open(folder, null, 'http://127.0.0.1:9000') })
    await other.start()
    const policyOf = async (url: string) =>
      (await fetch(url, { headers: html })).headers.get('content-security-policy')?.split('; ') ?? []
    expect(await policyOf(other.url)).toEqual(
      expect.arrayContaining(["connect-src 'self' http://127.0.0.1:9000", "script-src 'self'"]),
    )
    expect(await policyOf(toy.url)).toContain("connect-src 'self'")
    await other.stop()
  })
})
