export const maxBodyBytes = 1_048_576

export const isJson = (contentType: string | null | undefined): boolean =>
  /^application\/(graphql\+)?json\b/i.test(contentType ?? '')

/**
 * The text of a body; null when it is too large. Counted for real: Content-Length may be absent or wrong. What is too
 * much is still read, and dropped, because the next request on the connection waits behind it; the server's
 * requestTimeout is the end of that.
 */
export async function readBody(body: AsyncIterable<Uint8Array>): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes <= maxBodyBytes) chunks.push(chunk)
    else chunks.length = 0
  }
  return bytes > maxBodyBytes ? null : Buffer.concat(chunks).toString('utf8')
}
