// socket.io with the Redis adapter, pg. A room for each conversation.
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { createServer } from 'node:http'
import { conversationUuid } from '../common/ids.mjs'
import { createStore, toMessage } from '../common/postgres.mjs'
import { announce, databaseUrl, host, jwtSecret, poolSize, port, redisUrl } from '../common/settings.mjs'
import { createTokenCheck } from '../common/tokens.mjs'

const viewerOf = await createTokenCheck(jwtSecret)
const store = createStore({ databaseUrl, poolSize })
const publisher = new Redis(redisUrl)

const httpServer = createServer()
const io = new Server(httpServer, {
  adapter: createAdapter(publisher, publisher.duplicate()),
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
})

// As "Performance tuning" in its documentation recommends: the upgrade request is not kept.
io.engine.on('connection', (rawSocket) => {
  rawSocket.request = null
})

io.use(async (socket, next) => {
  socket.data.viewerId = await viewerOf(socket.handshake.auth.token)
  next(socket.data.viewerId ? undefined : new Error('UNAUTHENTICATED'))
})

const notFound = { error: { code: 'NOT_FOUND', message: 'There is no such conversation here.' } }
const invalid = { error: { code: 'VALIDATION_ERROR', message: 'A message needs a text and a clientMessageId.' } }
const unavailable = { error: { code: 'UNAVAILABLE', message: 'Try again later.' } }

async function join(socket, { conversationId }) {
  const uuid = conversationUuid(conversationId)
  if (!uuid || !(await store.isMember(uuid, socket.data.viewerId))) return notFound
  await socket.join(uuid)
  return { ok: true }
}

const isBetween = (text, min, max) => typeof text === 'string' && text.length >= min && text.length <= max

async function sendMessage(socket, { conversationId, clientMessageId, text }) {
  if (!isBetween(text, 1, 4000) || text.trim() === '' || !isBetween(clientMessageId, 8, 64)) return invalid
  const uuid = conversationUuid(conversationId)
  const row = uuid && (await store.sendMessage(uuid, socket.data.viewerId, { clientMessageId, text }))
  if (!row) return notFound
  const { id, seq, sender } = toMessage(row)
  io.to(uuid).emit('messageSent', { id, seq, text, sender: { id: sender.id } })
  return { message: { id, seq } }
}

io.on('connection', (socket) => {
  for (const [name, handle] of Object.entries({ join, sendMessage })) {
    socket.on(name, async (argument, acknowledge) => {
      try {
        acknowledge(await handle(socket, argument))
      } catch (error) {
        console.error(error)
        acknowledge(unavailable)
      }
    })
  }
})

httpServer.listen(port, host, announce)
