import { setTimeout as sleep } from 'node:timers/promises'
import { WrongResult } from '../harness/audience.mjs'
import { openCollector } from '../harness/garbage.mjs'
import { conversationId } from '../harness/ids.mjs'
import { residentBytes } from '../harness/process-figures.mjs'
import { world } from '../harness/world.mjs'

const settleMs = 500
/** Opened before the first measurement, so that memory that is allocated once is not counted. */
const firstCount = 200

const sockets = (tokenOf, count) =>
  Array.from({ length: count }, (_, place) => {
    const room = place % world.rooms.length
    const { conversation, members } = world.rooms[room]
    const member = members[Math.floor(place / world.rooms.length) % members.length]
    return { token: tokenOf(member), conversationId: conversationId(conversation), room }
  })

/** How much the memory of a fresh server grows with sockets that have one subscription each and get no events. */
export const idleMemory = {
  name: 'idle-memory',
  /** A server that has done nothing before. */
  isFresh: true,
  metrics: [
    {
      key: 'bytesEach',
      label: 'Memory for an idle subscription, KB',
      better: 'less',
      divideBy: 1024,
      plot: 'memory, idle subscription',
    },
  ],
  async run({ watchers, readers, contender, server, budget, tokenOf }) {
    const collector = await openCollector(server.pid)
    const look = async () => {
      await sleep(settleMs)
      await collector.collect()
      await sleep(settleMs)
      await collector.collect()
      return residentBytes(server.pid)
    }
    const { kind } = contender
    const open = async (client, count) => {
      const { opened, errors } = await client.call('open', {
        kind,
        url: server.wsUrl,
        sockets: sockets(tokenOf, count),
      })
      if (opened < count) throw new WrongResult(`${String(opened)} of ${String(count)} sockets opened: ${errors[0]}`)
    }
    try {
      await open(readers, firstCount)
      const before = await look()
      await open(watchers, budget.idleSockets)
      const after = await look()
      const { endedCount, ended } = await watchers.call('counts')
      if (endedCount > 0) throw new WrongResult(`${String(endedCount)} sockets ended: ${ended.join('; ')}`)
      return {
        bytesEach: ((after ?? 0) - (before ?? 0)) / budget.idleSockets,
        sockets: budget.idleSockets,
        beforeBytes: before,
        afterBytes: after,
      }
    } finally {
      collector.close()
      await watchers.call('close')
      await readers.call('close')
    }
  },
}
