import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { badRequest } from '../../errors.ts'

interface BodyLimits {
  /** Of the body, and of what it unpacks to. */
  maxByteSize: number
  /** Whether a valid token came along: more is taken then. */
  isKnown: boolean
  /** Counts bytes that are held from now on; an error when there is no room for them. */
  hold: (byteSize: number) => Error | null
}

/** Bytes of a refused body that are read and dropped, so that the connection can be used again. */
const maxDroppedByteSize = 8_388_608

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
 * A body in the pieces in which it came, unpacked. Its size is counted for real: Content-Length may be absent or wrong, and a
 * packed body may come to a thousand times its size. Rejects when the client goes away first, and with what the client did
 * wrong.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array[]> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const decoder = encoding === 'identity' ? null : decoderOf(encoding)
  return new BodyReader(request, decoder, limits).read()
}

/** The text of a body. Takes milliseconds for a megabyte. Throws when it is none. */
export function textOf(pieces: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(pieces)
  if (!isUtf8(bytes)) throw badRequest(400, 'The body is not valid UTF-8, which JSON has to be.')
  const text = bytes.toString('utf8')
  // A byte order mark, which some editors and clients write first, is none of the JSON.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

function decoderOf(encoding: string): Transform {
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding]?.() : undefined
  if (decoder) return decoder
  throw badRequest(415, `The body is encoded as "${encoding}". Send it plain, or as one of ${encodings}.`, {
    'Accept-Encoding': encodings,
  })
}

/** One body. Events, as an iterator over the stream costs a tenth of what a send does. */
class BodyReader {
  private readonly chunks: Uint8Array[] = []
  private byteSize = 0
  private packedByteSize = 0
  private resolve: (pieces: Uint8Array[]) => void = () => undefined
  private reject: (error: Error) => void = () => undefined

  constructor(
    private readonly request: IncomingMessage,
    private readonly decoder: Transform | null,
    private readonly limits: BodyLimits,
  ) {}

  async read(): Promise<Uint8Array[]> {
    const { request, decoder } = this
    try {
      return await new Promise((resolve, reject) => {
        this.resolve = resolve
        this.reject = reject
        if (request.destroyed) reject(new Error('The client went away before its request was complete.'))
        const source = decoder ?? request
        source.on('data', this.onData).once('end', this.onEnd)
        request.once('error', reject)
        request.once('close', () => {
          if (!request.readableEnded) reject(new Error('The client went away before its request was complete.'))
        })
        if (!decoder) return
        decoder.once('error', () => {
          this.refuse(badRequest(400, 'The body is not encoded as its header "content-encoding" says.'))
        })
        request.on('data', this.onPacked).pipe(decoder)
      })
    } finally {
      if (decoder) request.off('data', this.onPacked).unpipe(decoder)
      decoder?.destroy()
    }
  }

  private readonly onData = (chunk: Uint8Array): void => {
    this.byteSize += chunk.byteLength
    if (this.byteSize > this.limits.maxByteSize) {
      this.refuse(this.tooLarge())
      return
    }
    const refusal = this.limits.hold(chunk.byteLength)
    if (refusal) this.refuse(refusal)
    else this.chunks.push(chunk)
  }

  /** What unpacks to nothing has no end by that. */
  private readonly onPacked = (chunk: Uint8Array): void => {
    this.packedByteSize += chunk.byteLength
    if (this.packedByteSize > this.limits.maxByteSize) this.refuse(this.tooLarge())
  }

  private readonly onEnd = (): void => {
    this.resolve(this.chunks)
  }

  private tooLarge(): Error {
    const { maxByteSize, isKnown } = this.limits
    const most = isKnown
      ? `over 1 MB (${String(maxByteSize)} bytes)`
      : `over ${String(maxByteSize)} bytes, the most without a valid token; with one 1 MB is taken`
    return badRequest(413, `The body is ${most}. Send less, or split the operation.`)
  }

  /** What is refused is still read, and dropped, because the next request on the connection waits behind it; up to a point. */
  private refuse(mistake: Error): void {
    const { request, decoder } = this
    ;(decoder ?? request).off('data', this.onData).off('end', this.onEnd)
    this.chunks.length = 0
    if (decoder) request.off('data', this.onPacked).unpipe(decoder)
    if (request.readableEnded) {
      this.reject(mistake)
      return
    }
    let droppedByteSize = 0
    const drop = (chunk: Uint8Array) => {
      droppedByteSize += chunk.byteLength
      if (droppedByteSize <= maxDroppedByteSize) return
      request.off('data', drop).pause()
      this.reject(mistake)
    }
    request.once('end', () => this.reject(mistake))
    request.on('data', drop).resume()
  }
}
