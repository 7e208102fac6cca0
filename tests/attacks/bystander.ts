import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { answerTimeoutMs, ask, found, register, sendMessage } from './people.ts'

const events = `subscription ($id: ID!) { messageEvents(conversationId: $id) { ... on MessageSent { message { text } } } }`

export interface Report {
  sentCount: number
  /** What went wrong: a send without an answer, a message that was lost, repeated or late by 15 s. */
  failures: string[]
  /** From each send to its answer. */
  ackMs: number[]
  /** From each send to the friend's event. */
  deliveryMs: number[]
}

export interface Bystander {
  /** Chats for so long. Resolves when all that was sent has its answer and came, or is given up. */
  watch(forMs: number): Promise<Report>
  close(): Promise<void>
}

/** Somebody who only chats, while others attack: a message every so often, by HTTP, that a friend gets live by WebSocket. */
export async function openBystander(httpUrl: string, intervalMs = 150): Promise<Bystander> {
  const [one, other] = await Promise.all([register(httpUrl), register(httpUrl)])
  const started = await ask(
    one,
    `mutation ($id: ID!) { startDirect(input: { userId: $id }) { ... on StartDirectSuccess { conversation { id } } } }`,
    { id: other.userId },
  )
  const conversationId = String(found(started, 'data.startDirect.conversation.id'))
  const cameAtMs = new Map<string, number>()
  let repeatedCount = 0
  let ended: unknown
  const client = createClient({
    url: httpUrl.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${other.token ?? ''}` },
    lazy: false,
    retryAttempts: 0,
  })
  client.subscribe(
    { query: events, variables: { id: conversationId } },
    {
      next(answer) {
        const text = found(answer, 'data.messageEvents.message.text')
        if (typeof text !== 'string') return
        if (cameAtMs.has(text)) repeatedCount++
        cameAtMs.set(text, performance.now())
      },
      error: (error) => (ended = error),
      complete: () => (ended = 'completed'),
    },
  )

  const sendOne = async (report: Report) => {
    const text = randomUUID()
    const sentAtMs = performance.now()
    try {
      const answer = await ask(one, sendMessage, { input: { conversationId, clientMessageId: text, text } })
      if (found(answer, 'data.sendMessage.message.seq') === undefined) throw new Error(JSON.stringify(answer))
      report.ackMs.push(performance.now() - sentAtMs)
    } catch (error) {
      report.failures.push(`a send: ${String(error)}`)
      return
    }
    while (!cameAtMs.has(text) && performance.now() - sentAtMs < answerTimeoutMs) await sleep(1)
    const atMs = cameAtMs.get(text)
    if (atMs === undefined) report.failures.push(`a message did not come (${String(ended)})`)
    else report.deliveryMs.push(atMs - sentAtMs)
  }

  const watch: Bystander['watch'] = async (forMs) => {
    const report: Report = { sentCount: 0, failures: [], ackMs: [], deliveryMs: [] }
    const repeatedBefore = repeatedCount
    const sends: Promise<void>[] = []
    const endAtMs = performance.now() + forMs
    while (performance.now() < endAtMs) {
      report.sentCount++
      sends.push(sendOne(report))
      await sleep(intervalMs)
    }
    await Promise.all(sends)
    if (repeatedCount > repeatedBefore) report.failures.push(`${String(repeatedCount - repeatedBefore)} came twice`)
    return report
  }
  // The subscription begins with what comes from now on: until one has come, it may not have begun.
  while (cameAtMs.size === 0) {
    const text = randomUUID()
    await ask(one, sendMessage, { input: { conversationId, clientMessageId: text, text } })
    await sleep(intervalMs)
    if (ended !== undefined) throw new Error(`the friend's subscription ended: ${JSON.stringify(ended)}`)
  }
  return { watch, close: async () => client.dispose() }
}
