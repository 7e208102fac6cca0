import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, dirname } from 'node:path'
import send from 'send'
import { timeMs } from '../../../clock.ts'
import { AppError, type Code } from '../../../domain/errors.ts'
import { filePath, uploadPath } from '../../../files/paths.ts'
import { uploaded } from '../../../telemetry/facts.ts'
import type { ClientNetwork } from '../../client-network.ts'
import { takesLonger } from '../connections/client-errors.ts'
import { answerPreflight, setOriginHeaders, type AllowedOrigins } from '../cors.ts'
import { sendJson } from '../send-json.ts'
import { cutStalled, type StallLimits } from './stalls.ts'
import { pathOf } from '../target.ts'
import { TransferSlots } from './transfer-slots.ts'

/** What is expected of an upload. */
interface Expected {
  uploaderId: string
  byteSize: number
  contentType: string
}

interface Served {
  path: string
  byteSize: number
  contentType: string
  contentDisposition: string
  etag: string
  until: Date
}

type Received =
  | { outcome: 'READY'; hash: string }
  | { outcome: 'HELD'; reason: string }
  | { outcome: 'REFUSED'; reason: string }
  | { outcome: 'CONFLICT' | 'TOO_MANY_BYTES' | 'TOO_FEW_BYTES' }

/** Whose bytes may come and go by which address. It throws an AppError when they may not. */
export interface FileTransfers {
  expected(id: string, query: URLSearchParams): Promise<Expected>
  receive(upload: Expected, chunks: AsyncIterable<Uint8Array>): Promise<Received>
  served(id: string, query: URLSearchParams): Promise<Served>
}

export interface FilesOptions {
  transfers: FileTransfers
  corsOrigins: AllowedOrigins
  clientNetwork: ClientNetwork
  uploadStalls?: StallLimits
  downloadStalls?: StallLimits
}

const minuteMs = 60_000
const defaultUploadStalls: StallLimits = { idleMs: 20_000, wholeMs: 15 * minuteMs }
const defaultDownloadStalls: StallLimits = { idleMs: 20_000, wholeMs: 30 * minuteMs }
/** A page opened as a file of ours runs nothing, loads nothing and is of no origin. */
const policy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"

const statusOf: Partial<Record<Code, number>> = {
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
}

/** Says to a client by HTTP why its transfer cannot be. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message)
  }
}

/** Bytes of files by HTTP: uploads by PUT, downloads by GET and HEAD. Each address is signed, so nobody has to log in. */
export class Files {
  private readonly uploads = new TransferSlots({ inAll: 256, perPayer: 16, limit: 'uploads' })
  private readonly downloads = new TransferSlots({ inAll: 1_024, perPayer: 64, limit: 'downloads' })

  constructor(private readonly options: FilesOptions) {}

  /** Whether the request is for a file. */
  static isFor(request: IncomingMessage): boolean {
    const path = pathOf(request)
    return path.startsWith(uploadPath) || path.startsWith(filePath)
  }

  async answer(request: IncomingMessage, response: ServerResponse, clientIp: string): Promise<void> {
    const { corsOrigins } = this.options
    const path = pathOf(request)
    const isUpload = path.startsWith(uploadPath)
    const methods = isUpload ? 'PUT' : 'GET, HEAD'
    response.setHeader('Vary', 'Origin')
    setOriginHeaders(
      request,
      response,
      corsOrigins,
      'x-trace-id, retry-after, etag, content-range, content-disposition',
    )
    if (request.method === 'OPTIONS') {
      answerPreflight(request, response, corsOrigins, methods)
      return
    }
    const id = path.slice((isUpload ? uploadPath : filePath).length)
    const { url = '' } = request
    const query = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')
    try {
      if (!methods.split(', ').includes(request.method ?? '')) {
        throw new Refusal(405, `This address takes ${methods}.`, { Allow: `${methods}, OPTIONS` })
      }
      if (isUpload) await this.upload(request, response, id, query)
      else await this.download(request, response, id, query, clientIp)
    } catch (error) {
      refuse(response, error)
    }
  }

  private async upload(request: IncomingMessage, response: ServerResponse, id: string, query: URLSearchParams) {
    const upload = await this.options.transfers.expected(id, query)
    checkHeaders(request, upload)
    const release = this.uploads.take(upload.uploaderId)
    const { socket } = request
    const endDeadline = takesLonger(socket)
    const { bytesRead } = socket
    const stopLooking = cutStalled(
      socket,
      () => (request.readableEnded ? performance.now() : socket.bytesRead - bytesRead),
      this.options.uploadStalls ?? defaultUploadStalls,
    )
    let isTaken = false
    try {
      // The connection stays usable: what is refused gets an answer.
      const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
      const received = await this.options.transfers.receive(upload, chunks)
      const { outcome } = received
      isTaken = outcome === 'READY' || outcome === 'HELD'
      if (outcome === 'READY') response.writeHead(204, { etag: `"${received.hash.slice(0, 32)}"` }).end()
      else if (outcome === 'HELD') sendJson(response, 202, { held: received.reason })
      else throw refusalOf(received, upload)
    } finally {
      if (uploaded.hasSubscribers) uploaded.publish({ byteSize: upload.byteSize, isTaken })
      stopLooking()
      endDeadline()
      release()
    }
  }

  private async download(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    query: URLSearchParams,
    clientIp: string,
  ) {
    const file = await this.options.transfers.served(id, query)
    const release = this.downloads.take(this.options.clientNetwork(clientIp))
    const { socket } = request
    const stopLooking = cutStalled(
      socket,
      () => socket.bytesWritten - socket.writableLength,
      this.options.downloadStalls ?? defaultDownloadStalls,
    )
    try {
      const closed = new Promise((resolve) => response.once('close', resolve))
      await stream(request, response, file)
      await closed
    } finally {
      stopLooking()
      release()
    }
  }
}

function checkHeaders({ headers }: IncomingMessage, { byteSize, contentType }: Expected): void {
  const length = headers['content-length']
  if (length !== undefined && Number(length) > byteSize) throw tooMany(byteSize)
  if (length !== undefined && Number(length) < byteSize) throw tooFew(byteSize)
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw new Refusal(415, 'Send the bytes of the file as they are, without a Content-Encoding.')
  }
  const given = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (given !== undefined && given !== '' && given !== contentType) {
    throw new Refusal(415, `The upload was created for ${contentType}: send it with that Content-Type.`)
  }
}

const tooMany = (byteSize: number) =>
  new Refusal(
    413,
    `The upload was created for ${String(byteSize)} bytes, and there are more. Create one for all of them.`,
  )
const tooFew = (byteSize: number) =>
  new Refusal(400, `The upload was created for ${String(byteSize)} bytes, and there are fewer. Send all of them.`)

function refusalOf(received: Received, { byteSize }: Expected): Refusal {
  switch (received.outcome) {
    case 'REFUSED':
      return new Refusal(422, received.reason)
    case 'CONFLICT':
      return new Refusal(409, 'This upload has other bytes already, and keeps them. Create another one for these.')
    case 'TOO_MANY_BYTES':
      return tooMany(byteSize)
    default:
      return tooFew(byteSize)
  }
}

/** Resolves when the answer has begun. Ranges and conditions (RFC 9110) are the affair of `send`. */
function stream(request: IncomingMessage, response: ServerResponse, file: Served): Promise<void> {
  prepareForSend(request, file.byteSize)
  const maxAgeSeconds = Math.max(0, Math.floor((file.until.getTime() - timeMs()) / 1_000))
  response.setHeader('ETag', file.etag)
  response.setHeader('Content-Type', file.contentType)
  response.setHeader('Content-Disposition', file.contentDisposition)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Content-Security-Policy', policy)
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Cache-Control', `private, max-age=${String(maxAgeSeconds)}, immutable`)
  return new Promise((resolve, reject) => {
    send(request, `/${basename(file.path)}`, { root: dirname(file.path), dotfiles: 'deny', index: false, etag: false })
      .on('error', (error: { status?: number }) => {
        reject(failureOf(error.status ?? 500, response))
      })
      .on('stream', resolve)
      .on('end', resolve)
      .pipe(response)
      .once('finish', resolve)
  })
}

/**
 * What `send` 1.2 does otherwise than RFC 9110 says, mended before it sees the request: it refuses a suffix that is longer
 * than the file and a range that ends before it begins, takes a weak tag of If-Range for a strong one, gives a part for HEAD,
 * and sends all again to who says no-cache, as fetch() does besides a condition.
 */
function prepareForSend({ method, headers }: IncomingMessage, byteSize: number): void {
  delete headers['cache-control']
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/i.exec(headers.range?.trim() ?? '') ?? []
  const isNone = first === '' ? last === '' : last !== '' && Number(last) < Number(first)
  const isWeak = typeof headers['if-range'] === 'string' && headers['if-range'].startsWith('W/')
  // Several ranges may be ignored too, and are.
  if (method === 'HEAD' || isNone || isWeak) delete headers.range
  else if (first === '' && Number(last) > byteSize) headers.range = `bytes=0-${String(byteSize - 1)}`
}

function failureOf(status: number, response: ServerResponse): Error {
  const range = response.getHeader('Content-Range')
  switch (status) {
    case 404:
      return new Refusal(404, 'The bytes of this file are not here.')
    case 412:
      return new Refusal(412, 'The file is another one than the request asks for.')
    case 416:
      return new Refusal(
        416,
        'The file has no such range.',
        typeof range === 'string' ? { 'Content-Range': range } : {},
      )
    default:
      return new Error(`A file could not be read: ${String(status)}`)
  }
}

/** Throws what is no refusal. */
function refuse(response: ServerResponse, error: unknown): void {
  const status = error instanceof AppError ? statusOf[error.code] : error instanceof Refusal ? error.status : undefined
  if (status === undefined || response.headersSent) throw error
  for (const name of ['ETag', 'Content-Disposition', 'Cache-Control', 'Last-Modified', 'Accept-Ranges']) {
    response.removeHeader(name)
  }
  response.setHeader('Cache-Control', 'no-store')
  if (error instanceof Refusal)
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  if (error instanceof AppError && error.retryAfterMs !== undefined) {
    response.setHeader('Retry-After', Math.ceil(error.retryAfterMs / 1_000))
  }
  sendJson(response, status, { error: (error as Error).message })
}
