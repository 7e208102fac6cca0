import { newId } from '../src/domain/ids.ts'
import { requestHash } from '../src/domain/op-key.ts'
import type { Database } from '../src/store/database/database.ts'
import { createReportStore } from '../src/store/reports.ts'
import type { Write } from '../src/store/writing/outcomes.ts'

/** Places among the demo people. Who asks and who is asked have no direct conversation in the plan. */
const [reporter, reported, blocker, blocked] = [1, 7, 8, 14]
const maxBlocks = 10_000

/**
 * What there is for the staff and for safety to look at: a message and a person that were reported, of which one report is resolved, a
 * block, and a request of somebody who has to ask first. Repeating it does no harm.
 */
export async function playModeration(write: Write, db: Database, users: readonly string[]): Promise<void> {
  const user = (place: number) => users.at(place) ?? ''
  await write({ type: 'blockUser', actorId: user(blocker), userId: user(blocked), blocked: true, maxBlocks })
  await report(db, users)
  await ask(write, db, users)
}

async function report(db: Database, users: readonly string[]): Promise<void> {
  const store = createReportStore(db)
  const actorId = users[reporter] ?? ''
  const message = await db.prisma.message.findFirst({
    where: {
      senderId: users[reported],
      deletedAt: null,
      conversation: { members: { some: { userId: actorId, leftAt: null } } },
    },
    orderBy: [{ createdAt: 'asc' }, { conversationId: 'asc' }],
  })
  const about = [
    {
      userId: null,
      conversationId: message?.conversationId ?? null,
      seq: message?.seq ?? null,
      text: 'Again and again',
    },
    { userId: users[reported] ?? '', conversationId: null, seq: null, text: 'Writes the same to everybody' },
  ]
  for (const [nth, { text, ...place }] of about.entries()) {
    const hash = requestHash('report', [place.userId, place.conversationId, place.seq, 'SPAM', text])
    const opKey = `demo-report-${String(nth)}`
    const made = await store.make({ actorId, newId: newId(), ...place, reason: 'SPAM', text, opKey, hash })
    if (!('reportId' in made)) throw new Error(`a report of the demo world was refused: ${made.outcome}`)
    if (place.userId !== null) await store.resolve(users.at(-1) ?? '', made.reportId, 'PERSON_WARNED', 'Asked to stop')
  }
}

async function ask(write: Write, db: Database, users: readonly string[]): Promise<void> {
  const asked = users.at(-2) ?? ''
  const mayAsk = { requestsEnabled: true, directMessagesFrom: 'NOBODY' } as const
  const strangers = { members: { some: { userId: asked } }, kind: 'DIRECT' } as const
  const opKey = 'demo-request'
  const known = await db.prisma.member.findMany({ where: { conversation: strangers }, select: { userId: true } })
  const before = await db.prisma.message.findFirst({ where: { clientMessageId: opKey, senderId: { in: [...users] } } })
  const actorId = before?.senderId ?? users.find((id) => id !== asked && !known.some(({ userId }) => userId === id))
  if (actorId === undefined) return
  await db.prisma.user.update({ where: { id: asked }, data: mayAsk })
  const begun = await write({ type: 'startDirect', actorId, peerId: asked, newId: newId() })
  if (!('conversationId' in begun)) throw new Error(`the request of the demo world was refused: ${begun.outcome}`)
  const { conversationId } = begun
  const text = 'We met at the offsite. May I ask you something?'
  const extras = { replyToSeq: null, mentionIds: null, mentionEveryone: false, attachmentIds: null }
  const hash = requestHash('sendMessage', [conversationId, text, null])
  await write({ type: 'sendMessage', actorId, conversationId, opKey, text, hash, ...extras })
}
