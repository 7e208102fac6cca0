import { parse } from 'graphql'
import { expect } from 'vitest'
import { gather, signUpMany } from '../testkit/crowd.ts'
import type { MeasuredServer } from '../testkit/measured-work.ts'
import { newKey, type Person } from '../testkit/person.ts'
import { put, createUpload, upload } from '../testkit/uploads.ts'

/** What the other operations of a chat cost: with many things in one write, and pages at two sizes. */
export interface World {
  server: MeasuredServer
  ann: Person
  crowd: readonly Person[]
  group: string
}

type Scenario = () => ReturnType<MeasuredServer['measure']>

const mutation = (name: string) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
  return parse(`mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Error { code reason } } }`)
}

const queueDocument = parse(`query ($first: Int) { supportQueue(first: $first) {
  nodes { id title supportStatus unansweredSince assignee { handle } viewerEntry { unreadCount }
    lastMessage { text sender { handle } } }
  resume } }`)
const openDocument = parse(`mutation ($opKey: String!) { openSupport(input: { title: "Help", opKey: $opKey }) {
  ... on OpenSupportSuccess { conversation { id } } } }`)
const sessionsDocument = parse('{ viewer { sessions { id device createdAt lastUsedAt current } } }')
const blockedDocument = parse(
  'query ($first: Int) { viewer { blockedUsers(first: $first) { nodes { handle blocked } } } }',
)

/** People of a crowd know their own key alone. */
const idOf = ({ id }: Person) => Buffer.from(`User:${id}`).toString('base64url')

const note = { fileName: 'note.txt', contentType: 'text/plain', bytes: Buffer.from('A note') }
const files = (person: Person, count: number) => Promise.all(Array.from({ length: count }, () => upload(person, note)))

export function otherScenarios(world: () => World): Record<string, Scenario> {
  const write = async (person: Person, name: string, input: object) => {
    const answer = await person.client.request<Record<string, { __typename: string }>, object>(mutation(name), {
      input,
    })
    expect(answer[name]).toEqual({ __typename: expect.stringMatching(/Success$/) as string })
  }
  const ofWrite = (person: Person, name: string, input: object) =>
    world().server.measure(() => write(person, name, input))
  const ofSend = (extras: object) => {
    const { ann, group } = world()
    return ofWrite(ann, 'sendMessage', { conversationId: group, clientMessageId: newKey(), text: 'Hello', ...extras })
  }

  let desk: Promise<{ staff: Person; ids: string[] }> | undefined
  const openDesk = async () => {
    const { server, crowd } = world()
    const [staff] = (await signUpMany(server.database, server.url, 1)) as [Person]
    await server.database.query(`UPDATE users SET role = 'STAFF' WHERE id = $1`, [staff.id])
    const ids = await Promise.all(
      [...crowd, ...crowd].map(async (person) => {
        const opened = await person.client.request<{ openSupport: { conversation: { id: string } } }, object>(
          openDocument,
          { opKey: newKey() },
        )
        const { id } = opened.openSupport.conversation
        await person.send(id, 'Help')
        return id
      }),
    )
    // What the staff read for the first time is noted, at some moment after it was read.
    await staff.client.request(queueDocument, { first: ids.length })
    const noted = `SELECT count(*)::int AS count FROM audit_log WHERE actor_id = $1 AND action = 'support.read'`
    await expect
      .poll(() => server.database.query(noted, [staff.id]), { timeout: 20_000 })
      .toEqual([{ count: ids.length }])
    return { staff, ids }
  }
  const atDesk = () => (desk ??= openDesk())
  const ofQueue = async (first: number) => {
    const { staff } = await atDesk()
    return world().server.measure(async () => {
      const answer = await staff.client.request<{ supportQueue: { nodes: object[] } }, object>(queueDocument, { first })
      expect(answer.supportQueue.nodes).toHaveLength(first)
    })
  }
  const ofDesk = async (name: string, first: object, then: object) => {
    const { staff, ids } = await atDesk()
    const conversationId = ids[0]!
    await write(staff, name, { conversationId, ...first })
    return ofWrite(staff, name, { conversationId, ...then })
  }

  return {
    'a send that mentions 50 people': () => ofSend({ mentionIds: world().crowd.map(idOf) }),

    'an upload': () => {
      const { server, ann } = world()
      return server.measure(async () => {
        const created = await createUpload(ann, note)
        expect((await put(created, note.bytes)).ok).toBe(true)
      })
    },

    'a send with a file': async () => ofSend({ attachmentIds: await files(world().ann, 1) }),

    'a send with 10 files': async () => ofSend({ attachmentIds: await files(world().ann, 10) }),

    'a conversation that is hidden and cleared': async () => {
      const { server, ann, crowd } = world()
      const conversationId = await gather(server.database, ann, [crowd[0]!])
      for (let count = 1; count <= 20; count++) await crowd[0]!.send(conversationId, 'Hello')
      return ofWrite(ann, 'hideConversation', { conversationId, clearHistory: true, upToSeq: 20 })
    },

    '10 conversations marked as read at once': () => ofAllRead(10),

    '30 conversations marked as read at once': () => ofAllRead(30),

    'a block': async () => {
      const { ann, crowd } = world()
      await write(ann, 'blockUser', { userId: idOf(crowd[0]!), blocked: false })
      return ofWrite(ann, 'blockUser', { userId: idOf(crowd[0]!), blocked: true })
    },

    'a page of 10 blocked people': () => ofBlocked(10),

    'a page of 50 blocked people': () => ofBlocked(50),

    'the only session': () => ofSessions(1),

    '20 sessions': () => ofSessions(20),

    'a support conversation that is opened': () => {
      const { ann } = world()
      return ofWrite(ann, 'openSupport', { title: 'Help', opKey: newKey() })
    },

    'a page of 10 of the support queue': () => ofQueue(10),

    'a page of 100 of the support queue': () => ofQueue(100),

    'a support conversation that is assigned': async () => {
      const { staff } = await atDesk()
      return ofDesk('assignSupport', { userId: null }, { userId: idOf(staff) })
    },

    'a support conversation that is resolved': () =>
      ofDesk('setSupportStatus', { status: 'OPEN' }, { status: 'RESOLVED' }),
  }

  async function ofAllRead(count: number) {
    const { server, crowd } = world()
    const document = parse('mutation { markAllRead { changedCount } }')
    const [reader] = (await signUpMany(server.database, server.url, 1)) as [Person]
    for (const other of crowd.slice(0, count)) await other.send(await gather(server.database, other, [reader]), 'Hello')
    return server.measure(async () => {
      const { markAllRead } = await reader.client.request<{ markAllRead: { changedCount: number } }, object>(
        document,
        {},
      )
      expect(markAllRead.changedCount).toBe(count)
    })
  }

  async function ofBlocked(first: number) {
    const { server, ann, crowd } = world()
    const [blocker] = (await signUpMany(server.database, server.url, 1)) as [Person]
    for (const userId of [ann, ...crowd].map(idOf)) await write(blocker, 'blockUser', { userId, blocked: true })
    return server.measure(async () => {
      const { viewer } = await blocker.client.request<{ viewer: { blockedUsers: { nodes: object[] } } }, object>(
        blockedDocument,
        { first },
      )
      expect(viewer.blockedUsers.nodes).toHaveLength(first)
    })
  }

  async function ofSessions(count: number) {
    const { server } = world()
    const [person] = (await signUpMany(server.database, server.url, 1)) as [Person]
    await server.database.query(
      `INSERT INTO sessions (id, user_id, expires_at)
       SELECT gen_random_uuid(), user_id, expires_at FROM sessions, generate_series(2, $2) WHERE user_id = $1`,
      [person.id, count],
    )
    return server.measure(async () => {
      const { viewer } = await person.client.request<{ viewer: { sessions: object[] } }, object>(sessionsDocument, {})
      expect(viewer.sessions).toHaveLength(count)
    })
  }
}
