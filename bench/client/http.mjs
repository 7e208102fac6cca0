// A keep-alive HTTP connection with one request at a time, with as little work per request as possible.
import { Buffer } from 'node:buffer'
import { connect } from 'node:net'

const endOfHead = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

/** @typedef {{ status: number, body: Buffer }} HttpResponse */

/**
 * The bytes of a POST. Made once, sent often.
 * @param {string} url
 * @param {string} token
 * @param {string | object} body
 */
export function postRequest(url, token, body) {
  const { host, pathname } = new URL(url)
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const head =
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nAccept: application/json\r\n` +
    `Authorization: Bearer ${token}\r\nContent-Length: ${String(bytes.length)}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}

/**
 * @param {Buffer} bytes
 * @returns {HttpResponse | null} null when the answer is not whole yet
 */
function readResponse(bytes) {
  const head = bytes.indexOf(endOfHead)
  if (head < 0) return null
  const text = bytes.toString('latin1', 0, head)
  const status = Number(text.slice(9, 12))
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)
  const begin = head + 4
  if (length) {
    const end = begin + Number(length[1])
    return bytes.length < end ? null : { status, body: bytes.subarray(begin, end) }
  }
  // Chunks. Their sizes are read only when the last chunk seems to have arrived.
  if (!bytes.subarray(-5).equals(lastChunk)) return null
  const parts = []
  for (let at = begin; ;) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return null
    const size = parseInt(bytes.toString('latin1', at, line), 16)
    if (size === 0) return { status, body: Buffer.concat(parts) }
    at = line + 2 + size + 2
    if (at > bytes.length) return null
    parts.push(bytes.subarray(line + 2, at - 2))
  }
}

export class HttpConnection {
  /** @type {{ resolve: (response: HttpResponse) => void, reject: (error: Error) => void } | null} */
  #waiting = null
  /** @type {Buffer | null} */
  #received = null
  #tcp

  /** @param {string} url */
  constructor(url) {
    const { hostname, port } = new URL(url)
    this.#tcp = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#tcp.on('data', (/** @type {any} */ chunk) => {
      /** @type {Buffer} */
      const received = this.#received === null ? chunk : Buffer.concat([this.#received, chunk])
      this.#received = received
      const response = readResponse(received)
      if (response === null) return
      this.#received = null
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.resolve(response)
    })
    const fail = (/** @type {Error} */ error) => {
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.reject(error)
    }
    this.#tcp.on('error', fail)
    this.#tcp.on('close', () => fail(new Error('the connection was closed')))
  }

  /**
   * @param {Buffer} request as postRequest makes it
   * @returns {Promise<HttpResponse>}
   */
  post(request) {
    return new Promise((resolve, reject) => {
      if (this.#waiting !== null) throw new Error('one request at a time')
      this.#waiting = { resolve, reject }
      this.#tcp.write(request)
    })
  }

  destroy() {
    this.#tcp.destroy()
  }
}
