import { newId } from '../src/domain/ids.ts'
import { requestHash } from '../src/domain/op-key.ts'
import type { Database } from '../src/store/database/database.ts'
import type { Write } from '../src/store/writing/outcomes.ts'

const titles = ['My invitation does not open', 'Two accounts, one person']

/** The last of the demo people is the staff: one support conversation is answered, the other waits. Repeating it does no harm. */
export async function playSupport(write: Write, db: Database, users: readonly string[]): Promise<void> {
  const staff = users.at(-1) ?? ''
  await db.prisma.user.update({ where: { id: staff }, data: { role: 'STAFF' } })
  for (const [nth, title] of titles.entries()) {
    const actorId = users[nth] ?? ''
    const key = (what: string) => `demo-support-${what}-${String(nth)}`
    const hash = requestHash('openSupport', [title])
    const opened = await write({ type: 'openSupport', actorId, newId: newId(), title, opKey: key('open'), hash })
    if (opened.outcome === 'OP_KEY_REUSED') throw new Error('the demo world has another support conversation')
    const { conversationId } = opened
    const message = (text: string) => {
      const extras = { replyToSeq: null, mentionIds: null, mentionEveryone: false, attachmentIds: null }
      return { conversationId, text, ...extras, hash: requestHash('sendMessage', [conversationId, text, null]) }
    }
    await write({ type: 'sendMessage', actorId, opKey: key('ask'), ...message(`${title}. Can you help?`) })
    if (nth === 0) {
      const text = 'It should work again. Does it?'
      await write({ type: 'answerSupport', actorId: staff, opKey: key('answer'), ...message(text) })
    }
  }
}
