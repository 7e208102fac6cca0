import type { Readable } from 'node:stream'

export const maxBodyBytes = 1_048_576

export const isJson = (contentType: string | null | undefined): boolean =>
  /^application\/(graphql\+)?json\b/i.test(contentType ?? '')

/**
 * The text of a body; null when it is too large. Counted for real: Content-Length may be absent or wrong. What is too
 * much is still read, and dropped, because the next request on the connection waits behind it; the server's
 * requestTimeout is the end of that. Rejects when the client goes away first.
 */
export function readBody(body: Readable): Promise<string | null> {
  // Events, as an iterator over the stream costs a tenth of what a send does.
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let byteSize = 0
    body.on('data', (chunk: Uint8Array) => {
      byteSize += chunk.byteLength
      if (byteSize <= maxBodyBytes) chunks.push(chunk)
      else chunks.length = 0
    })
    body.once('end', () => {
      resolve(byteSize > maxBodyBytes ? null : Buffer.concat(chunks).toString('utf8'))
    })
    body.once('error', reject)
    body.once('close', () => {
      reject(new Error('The client went away before its request was complete.'))
    })
  })
}
