// A WebSocket client on a bare TCP socket. All sockets of the process read into one buffer: receiving allocates nothing,
// unless a frame arrives in two parts.
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { clientFrame, opcodes, readFrames } from './frames.mjs'

const shared = Buffer.allocUnsafeSlow(256 * 1024)
const endOfHead = Buffer.from('\r\n\r\n')
const connectTimeoutMs = 30_000

/**
 * @typedef {object} Handlers
 * @property {(bytes: Buffer, start: number, end: number) => void} onText
 * @property {(code: number) => void} onClose 1006 when the connection just ended
 */

export class RawWebSocket {
  /** @type {Buffer | null} the beginning of a frame, or of the answer to the upgrade */
  #rest = null
  #isOpen = false
  #isOver = false
  #handlers
  #tcp
  #settle

  /**
   * @param {string} url
   * @param {string | null} protocol
   * @param {Handlers} handlers
   * @param {string} [localAddress] another address of this machine, for more sockets than one address has ports
   */
  constructor(url, protocol, handlers, localAddress) {
    const { hostname, port, host, pathname, search } = new URL(url)
    this.#handlers = handlers
    this.opened = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    this.#tcp = connect({
      host: hostname,
      port: Number(port),
      localAddress,
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (size) => {
          this.#take(shared, size)
          return true
        },
      },
    })
    const timer = setTimeout(() => this.#end(1006, 'no answer to the upgrade'), connectTimeoutMs)
    void this.opened.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    )
    this.#tcp.on('error', (error) => this.#end(1006, error.message))
    this.#tcp.on('close', () => this.#end(1006, 'closed'))
    const subprotocol = protocol === null ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`
    this.#tcp.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${subprotocol}\r\n`,
    )
  }

  /** @param {string} text */
  send(text) {
    this.#tcp.write(clientFrame(opcodes.text, text))
  }

  /** Cuts the connection, as a failing network does. onClose is not called. */
  destroy() {
    this.#isOver = true
    this.#tcp.destroy()
    this.#settle.reject(new Error('cut'))
    this.opened.catch(() => undefined)
  }

  /**
   * @param {Buffer} chunk
   * @param {number} size
   */
  #take(chunk, size) {
    if (this.#isOver) return
    let bytes = chunk
    let end = size
    if (this.#rest !== null) {
      bytes = Buffer.concat([this.#rest, chunk.subarray(0, size)])
      end = bytes.length
      this.#rest = null
    }
    let begin = 0
    if (!this.#isOpen) {
      const head = bytes.subarray(0, end).indexOf(endOfHead)
      if (head < 0) {
        this.#rest = Buffer.from(bytes.subarray(0, end))
        return
      }
      const status = bytes.subarray(0, Math.min(head, 32)).toString('latin1')
      if (!status.startsWith('HTTP/1.1 101')) {
        this.#end(1006, `the upgrade was answered with ${status.split('\r\n', 1)[0]}`)
        return
      }
      this.#isOpen = true
      begin = head + 4
      this.#settle.resolve()
    }
    const view = begin === 0 ? bytes : bytes.subarray(begin, end)
    const length = end - begin
    const left = readFrames(view, length, this.#onFrame)
    if (left < length) this.#rest = Buffer.from(view.subarray(left, length))
  }

  /** @type {Parameters<typeof readFrames>[2]} */
  #onFrame = (opcode, bytes, start, end) => {
    if (opcode === opcodes.text) this.#handlers.onText(bytes, start, end)
    else if (opcode === opcodes.ping) this.#tcp.write(clientFrame(opcodes.pong, bytes.subarray(start, end)))
    else if (opcode === opcodes.close) this.#end(end - start >= 2 ? bytes.readUInt16BE(start) : 1005, 'closed')
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    if (this.#isOver) return
    this.#isOver = true
    this.#tcp.destroy()
    this.#settle.reject(new Error(reason))
    this.opened.catch(() => undefined)
    this.#handlers.onClose(code)
  }
}
