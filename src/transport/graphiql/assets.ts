import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import Negotiator from 'negotiator'

/** Query parameter that names what the page loads. */
export const assetParameter = 'asset'

/** Higher ones take many times as long for a tenth less. */
const brotliQuality = 5

const packers = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
}
type Encoding = keyof typeof packers
const isEncoding = (name: string | undefined): name is Encoding => name !== undefined && Object.hasOwn(packers, name)

/** What a page loads, by a name that changes with its bytes: browsers may keep it for ever. */
export class Asset {
  readonly name: string
  /** Packed when first asked for, and then kept: that takes a second. */
  private readonly packed: Partial<Record<Encoding, Promise<Buffer>>> = {}

  constructor(
    private readonly contentType: string,
    extension: string,
    private readonly bytes: Buffer,
  ) {
    const hash = createHash('sha256').update(this.bytes).digest('hex').slice(0, 16)
    this.name = `graphiql-${hash}.${extension}`
  }

  get address(): string {
    return `?${assetParameter}=${this.name}`
  }

  async answer({ headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const best = new Negotiator({ headers }).encodings(['br', 'gzip', 'identity'])[0]
    const encoding = isEncoding(best) ? best : null
    const body = encoding === null ? this.bytes : await (this.packed[encoding] ??= packers[encoding](this.bytes))
    response.writeHead(200, {
      'Content-Type': this.contentType,
      'Content-Length': body.byteLength,
      ...(encoding !== null && { 'Content-Encoding': encoding }),
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Accept-Encoding',
    })
    response.end(body)
  }
}

/** The name of the asset that an address asks for; null for all other addresses. */
export const assetIn = (url: string): string | null => {
  const queryAt = url.indexOf('?')
  return queryAt < 0 ? null : new URLSearchParams(url.slice(queryAt + 1)).get(assetParameter)
}
