import { beforeAll, describe, expect, test } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

interface PageInfo {
  hasNextPage: boolean
  hasPreviousPage: boolean
  startCursor: string | null
  endCursor: string | null
}
interface Connection {
  edges: { cursor: string; node: { key: string } }[]
  pageInfo: PageInfo
}

let server: ServerProcess
/** Asks the questions; all others' names begin with Paging. */
let ann: Person
let people: Person[]
/** Of Ann and all the others, in the order of her inbox. */
let groups: string[]
let message: string

beforeAll(async () => {
  ;({ server } = await sharedServer())
  ann = await signUp(server.url, 'Ann')
  people = await Promise.all(['A', 'B', 'C', 'D', 'E'].map((name) => signUp(server.url, `Paging ${name}`)))
  groups = []
  for (const name of ['5', '4', '3', '2', '1']) groups.unshift(await ann.createGroup(people, name))
  for (let index = 0; index < 5; index++) message = (await ann.send(groups[0]!, 'Hello')).message.id
  for (const person of people) await person.markRead(groups[0]!, 5)
})

const page = 'edges { cursor node { key: KEY } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'
const fields = (key: string) => page.replace('KEY', key)
const lists: Record<string, [query: (args: string) => string, at: string, backward: boolean]> = {
  inbox: [(args) => `{ list: inbox${args} { edges { cursor node { conversation { key: id } } } ${fields('id').slice(fields('id').indexOf('pageInfo'))} } }`, 'list', true],
  messages: [(args) => `{ c: conversation(id: "${groups[0]!}") { list: messages${args} { ${fields('id')} } } }`, 'c', true],
  members: [(args) => `{ c: conversation(id: "${groups[0]!}") { list: members${args} { ${fields('role')} } } }`, 'c', false],
  readBy: [(args) => `{ c: node(id: "${message}") { ... on Message { list: readBy${args} { ${fields('readAt')} } } } }`, 'c', false],
  searchUsers: [(args) => `{ list: searchUsers${args.replace('(', '(query: "paging", ').replace(/^$/, '(query: "paging")')} { ${fields('id')} } }`, 'list', false],
} // prettier-ignore

const read = async (name: string, args: string): Promise<Connection> => {
  const [query, at] = lists[name]!
  const { data, errors } = await ask<Record<string, { list: Connection } | Connection>>(ann, query(args))
  expect(errors, JSON.stringify(errors)).toBeUndefined()
  return at === 'c' ? (data!.c as { list: Connection }).list : (data!.list as Connection)
}

describe.each(Object.keys(lists))('a page of %s', (name) => {
  const backward = lists[name]![2]

  test('says what is before and after it, wherever it is cut', async () => {
    const all = await read(name, '')
    const cursors = all.edges.map(({ cursor }) => cursor)
    expect(cursors.length).toBeGreaterThanOrEqual(5)
    expect(all.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
    for (const [index, cursor] of cursors.entries()) {
      const after = await read(name, `(first: 2, after: "${cursor}")`)
      expect(after.edges.map((edge) => edge.cursor)).toEqual(cursors.slice(index + 1, index + 3))
      expect(after.pageInfo.hasNextPage).toBe(index + 3 < cursors.length)
      expect(after.pageInfo.hasPreviousPage).toBe(true)
      if (!backward) continue
      const before = await read(name, `(last: 2, before: "${cursor}")`)
      expect(before.edges.map((edge) => edge.cursor)).toEqual(cursors.slice(Math.max(0, index - 2), index))
      expect(before.pageInfo.hasPreviousPage).toBe(index - 2 > 0)
      expect(before.pageInfo.hasNextPage).toBe(true)
    }
  })

  test('of no rows says whether there are any', async () => {
    const nothing = { startCursor: null, endCursor: null }
    expect(await read(name, '(first: 0)')).toEqual({
      edges: [],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, ...nothing },
    })
    const { edges } = await read(name, '')
    expect(await read(name, `(first: 0, after: "${edges.at(-1)!.cursor}")`)).toEqual({
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, ...nothing },
    })
    if (!backward) return
    expect(await read(name, '(last: 0)')).toEqual({
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, ...nothing },
    })
  })

  test('begins after cursors that are written as they were given, and no other', async () => {
    const { edges } = await read(name, '')
    const { cursor } = edges[1]!
    for (const almost of [`${cursor}=`, `${cursor}!`, ` ${cursor}`, `${cursor}\\n`]) {
      expectErrors(await ask(ann, lists[name]![0](`(first: 2, after: "${almost}")`)), 'VALIDATION_ERROR')
    }
  })
})

describe('a page whose cursor’s own row is gone', () => {
  test('says nothing of it: an inbox after leaving', async () => {
    const lone = await signUp(server.url, 'Lone')
    const mine: string[] = []
    for (const name of ['a', 'b', 'c']) mine.unshift(await lone.createGroup([], name))
    const query = `query ($last: Int, $before: String, $first: Int, $after: String) {
      inbox(last: $last, before: $before, first: $first, after: $after) {
        edges { cursor node { conversation { id } } } pageInfo { hasNextPage hasPreviousPage } } }`
    interface Inbox {
      inbox: { edges: { cursor: string; node: { conversation: { id: string } } }[]; pageInfo: PageInfo }
    }
    const inbox = async (variables: object) => (await ask<Inbox>(lone, query, variables)).data!.inbox
    const { edges } = await inbox({ first: 10 })
    expect(edges.map(({ node }) => node.conversation.id)).toEqual(mine)
    const leave = 'mutation ($input: LeaveConversationInput!) { leaveConversation(input: $input) { __typename } }'
    await ask(lone, leave, { input: { conversationId: mine[2] } })
    expect((await inbox({ last: 2, before: edges[2]!.cursor })).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
    })
    expect((await inbox({ last: 1, before: edges[1]!.cursor })).pageInfo.hasNextPage).toBe(true)
    await ask(lone, leave, { input: { conversationId: mine[0] } })
    const after = await inbox({ first: 2, after: edges[0]!.cursor })
    expect(after.edges).toHaveLength(1)
    expect(after.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false })
  })

  test('says nothing of it: members when the first ones left', async () => {
    const [one] = people
    const id = await ann.createGroup([one!])
    const query = `query ($id: ID!, $after: String) { conversation(id: $id) { members(first: 1, after: $after) {
      edges { cursor node { user { id } } } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`
    interface Data {
      conversation: { members: { edges: { node: { user: { id: string } } }[]; pageInfo: PageInfo } }
    }
    const members = async (after: string | null) =>
      (await ask<Data>(ann, query, { id, after })).data!.conversation.members
    const first = await members(null)
    if (first.edges[0]!.node.user.id !== one!.id) {
      // Both joined in the same moment, and the ids decide: then Ann is first, and stays.
      expect((await members(first.pageInfo.endCursor)).pageInfo.hasPreviousPage).toBe(true)
      return
    }
    const remove = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { __typename } }'
    await ask(ann, remove, { input: { conversationId: id, userId: one!.id } })
    expect((await members(first.pageInfo.endCursor)).pageInfo).toMatchObject({
      hasNextPage: false,
      hasPreviousPage: false,
    })
  })
})

test('ids that are not quite ids are those of nothing', async () => {
  const query = 'query ($id: ID!) { node(id: $id) { id } conversation(id: $id) { id } }'
  const good = groups[0]!
  for (const almost of [`${good}=`, `${good}==`, `${good}!`, ` ${good}`, `${good} `, `${good}\n`, `${good}A`]) {
    expect((await ask(ann, query, { id: almost })).data, almost).toEqual({ node: null, conversation: null })
    const input = { conversationId: almost, seq: 1 }
    const markRead = 'mutation ($input: MarkReadInput!) { markRead(input: $input) { __typename } }'
    expect((await ask(ann, markRead, { input })).data, almost).toEqual({ markRead: { __typename: 'NotFoundError' } })
  }
})
