// Endpoints of webhooks, in a process of their own: each answers at once, and what comes is counted and checked.
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { percentiles } from './clock.mjs'

/** @typedef {{ ids: Set<string>, lastSeqs: Map<string, number>, texts: number, repeated: number, misordered: number }} Endpoint */

/** @type {Map<string, Endpoint>} */
const endpoints = new Map()
/** @type {number[]} */
let lagsMs = []

const nothing = () => ({ ids: new Set(), lastSeqs: new Map(), texts: 0, repeated: 0, misordered: 0 })

/** @param {Endpoint} endpoint @param {string} id @param {any} payload */
function take(endpoint, id, { timestamp, data }) {
  lagsMs.push(Date.now() - Date.parse(timestamp))
  if (endpoint.ids.has(id)) {
    endpoint.repeated++
    return
  }
  endpoint.ids.add(id)
  const { conversation, eventSeq, message } = data
  if (eventSeq <= (endpoint.lastSeqs.get(conversation.id) ?? 0)) endpoint.misordered++
  endpoint.lastSeqs.set(conversation.id, eventSeq)
  if (typeof message.text === 'string') endpoint.texts++
}

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    response.writeHead(204).end()
    const path = request.url ?? ''
    const endpoint = endpoints.get(path) ?? nothing()
    endpoints.set(path, endpoint)
    take(endpoint, String(request.headers['webhook-id']), JSON.parse(Buffer.concat(chunks).toString()))
  })
})

export const webhookMethods = {
  async openWebhooks() {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = /** @type {import('node:net').AddressInfo} */ (server.address())
    return { port: address.port }
  },
  /** What comes from now on is counted anew; what came before is still known, so that it is not taken twice. */
  resetWebhooks() {
    lagsMs = []
    for (const endpoint of endpoints.values()) endpoint.texts = 0
  },
  webhookCounts() {
    return {
      endpoints: [...endpoints].map(([path, { texts, repeated, misordered }]) => ({
        path,
        texts,
        repeated,
        misordered,
      })),
      lagMs: percentiles(lagsMs),
    }
  },
}
