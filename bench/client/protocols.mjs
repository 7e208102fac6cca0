// What clients send on a socket before the events come, for each kind of contender.
import { messageEvents, messageEventsAfter } from '../documents.mjs'
import { RawWebSocket } from './socket.mjs'

/**
 * @typedef {object} Subscription
 * @property {string} url
 * @property {string} token
 * @property {string} conversationId global id
 * @property {number | null} after
 * @property {object} [payload] of GraphQL: another subscription than to the conversation's messages
 * @property {string} [localAddress]
 * @property {(bytes: Buffer, start: number, end: number) => boolean} onEvent false when the frame is no event
 * @property {(reason: string) => void} onEnd
 */

/**
 * Resolves when the subscribe message was sent: the protocol does not tell when the subscription has begun.
 * @param {Subscription} wanted
 */
async function subscribeGraphql({ url, token, conversationId, payload: given, after, localAddress, onEvent, onEnd }) {
  let acknowledge
  const acknowledged = new Promise((resolve, reject) => (acknowledge = { resolve, reject }))
  const onText = (bytes, start, end) => {
    if (onEvent(bytes, start, end)) return
    const message = JSON.parse(bytes.toString('utf8', start, end))
    if (message.type === 'connection_ack') acknowledge.resolve()
    else if (message.type === 'ping') socket.send('{"type":"pong"}')
    else if (message.type !== 'pong') onEnd(`an unexpected message: ${JSON.stringify(message).slice(0, 160)}`)
  }
  const onClose = (code) => {
    acknowledge.reject(new Error(`closed with ${String(code)}`))
    onEnd(`closed with ${String(code)}`)
  }
  const socket = new RawWebSocket(url, 'graphql-transport-ws', { onText, onClose }, localAddress)
  acknowledged.catch(() => undefined)
  await socket.opened
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
  await acknowledged
  const payload =
    given ??
    (after === null
      ? { query: messageEvents, variables: { conversationId } }
      : { query: messageEventsAfter, variables: { conversationId, after } })
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }))
  return socket
}

/**
 * Resolves when the server has acknowledged that the socket is in the room.
 * @param {Subscription} wanted
 */
async function subscribeSocketIo({ url, token, conversationId, localAddress, onEvent, onEnd }) {
  const connection = new SocketIo(url, token, { onEvent, onEnd }, localAddress)
  await connection.connected
  await connection.emit('join', { conversationId })
  return connection
}

/**
 * Only listens: for the server of limits/, which sends only events.
 * @param {Subscription} wanted
 */
async function subscribeBare({ url, localAddress, onEvent, onEnd }) {
  const onClose = (code) => onEnd(`closed with ${String(code)}`)
  const socket = new RawWebSocket(url, null, { onText: onEvent, onClose }, localAddress)
  await socket.opened
  return socket
}

/** @type {Record<string, (wanted: Subscription) => Promise<{ destroy(): void }>>} */
export const subscribe = { 'graphql-ws': subscribeGraphql, 'socket.io': subscribeSocketIo, bare: subscribeBare }

/** Engine.IO 4 and Socket.IO 5 over a WebSocket, only the parts needed here. */
export class SocketIo {
  #waiting = new Map()
  #count = 0
  #socket
  #connect

  /**
   * @param {string} url
   * @param {string} token
   * @param {Pick<Subscription, 'onEvent' | 'onEnd'>} handlers
   * @param {string} [localAddress]
   */
  constructor(url, token, { onEvent, onEnd }, localAddress) {
    this.connected = new Promise((resolve, reject) => (this.#connect = { resolve, reject }))
    this.connected.catch(() => undefined)
    const onText = (bytes, start, end) => {
      if (onEvent(bytes, start, end)) return
      const text = bytes.toString('utf8', start, end)
      if (text.startsWith('0')) this.#socket.send(`40${JSON.stringify({ token })}`)
      else if (text === '2') this.#socket.send('3')
      else if (text.startsWith('40')) this.#connect.resolve()
      else if (text.startsWith('43')) this.#acknowledge(text)
      else fail(`an unexpected packet: ${text.slice(0, 300)}`)
    }
    const fail = (reason) => {
      const error = new Error(reason)
      this.#connect.reject(error)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
      onEnd(reason)
    }
    this.#socket = new RawWebSocket(
      url,
      null,
      { onText, onClose: (code) => fail(`closed with ${String(code)}`) },
      localAddress,
    )
    this.#socket.opened.catch((error) => this.#connect.reject(error))
  }

  /**
   * @param {string} event
   * @param {object} argument
   * @returns {Promise<any>} the first argument of the acknowledgement
   */
  emit(event, argument) {
    const id = this.#count++
    const acknowledged = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#socket.send(`42${String(id)}${JSON.stringify([event, argument])}`)
    return acknowledged
  }

  destroy() {
    this.#socket.destroy()
  }

  /** @param {string} text */
  #acknowledge(text) {
    const begin = text.indexOf('[')
    const id = Number(text.slice(2, begin))
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.resolve(JSON.parse(text.slice(begin))[0])
  }
}
