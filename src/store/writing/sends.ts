import { z } from 'zod'
import type { Database, Statement } from '../database/database.ts'
import { eventJson, sentEvent } from '../log-event.ts'
import type { SendMessage } from './commands.ts'
import { createGather } from './gather.ts'
import { Lines, type SendInLine } from './lines.ts'
import { outcomes, type OutcomeOf } from './outcomes.ts'

/** Many sends at once: one array for each of their parameters. */
const sendMessages: Statement = {
  name: 'sendMessages',
  isRepeatable: true,
  text: `SELECT outcome, seq, event_seq AS "eventSeq", mark, mark_before AS "markBefore", at_ms AS "atMs",
      replayed
    FROM parley_send_messages($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int[], $7::jsonb[])`,
}

interface SentRow extends Record<string, unknown> {
  /**
   * Null for a known key; `replayed` is then the outcome of its first use. In rows after those of the sends: BESIDES,
   * `replayed` is a further event; DESK, `replayed` names a support conversation.
   */
  outcome: string | null
  seq: number
  eventSeq: number
  mark: string
  markBefore: string | null
  atMs: number
  replayed: unknown
}

type Sent = OutcomeOf<'sendMessage'>

const inConversation = z.object({ conversationId: z.string() })

const hasExtras = ({ mentionIds, mentionEveryone, attachmentIds }: SendMessage) =>
  mentionIds !== null || mentionEveryone || attachmentIds !== null

/** What few messages have, as one value: null for most. */
const extrasOf = (send: SendMessage) => {
  const { mentionIds, mentionEveryone, attachmentIds } = send
  return hasExtras(send) ? JSON.stringify({ mentionIds, mentionEveryone, attachmentIds }) : null
}

/** Adds further events that sends caused to the result of a send in the same conversation. */
function addBesides(sends: SendMessage[], results: (Sent | null)[], rows: SentRow[]): void {
  const eventsOf = (conversationId: string) => {
    const isCause = (result: Sent | null, index: number) =>
      result?.outcome === 'ACCEPTED' && sends[index]?.conversationId === conversationId
    return results.find(isCause)?.events
  }
  for (const { outcome, replayed } of rows) {
    if (outcome === 'DESK') {
      const [sent] = eventsOf(inConversation.parse(replayed).conversationId) ?? []
      if (sent) sent.desk = true
      continue
    }
    if (outcome !== 'BESIDES') throw new Error(`sendMessages answered ${String(outcome)} for no send`)
    const event = eventJson.parse(replayed)
    const isEntry = event.type === 'INBOX_ENTRY_CHANGED'
    if (!isEntry && event.type !== 'CONVERSATION_UPDATED') throw new Error(`sendMessages brought about ${event.type}`)
    const events = eventsOf(isEntry ? event.data.conversationId : event.streamId)
    if (!events) throw new Error('sendMessages changed something for no message')
    events.push(event)
  }
}

/** Null: somebody else held the conversation. */
function sentResult(send: SendMessage, row: SentRow): Sent | null {
  if (row.outcome === 'LOCKED') return null
  if (row.outcome !== 'ACCEPTED') return outcomes.sendMessage.parse(row.replayed ?? { outcome: row.outcome })
  const event = sentEvent(send, row)
  const { streamId, seq: eventSeq, mark, message } = event
  return { outcome: 'ACCEPTED', streamId, eventSeq, mark, message, events: [event] }
}

/** Sends that come while others are in flight share a statement; `sendOne` is for those that come alone. */
export function createSends(
  db: Database,
  sendOne: (command: SendMessage) => Promise<Sent>,
): (command: SendMessage) => Promise<Sent> {
  const lines = new Lines()
  const gathered = createGather<SendInLine, Sent>({
    lockOf: ({ line }) => line,
    keyOf: ({ send: { actorId, opKey } }) => `${actorId} ${opKey}`,
    // Files are locked besides the conversation, which a statement for many cannot do.
    isAlone: ({ send }) => send.attachmentIds !== null,
    one: ({ send }) => sendOne(send),
    many: async (items) => {
      const sends = items.map(({ send: command }) => command)
      const rows = await db.run<SentRow>(sendMessages, [
        sends.map(({ actorId }) => actorId),
        sends.map(({ conversationId }) => conversationId),
        sends.map(({ opKey }) => opKey),
        sends.map(({ hash }) => hash),
        sends.map(({ text }) => text),
        sends.map(({ replyToSeq }) => replyToSeq),
        sends.some(hasExtras) ? sends.map(extrasOf) : null,
      ])
      const results = sends.map((each, index) => {
        const row = rows[index]
        if (!row) throw new Error('sendMessages did not answer each send')
        return sentResult(each, row)
      })
      addBesides(sends, results, rows.slice(sends.length))
      return results
    },
  })
  return async (command) => {
    const item = lines.enter(command)
    let outcome: string | null = null
    try {
      const sent = await gathered(item)
      outcome = sent.outcome
      return sent
    } finally {
      lines.leave(item, outcome)
    }
  }
}
