import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'
import { acceptedBy } from '../http/accept.ts'
import { Packed } from '../http/packed.ts'
import { pathOf } from '../http/target.ts'

/** People whom the page signs in by a click, with the password that all of them have. */
export interface DemoPeople {
  people: readonly { handle: string; displayName: string }[]
  password: string
}

const contentTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
}

/**
 * Scripts come from here alone and none stand in the page. Styles may: the component base writes some. Pictures of people
 * and files may be elsewhere.
 */
const contentSecurityPolicy = (files: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' blob: data: https: ${files}`,
    `media-src 'self' blob: https: ${files}`,
    `connect-src 'self' ${files}`,
    "manifest-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
    .map((directive) => directive.trim())
    .join('; ')

const always = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' }
const forEver = 'public, max-age=31536000, immutable'
/** The build puts what it names by its bytes there. */
const isHashed = (path: string) => path.startsWith('/assets/')

const etagOf = (bytes: Buffer) => `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`

/** Whether the client has these bytes already. Weakly compared (RFC 9110, 13.1.2). */
const hasThem = ({ headers }: IncomingMessage, etag: string) =>
  headers['if-none-match']?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ?? false

interface File {
  contentType: string
  etag: string
  packed: Packed
}

/** Serves the web client as it was built: its files, and its page for every address that it shows itself. */
export class WebClient {
  private readonly files = new Map<string, File>()
  private readonly page: string
  private readonly policy: string
  /** The page as it was asked for last: clients nearly always come by one address. */
  private lastPage: { basePath: string; file: File } | null = null

  private constructor(folder: string, demo: DemoPeople | null, filesOrigin: string | null) {
    this.policy = contentSecurityPolicy(filesOrigin ?? '')
    const settings = JSON.stringify({ demo }).replaceAll('<', '\\u003c')
    const html = readFileSync(join(folder, 'index.html'), 'utf8')
    this.page = html.replace('<head>', `<head><script type="application/json" id="settings">${settings}</script>`)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const type = contentTypes[extname(name)]
      if (type === undefined || name === 'index.html' || !statSync(join(folder, name)).isFile()) continue
      const bytes = readFileSync(join(folder, name))
      const path = `/${name.split(sep).join('/')}`
      this.files.set(path, { contentType: type, etag: etagOf(bytes), packed: new Packed(bytes) })
    }
  }

  /** Null when it was not built. `filesOrigin`: where files are sent to and read from, when it is not this server. */
  static open(folder: string, demo: DemoPeople | null, filesOrigin: string | null = null): WebClient | null {
    return existsSync(join(folder, 'index.html')) ? new WebClient(folder, demo, filesOrigin) : null
  }

  /** Whether it has an answer: asked last, so that it hides no other address. */
  isFor(request: IncomingMessage): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false
    const path = pathOf(request)
    if (path === '/' || this.files.has(path)) return true
    // A name with an extension is that of a file, which is not there.
    return acceptedBy(request.headers.accept).html && !/\.\w+$/.test(path)
  }

  /** `basePath`: below which the client finds us, '' or '/chat'. */
  async answer(request: IncomingMessage, response: ServerResponse, basePath: string): Promise<void> {
    const path = pathOf(request)
    const asset = this.files.get(path)
    const file = asset ?? this.pageBelow(basePath)
    const isPage = asset === undefined
    const headers = {
      ...always,
      ...(isPage && { 'Content-Security-Policy': this.policy, 'Cross-Origin-Opener-Policy': 'same-origin' }),
      'Cache-Control': isHashed(path) && !isPage ? forEver : 'no-cache',
      ETag: file.etag,
    }
    if (hasThem(request, file.etag)) {
      response.writeHead(304, { ...headers, Vary: 'Accept-Encoding' }).end()
      return
    }
    const { body, headers: bodyHeaders } = await file.packed.bodyFor(request.headers)
    response.writeHead(200, { 'Content-Type': file.contentType, ...headers, ...bodyHeaders }).end(body)
  }

  /** The same page at every address: what it loads is found from its base. */
  private pageBelow(basePath: string): File {
    if (this.lastPage?.basePath !== basePath) this.lastPage = { basePath, file: this.makePage(basePath) }
    return this.lastPage.file
  }

  private makePage(basePath: string): File {
    const href = `${basePath}/`.replace(/[&"<>]/g, (sign) => `&#${String(sign.charCodeAt(0))};`)
    const bytes = Buffer.from(this.page.replace('<head>', `<head><base href="${href}">`))
    return { contentType: contentTypes['.html'] ?? '', etag: etagOf(bytes), packed: new Packed(bytes) }
  }
}
