import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'

/** Milliseconds for a request and its answer: whoever scrapes is near. */
const requestTimeoutMs = 10_000

/**
 * Serves /metrics on a port of its own, which is not for the public: the figures say how much is going on. Resolves with the
 * port, and rejects as listen() does.
 */
export async function serveMetrics(
  metrics: Metrics,
  { port, host }: { port: number; host: string },
): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      const isKnown = request.url?.split('?', 1)[0] === '/metrics'
      if (!isKnown || (request.method !== 'GET' && request.method !== 'HEAD')) {
        response.writeHead(isKnown ? 405 : 404).end()
        return
      }
      metrics.text().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // Exclusive: otherwise all workers of a machine would share it, and each scrape be of another one.
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
