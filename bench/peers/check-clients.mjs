// Clients for the check: widely used libraries, and for socket.io the harness's own client.
import { Buffer } from 'node:buffer'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { SocketIo } from '../client/protocols.mjs'
import * as documents from '../documents.mjs'

/** The whole answer of a GraphQL request. */
export async function post(url, token, query, variables) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  })
  return response.json()
}

/** `send` returns the seq, or the code of the refusal. */
function overGraphql({ httpUrl, wsUrl }) {
  return {
    async send(token, conversationId, clientMessageId, text) {
      const input = { conversationId, clientMessageId, text }
      const { data, errors } = await post(httpUrl, token, documents.sendMessage, { input })
      if (errors) throw new Error(JSON.stringify(errors))
      const { __typename: outcome, message } = data.sendMessage
      return { outcome, id: message?.id, seq: message?.seq }
    },
    /** `onEvent` gets each message; `ended` resolves to why there is nothing more. */
    subscribe(token, conversationId, onEvent) {
      const client = createClient({
        url: wsUrl,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${token}` },
        retryAttempts: 0,
        lazyCloseTimeout: 0,
        onNonLazyError: () => undefined,
      })
      const payload = { query: documents.messageEvents, variables: { conversationId } }
      const ended = new Promise((resolve) => {
        client.subscribe(payload, {
          next(/** @type {any} */ { data, errors }) {
            if (errors) resolve({ errors })
            else onEvent(data.messageEvents.message)
          },
          error: (errors) => resolve({ errors }),
          complete: () => resolve({}),
        })
      })
      return { ended, close: () => client.dispose() }
    },
  }
}

function overSocketIo({ wsUrl }) {
  const connect = async (token, handlers) => {
    const socket = new SocketIo(wsUrl, token, handlers)
    await socket.connected
    return socket
  }
  const senders = new Map()
  const silent = { onEvent: () => false, onEnd: () => undefined }
  const isEvent = Buffer.from('42["messageSent",')
  return {
    async send(token, conversationId, clientMessageId, text) {
      if (!senders.has(token)) senders.set(token, connect(token, silent))
      const socket = await senders.get(token)
      const { message, error } = await socket.emit('sendMessage', { conversationId, clientMessageId, text })
      const outcomes = { NOT_FOUND: 'NotFoundError', VALIDATION_ERROR: 'ValidationError' }
      if (error) return { outcome: outcomes[error.code] }
      return { outcome: 'SendMessageSuccess', ...message }
    },
    subscribe(token, conversationId, onEvent) {
      let socket
      const ended = new Promise((resolve) => {
        const handlers = {
          onEvent(bytes, start, end) {
            if (!bytes.subarray(start, end).subarray(0, isEvent.length).equals(isEvent)) return false
            onEvent(JSON.parse(bytes.toString('utf8', start + 2, end))[1])
            return true
          },
          onEnd: (reason) => resolve({ errors: [reason] }),
        }
        const join = async () => {
          socket = await connect(token, handlers)
          const { error } = await socket.emit('join', { conversationId })
          if (error) resolve({ errors: [error] })
        }
        join().catch((error) => resolve({ errors: [error] }))
      })
      return { ended, close: () => socket?.destroy() }
    },
  }
}

export const clientOf = { 'graphql-ws': overGraphql, 'socket.io': overSocketIo }
