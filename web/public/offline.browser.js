// Keeps the page and what it loads, so that it opens without a network too. What was said is kept by the page itself.
const name = 'parley-page'
const page = new URL('./', self.location.href).href
const assets = `${page}assets/`

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

/** The page tells what it has loaded: that was before this could see it. */
self.addEventListener('message', (event) => {
  const keep = async () => {
    const cache = await self.caches.open(name)
    await keepPage(cache, await fetch(page))
    for (const url of event.data.loaded) if (url.startsWith(assets) && !(await cache.match(url))) await cache.add(url)
  }
  event.waitUntil(keep().catch(() => undefined))
})

/** With another version of the page, what the former one loaded goes. */
async function keepPage(cache, response) {
  if (!response.ok || response.redirected || response.type !== 'basic') return
  const known = await cache.match(page)
  if (known && known.headers.get('etag') !== response.headers.get('etag')) {
    for (const request of await cache.keys()) await cache.delete(request)
  }
  await cache.put(page, response)
}

/** Newest first; what is kept when nobody answers. */
async function open(request) {
  try {
    return await fetch(request)
  } catch (error) {
    const kept = await (await self.caches.open(name)).match(page)
    if (!kept) throw error
    return kept
  }
}

async function load(request) {
  const cache = await self.caches.open(name)
  const kept = await cache.match(request)
  if (kept) return kept
  const response = await fetch(request)
  if (response.ok) await cache.put(request, response.clone())
  return response
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || !request.url.startsWith(page)) return
  const isApi = /^(graphql|health|files|uploads)\b/.test(request.url.slice(page.length))
  if (request.mode === 'navigate' && !isApi) event.respondWith(open(request))
  else if (request.url.startsWith(assets)) event.respondWith(load(request))
})
