import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Attack } from './index.ts'
import { ask, groupOf, register, sendMessage, type Person } from './people.ts'

const json = (message: object) => JSON.stringify(message)
const pauseMs = 10

/** A socket that says nothing by itself and never fails: what the server does with it is what is looked at. */
async function opened(wsUrl: string): Promise<WebSocket> {
  const socket = new WebSocket(wsUrl, 'graphql-transport-ws')
  socket.on('error', () => undefined)
  await new Promise((resolve) => {
    socket.once('open', resolve)
    socket.once('close', resolve)
  })
  return socket
}

async function signedIn(wsUrl: string, { token }: Person): Promise<WebSocket> {
  const socket = await opened(wsUrl)
  socket.send(json({ type: 'connection_init', payload: { authorization: `Bearer ${token ?? ''}` } }))
  await new Promise((resolve) => {
    socket.once('message', resolve)
    socket.once('close', resolve)
  })
  return socket
}

const openedMany = async (count: number, open: () => Promise<WebSocket>) => {
  const sockets: WebSocket[] = []
  for (let at = 0; at < count; at += 50)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(50, count - at) }, open))))
  return sockets
}

const begin = (socket: WebSocket, id: string, query: string, variables: object = {}) => {
  if (socket.readyState === WebSocket.OPEN) socket.send(json({ id, type: 'subscribe', payload: { query, variables } }))
}

const untilStopped = async (
  signal: AbortSignal,
  sockets: readonly WebSocket[],
  again: () => void = () => undefined,
) => {
  while (!signal.aborted) {
    again()
    await sleep(pauseMs)
  }
  for (const socket of sockets) socket.terminate()
}

const events = 'subscription ($id: ID!) { messageEvents(conversationId: $id) { __typename } }'

/** A message in frames that never ends, each frame alone within the limit of a message. */
export const unfinishedMessages: Attack = {
  name: 'unfinished-messages',
  title: '600 sockets of nobody, each with 1 MB of a message that is not finished',
  prepare: ({ wsUrl }) =>
    Promise.resolve(async (signal) => {
      const sockets = await openedMany(600, () => opened(wsUrl))
      const piece = Buffer.alloc(15_000, 'x')
      let sent = 0
      await untilStopped(signal, sockets, () => {
        if (sent++ < 70)
          for (const socket of sockets) if (socket.readyState === WebSocket.OPEN) socket.send(piece, { fin: false })
      })
    }),
}

/** The same of somebody who is known, in frames of one byte, each of which comes with much that is read at once. */
export const smallFragments: Attack = {
  name: 'small-fragments',
  title: '50 sockets of one person, each with a message in frames of one byte between pings',
  async prepare({ httpUrl, wsUrl }) {
    const person = await register(httpUrl)
    return async (signal) => {
      const sockets = await openedMany(50, () => signedIn(wsUrl, person))
      await untilStopped(signal, sockets, () => {
        for (const socket of sockets) {
          if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > 1_000_000) continue
          for (let nth = 0; nth < 100; nth++) socket.ping('x'.repeat(120))
          socket.send('x', { fin: false })
        }
      })
    }
  },
}

export const idleStrangers: Attack = {
  name: 'idle-strangers',
  title: '5,000 sockets of nobody that say nothing',
  prepare: ({ wsUrl }) =>
    Promise.resolve(async (signal) => {
      const sockets: WebSocket[] = []
      const opening = openedMany(5_000, async () => {
        const socket = await opened(wsUrl)
        sockets.push(socket)
        return socket
      })
      await untilStopped(signal, sockets)
      await Promise.race([opening, sleep(2_000)])
      for (const socket of sockets) socket.terminate()
    }),
}

export const undeclaredVariables: Attack = {
  name: 'undeclared-variables',
  title: '12 sockets, each with 100 subscriptions that bring 1 MB of variables nobody declared',
  async prepare({ httpUrl, wsUrl }) {
    const person = await register(httpUrl)
    const id = await groupOf(person, 1)
    return async (signal) => {
      const sockets = await openedMany(12, () => signedIn(wsUrl, person))
      const undeclared = Array.from({ length: 1_000 }, (_, nth) => `${String(nth)} ${'x'.repeat(990)}`)
      let nth = 0
      await untilStopped(signal, sockets, () => {
        if (nth++ < 100) for (const socket of sockets) begin(socket, String(nth), events, { id, undeclared })
      })
    }
  },
}

export const subscribeComplete: Attack = {
  name: 'subscribe-complete',
  title: 'one socket that subscribes and completes 50 times in 10 ms, for ever',
  async prepare({ httpUrl, wsUrl }) {
    const person = await register(httpUrl)
    const id = await groupOf(person, 1)
    return async (signal) => {
      const socket = await signedIn(wsUrl, person)
      let count = 0
      await untilStopped(signal, [socket], () => {
        if (socket.bufferedAmount > 10_000_000) return
        for (let nth = 0; nth < 50; nth++) {
          begin(socket, String(++count), 'subscription { inboxEvents { __typename } }', { id })
          if (socket.readyState === WebSocket.OPEN) socket.send(json({ id: String(count), type: 'complete' }))
        }
      })
    }
  },
}

const openInboxes: Attack = {
  name: 'open-inboxes',
  title: '10 sockets that open and complete an inbox of 200 conversations 20 times in 10 ms each, for ever',
  async prepare({ httpUrl, wsUrl }) {
    const person = await register(httpUrl)
    for (let nth = 0; nth < 200; nth++) await groupOf(person, 0)
    return async (signal) => {
      const sockets = await openedMany(10, () => signedIn(wsUrl, person))
      let count = 0
      await untilStopped(signal, sockets, () => {
        for (const socket of sockets) {
          if (socket.bufferedAmount > 1_000_000) continue
          for (let nth = 0; nth < 20; nth++) {
            begin(socket, String(++count), 'subscription { inboxEvents { __typename resume } }', {})
            if (socket.readyState === WebSocket.OPEN) socket.send(json({ id: String(count), type: 'complete' }))
          }
        }
      })
    }
  },
}

/** Members of a conversation that is busy, whose subscriptions are all executed for themselves. */
async function followBusy(
  { httpUrl, wsUrl }: { httpUrl: string; wsUrl: string },
  subscriptions: readonly { query: string; variables: object }[],
) {
  const person = await register(httpUrl)
  const id = await groupOf(person, 1)
  return async (signal: AbortSignal) => {
    const sockets = await openedMany(Math.ceil(subscriptions.length / 100), () => signedIn(wsUrl, person))
    subscriptions.forEach(({ query, variables }, nth) => {
      begin(sockets[Math.floor(nth / 100)]!, String(nth), query, { id, ...variables })
    })
    const busy = async () => {
      for (let nth = 0; !signal.aborted; nth++) {
        const input = { conversationId: id, clientMessageId: `busy-${String(Date.now())}-${String(nth)}`, text: 'Busy' }
        await ask(person, sendMessage, { input }, signal).catch(() => undefined)
        await sleep(50)
      }
    }
    await Promise.all([busy(), untilStopped(signal, sockets)])
  }
}

const selection = 'conversation { id title members(first: 20) { edges { node { user { id displayName } } } } }'

export const aliasedSubscriptions: Attack = {
  name: 'aliased-subscriptions',
  title: '500 subscriptions to a busy conversation that differ by an alias',
  prepare: (target) =>
    followBusy(
      target,
      Array.from({ length: 500 }, (_, nth) => ({
        query: `subscription ($id: ID!) { conversationEvents(conversationId: $id) {
          ... on MessageSent { message { a${String(nth)}: text ${selection} sender { handle } } } } }`,
        variables: {},
      })),
    ),
}

export const variedSubscriptions: Attack = {
  name: 'varied-subscriptions',
  title: '500 subscriptions to a busy conversation of one document, with other variables each',
  prepare: (target) =>
    followBusy(
      target,
      Array.from({ length: 500 }, (_, nth) => ({
        query: `subscription ($id: ID!, $n: Int!) { conversationEvents(conversationId: $id) {
          ... on MessageSent { message { text conversation { members(first: $n) { edges { node { user { id } } } } } } } } }`,
        variables: { n: (nth % 100) + 1 },
      })),
    ),
}

export const presenceOfMany: Attack = {
  name: 'presence-of-many',
  title: '100 subscriptions to the presence of 1,000 people each',
  async prepare({ httpUrl, wsUrl }) {
    const person = await register(httpUrl)
    const people: Person[] = []
    while (people.length < 100) people.push(...(await Promise.all(Array.from({ length: 10 }, () => register(httpUrl)))))
    const userIds = people.map(({ userId }) => userId)
    return async (signal) => {
      const sockets = await openedMany(5, () => signedIn(wsUrl, person))
      const query =
        'subscription ($ids: [ID!]!) { presenceEvents(userIds: $ids) { user { id handle } presence { status } } }'
      for (const socket of sockets)
        for (let nth = 0; nth < 100; nth++) begin(socket, String(nth), query, { ids: userIds })
      await untilStopped(signal, sockets)
    }
  },
}

export const floods: Attack = {
  name: 'floods',
  title: 'pings, messages of pings and wrong ids on 20 sockets of nobody, and sockets that come and go',
  prepare: ({ wsUrl }) =>
    Promise.resolve(async (signal) => {
      const sockets = await openedMany(20, () => opened(wsUrl))
      for (const socket of sockets) socket.send(json({ type: 'connection_init' }))
      await untilStopped(signal, sockets, () => {
        for (const socket of sockets) {
          if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > 1_000_000) continue
          for (let nth = 0; nth < 50; nth++) {
            socket.ping('x')
            socket.send(json({ type: 'ping', payload: { nth } }))
            socket.send(json({ type: 'complete', id: String(nth) }))
          }
        }
      })
    }),
}

export const socketAttacks: readonly Attack[] = [
  unfinishedMessages,
  smallFragments,
  idleStrangers,
  undeclaredVariables,
  subscribeComplete,
  openInboxes,
  aliasedSubscriptions,
  variedSubscriptions,
  presenceOfMany,
  floods,
]
