// Subscribers whose subscriptions have certainly begun. Nothing in graphql-transport-ws tells that, so messages are sent
// until all subscribers have received one.
import { messageText } from '../client/senders.mjs'
import { conversationId, messageId, userId } from './ids.mjs'

const settleTimeoutMs = 60_000
const firstProbeTimeoutMs = 1_500

/** A wrong result. Its time is not reported, and the table says so. */
export class WrongResult extends Error {
  /** @override */
  name = 'WrongResult'
}

/**
 * @typedef {object} Context
 * @property {Client} watchers who subscribe
 * @property {Client} writers
 * @property {{ kind: string }} contender
 * @property {import('./contenders.mjs').Server} server
 * @property {(person: number) => string} tokenOf
 * @typedef {ReturnType<typeof import('./client.mjs').startClient>} Client
 */

/**
 * @param {Context} context
 * @param {{ conversation: number, members: number[] }[]} rooms
 * @param {number} senderCount connections that write, spread over the rooms
 * @param {{ query: string } | undefined} [payload] what everybody subscribes to, other than the messages of their room
 */
export async function openAudience(context, rooms, senderCount, payload) {
  const { watchers, writers, contender, server, tokenOf } = context
  const { kind } = contender
  const idOf = (room) => conversationId(rooms[room].conversation)
  const sockets = rooms.flatMap(({ members }, room) =>
    members.map((member) => ({ token: tokenOf(member), conversationId: idOf(room), room, payload })),
  )
  const senders = Array.from({ length: senderCount }, (_, place) => {
    const own = rooms.flatMap(({ members }, room) =>
      rooms.length === 1 || room % senderCount === place ? [{ room, conversationId: idOf(room), members }] : [],
    )
    return { own, member: own[0].members[place % own[0].members.length] }
  })
  // A sender writes to rooms of which it is a member: with several rooms each room has its own senders.
  const wanted = senders.flatMap(({ own, member }) =>
    rooms.length === 1
      ? [{ token: tokenOf(member), rooms: own }]
      : own.map((room) => ({ token: tokenOf(room.members[0]), rooms: [room] })),
  )
  await writers.call('openSenders', {
    kind,
    httpUrl: server.httpUrl,
    wsUrl: server.wsUrl,
    senders: wanted.map(({ token, rooms: own }) => ({
      token,
      rooms: own.map(({ room, conversationId: id }) => ({ room, conversationId: id })),
    })),
  })
  const { opened, errors } = await watchers.call('open', { kind, url: server.wsUrl, sockets })
  if (opened < sockets.length) {
    throw new WrongResult(`${String(opened)} of ${String(sockets.length)} sockets opened: ${errors.join('; ')}`)
  }
  const audience = {
    rooms,
    size: sockets.length,
    /** Sends to every room and waits until all subscribers have it. Then the head of each room is known. */
    async settle() {
      const deadlineMs = Date.now() + settleTimeoutMs
      // Longer each time: a slow server must not get probes faster than it can deliver them.
      for (let timeoutMs = firstProbeTimeoutMs; Date.now() < deadlineMs; timeoutMs *= 2) {
        const seqs = await writers.call('sendToEachRoom')
        const { complete } = await watchers.call('waitFor', { seqs, timeoutMs })
        if (complete) {
          checkEvent(await watchers.call('firstEvent'), rooms[0])
          await watchers.call('reset')
          return seqs
        }
      }
      const { ended } = await watchers.call('counts')
      throw new WrongResult(
        `not everybody gets messages after ${String(settleTimeoutMs / 1000)} s; ${ended.join('; ')}`,
      )
    },
    async close() {
      await watchers.call('close')
      await writers.call('closeSenders')
    },
  }
  try {
    await audience.settle()
  } catch (error) {
    await audience.close()
    throw error
  }
  return audience
}

/** Checks that a delivered message is the message that was sent. */
function checkEvent(text, { conversation, members }) {
  const parsed = JSON.parse(text.slice(text.search(/[[{]/)))
  const message = Array.isArray(parsed) ? parsed[1] : Object.values(parsed.payload.data)[0].message
  const isRight =
    message.id === messageId(conversation, message.seq) &&
    message.text === messageText &&
    members.some((member) => message.sender.id === userId(member))
  if (!isRight) throw new WrongResult(`an event that was not sent: ${text.slice(0, 400)}`)
}

/** Checks that every message was delivered to everybody: once, and in order unless the contender promises no order. */
export function checkDelivered(counts, expectedEvents) {
  const { events, missing, repeated, ended, endedCount } = counts
  if (events !== expectedEvents || missing > 0 || repeated > 0 || endedCount > 0) {
    throw new WrongResult(
      `${String(events)} of ${String(expectedEvents)} events came, ${String(missing)} missing, ` +
        `${String(repeated)} repeated, ${String(endedCount)} sockets ended${ended.length > 0 ? ` (${ended.join('; ')})` : ''}`,
    )
  }
}
