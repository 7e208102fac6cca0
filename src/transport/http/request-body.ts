import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { badRequest } from '../errors.ts'

export const maxBodyBytes = 1_048_576

const decoders: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}
const encodings = 'gzip, deflate, br'

/** Whether a body says that it is JSON in UTF-8, the only character set that JSON has. */
export function isJson(contentType: string | null | undefined): boolean {
  const matched = /^application\/(?:graphql\+)?json\s*(;.*)?$/i.exec(contentType ?? '')
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(matched?.[1] ?? '')?.[1] ?? 'utf-8'
  return matched !== null && /^(utf-?8|us-ascii)$/i.test(charset)
}

/**
 * The text of a body, unpacked. Its size is counted for real: Content-Length may be absent or wrong, and a packed body may
 * come to a thousand times its size. Rejects when the client goes away first, and with what the client did wrong.
 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const bytes = await (encoding === 'identity' ? bytesOf(request, request) : unpacked(request, encoding))
  if (!isUtf8(bytes)) throw badRequest(400, 'The body is not valid UTF-8, which JSON has to be.')
  const text = bytes.toString('utf8')
  // A byte order mark, which some editors and clients write first, is none of the JSON.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

async function unpacked(request: IncomingMessage, encoding: string): Promise<Buffer> {
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding]?.() : undefined
  if (!decoder) {
    throw badRequest(415, `The body is encoded as "${encoding}". Send it plain, or as one of ${encodings}.`, {
      'Accept-Encoding': encodings,
    })
  }
  request.pipe(decoder)
  try {
    return await bytesOf(request, decoder)
  } finally {
    request.unpipe(decoder)
    decoder.destroy()
  }
}

/** Resolves with what `source` gives, which is the request or what unpacks it. */
function bytesOf(request: IncomingMessage, source: Readable): Promise<Buffer> {
  // Events, as an iterator over the stream costs a tenth of what a send does.
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let byteSize = 0
    const onData = (chunk: Uint8Array) => {
      byteSize += chunk.byteLength
      if (byteSize <= maxBodyBytes) chunks.push(chunk)
      else refuse(badRequest(413, `The body is over 1 MB (${maxBodyBytes} bytes). Send less, or split the operation.`))
    }
    // What is refused is still read, and dropped, because the next request on the connection waits behind it; the server's
    // requestTimeout is the end of that.
    const refuse = (mistake: Error) => {
      source.off('data', onData).off('end', onEnd)
      chunks.length = 0
      if (source !== request) request.unpipe()
      if (request.readableEnded) reject(mistake)
      else {
        request.once('end', () => {
          reject(mistake)
        })
        request.resume()
      }
    }
    const onEnd = () => {
      resolve(Buffer.concat(chunks))
    }
    source.on('data', onData).once('end', onEnd)
    if (source !== request) {
      source.once('error', () => {
        refuse(badRequest(400, 'The body is not encoded as its header "content-encoding" says.'))
      })
    }
    request.once('error', reject)
    request.once('close', () => {
      if (!request.readableEnded) reject(new Error('The client went away before its request was complete.'))
    })
  })
}
