import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Packed } from '../http/packed.ts'

/** Query parameter that names what the page loads. */
export const assetParameter = 'asset'

/** What a page loads, by a name that changes with its bytes: browsers may keep it for ever. */
export class Asset {
  readonly name: string
  private readonly packed: Packed

  constructor(
    private readonly contentType: string,
    extension: string,
    bytes: Buffer,
  ) {
    this.packed = new Packed(bytes)
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
    this.name = `graphiql-${hash}.${extension}`
  }

  get address(): string {
    return `?${assetParameter}=${this.name}`
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { body, headers } = await this.packed.bodyFor(request.headers)
    response.writeHead(200, {
      'Content-Type': this.contentType,
      ...headers,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
    })
    response.end(body)
  }
}

/** The name of the asset that an address asks for; null for all other addresses. */
export const assetIn = (url: string): string | null => {
  const queryAt = url.indexOf('?')
  return queryAt < 0 ? null : new URLSearchParams(url.slice(queryAt + 1)).get(assetParameter)
}
