import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createConversationStore } from '../../src/store/conversations.ts'
import { createDatabase } from '../../src/store/database/database.ts'
import { createEventStore } from '../../src/store/events.ts'
import { createMemberStore } from '../../src/store/members.ts'
import { createMessageStore } from '../../src/store/messages.ts'
import { createPeopleStore } from '../../src/store/people.ts'
import { createPresenceStore } from '../../src/store/presence.ts'
import { createResumptionStore } from '../../src/store/resumption.ts'
import { createSessionStore } from '../../src/store/sessions.ts'
import { logStart } from '../../src/store/watermark.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createTestDatabase } from '../testkit/database.ts'

// Each of them, on one connection: PostgreSQL makes a plan for the values at hand five times before it may keep one.
const timesEach = 8

test('PostgreSQL plans the statements of reads once, and not each time', async () => {
  const { url } = await createTestDatabase()
  const db = createDatabase({ connectionString: url, poolSize: 1, logger: createLogger('silent') })
  const conversations = createConversationStore(db)
  const members = createMemberStore(db)
  const messages = createMessageStore(db)
  const people = createPeopleStore(db)
  const presence = createPresenceStore(db)
  const events = createEventStore(db)
  const resumptions = createResumptionStore(db)
  const conversationId = randomUUID()
  const viewerId = randomUUID()
  const page = { conversationId, afterSeq: 0, beforeSeq: 2_147_483_647, backward: true, limit: 51 }
  const inbox = { viewerId, filter: 'ACTIVE', after: null, before: null, backward: false, limit: 51 } as const
  try {
    for (let time = 0; time < timesEach; time++) {
      await conversations.byIds([conversationId])
      await conversations.entries([{ viewerId, conversationId }])
      await conversations.inbox(inbox)
      const place = { pinned: false, lastActivityAtMs: 0, conversationId }
      await conversations.inbox({ ...inbox, after: { ...place, asOfMs: Date.now() } })
      await conversations.activeMemberships([{ viewerId, conversationId }])
      await conversations.memberships([{ viewerId, named: new Map() }])
      await resumptions.resumptions([{ viewerId, named: new Map([[conversationId, 1]]), base: logStart, target: null }])
      await messages.byKeys([{ conversationId, seq: 1 }])
      await messages.pages([page])
      await messages.othersProgress([{ conversationId, seq: 1, senderId: viewerId }])
      await messages.readBy([{ conversationId, seq: 1, senderId: viewerId, after: null, limit: 51 }])
      await people.byIds([viewerId])
      await members.byKeys([{ conversationId, userId: viewerId }])
      await members.leastStandings([conversationId])
      await members.mutings([{ conversationId, userId: viewerId }])
      await people.members([{ conversationId, after: null, limit: 51 }])
      await presence.relations([{ viewerId, userId: conversationId }])
      await presence.saveLastSeen([{ userId: viewerId, atMs: 0 }])
      await createSessionStore(db).live([randomUUID()])
      await events.heads([conversationId])
      await events.read([{ streamId: conversationId, afterSeq: 0, limit: 10 }], 1_000_000)
    }
    const plans = await db.run<{ name: string; custom: number }>(
      { name: 'plans', text: 'SELECT name, custom_plans::int AS custom FROM pg_prepared_statements' },
      [],
    )
    expect(plans.length).toBeGreaterThanOrEqual(20)
    expect(plans.filter(({ custom }) => custom > 5)).toEqual([])
  } finally {
    await db.close()
  }
})
