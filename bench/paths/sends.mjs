import { setTimeout as sleep } from 'node:timers/promises'
import { WrongResult } from '../harness/audience.mjs'
import { conversationId } from '../harness/ids.mjs'
import { startCpuClock } from '../harness/process-figures.mjs'
import { storedMessages, world } from '../harness/world.mjs'

async function sendFor({ writers, contender, server, tokenOf, budget, query }, senders) {
  const conversations = [...new Set(senders.flatMap((sender) => sender.conversations))]
  const before = await storedMessages(query, conversations)
  await writers.call('openSenders', {
    kind: contender.kind,
    httpUrl: server.httpUrl,
    wsUrl: server.wsUrl,
    senders: senders.map(({ writer, conversations: own }) => ({
      token: tokenOf(writer),
      rooms: own.map((conversation) => ({ room: conversation, conversationId: conversationId(conversation) })),
    })),
  })
  try {
    const warm = await writers.call('sendFast', { durationMs: budget.warmUpMs })
    const cpuMs = startCpuClock(server.pid)
    const outcome = await writers.call('sendFast', { durationMs: budget.sendsMs })
    const cpu = cpuMs()
    const errors = [...warm.errors, ...outcome.errors]
    if (errors.length > 0) throw new WrongResult(errors[0])
    await check({ before, after: await storedMessages(query, conversations), warm, outcome, conversations })
    return {
      perSecond: (outcome.acked * 1000) / (outcome.endedAtMs - outcome.startedAtMs),
      p95: outcome.p95,
      cpuUs: (cpu * 1000) / outcome.acked,
    }
  } finally {
    await writers.call('closeSenders')
  }
}

/** Checks that every acknowledged message is in the database, under its acknowledged seq, and that the seqs have no gap. */
async function check({ before, after, warm, outcome, conversations }) {
  const acked = warm.acked + outcome.acked
  const stored = after.reduce((sum, { messages }, place) => sum + messages - before[place].messages, 0)
  if (stored !== acked) throw new WrongResult(`${String(acked)} sends acknowledged, ${String(stored)} stored`)
  for (const [place, { head, messages, seqs }] of after.entries()) {
    const last = (outcome.rooms[conversations[place]] ?? warm.rooms[conversations[place]])?.last
    if (head !== messages || seqs !== messages || (last !== undefined && last !== head)) {
      throw new WrongResult(`head ${String(head)}, ${String(messages)} messages, last acknowledged ${String(last)}`)
    }
  }
}

/** 64 connections that send at once, each to four groups of its own; then all of them to the same group. */
export const sends = {
  name: 'sends',
  metrics: [
    {
      key: 'manyPerSecond',
      label: 'Durable sends/s, many groups',
      better: 'more',
      limit: 'sendStatement',
      plot: 'durable sends/s, many groups',
    },
    {
      key: 'hotPerSecond',
      label: 'Durable sends/s, one group',
      better: 'more',
      limit: 'sendStatementHot',
      plot: 'durable sends/s, one group',
    },
  ],
  costs: [
    { key: 'manyServerCpuUs', label: 'A send, many groups' },
    { key: 'hotServerCpuUs', label: 'A send, one group' },
  ],
  async run(context) {
    const many = await sendFor(context, world.writers)
    await sleep(100)
    const hot = await sendFor(
      context,
      world.hot.members.map((writer) => ({ writer, conversations: [world.hot.conversation] })),
    )
    return {
      manyPerSecond: many.perSecond,
      hotPerSecond: hot.perSecond,
      manyP95Ms: many.p95,
      hotP95Ms: hot.p95,
      manyServerCpuUs: many.cpuUs,
      hotServerCpuUs: hot.cpuUs,
    }
  },
}
