import { beforeAll, describe, expect, test } from 'vitest'
import {
  AddMembersDocument,
  BanMemberDocument,
  CreateGroupDocument,
  ReportMessageDocument,
  ReportUserDocument,
  StartDirectDocument,
  UpdateSettingsDocument,
  type ReportMessageInput,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors } from '../testkit/api.ts'
import { runAdmin } from '../testkit/admin.ts'
import type { Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { sharedPair } from '../testkit/shared.ts'
import { makeStaff, setRole } from '../testkit/support.ts'

let pair: Pair
let urls: [string, string]
let staff: Person
let admin: Person
beforeAll(async () => {
  pair = await sharedPair()
  urls = pair.urls
  ;[staff, admin] = await Promise.all([signUp(urls[0], 'Staff'), signUp(urls[1], 'Admin')])
  await makeStaff(pair.database, staff)
  await setRole(pair.database, 'ADMIN', admin)
})

const people = (count: number): Promise<Person[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => signUp(urls[index % 2]!)))

const report = async (person: Person, messageId: string, input: Partial<ReportMessageInput> = {}) =>
  (
    await person.client.request(ReportMessageDocument, {
      input: { messageId, reason: 'SPAM', opKey: newKey(), ...input },
    })
  ).reportMessage

const first = (data: Record<string, unknown> | null | undefined) => Object.values(data ?? {})[0]
const whole = `id state reason text messageId reporter { id } reported { id } outcome note resolvedBy { id }
  evidence { text revision revisions { text revision } fileNames }`
const read = async (person: Person, id: string) =>
  first((await ask(person, `query ($id: ID!) { node(id: $id) { ... on Report { ${whole} } } }`, { id })).data)
const resolve = (person: Person, reportId: string, outcome: string, note?: string) =>
  ask(
    person,
    `mutation ($i: ResolveReportInput!) { resolveReport(input: $i) { __typename ... on Error { code reason } ... on ResolveReportSuccess { report { state outcome } } } }`,
    { i: { reportId, outcome, note } },
  )
const remove = (person: Person, messageId: string) =>
  ask(person, 'mutation ($i: RemoveMessageInput!) { removeMessage(input: $i) { __typename ... on Error { code } } }', {
    i: { messageId },
  })
const audit = async (filter: object) => {
  const query = `query ($action: String, $subjectId: ID, $actorId: ID, $conversationId: ID, $since: DateTime, $until: DateTime, $first: Int, $after: String) {
    auditLog(action: $action, subjectId: $subjectId, actorId: $actorId, conversationId: $conversationId, since: $since, until: $until, first: $first, after: $after) {
      nodes { action data actor { id } subject { id } occurredAt } pageInfo { hasNextPage endCursor } } }`
  const { data, errors } = await ask<{
    auditLog: {
      nodes: { action: string; data: Record<string, unknown>; actor: { id: string } | null; occurredAt: string }[]
      pageInfo: { hasNextPage: boolean; endCursor: string }
    }
  }>(admin, query, filter)
  expect(errors).toBeUndefined()
  return data!.auditLog
}

describe('a report', () => {
  test('keeps the message with its former texts, whatever becomes of it, and shows the staff nothing else', async () => {
    const [ann, bob] = (await people(2)) as [Person, Person]
    const id = await ann.startDirect(bob)
    await bob.send(id, 'Between us')
    const { message } = await bob.send(id, 'First words')
    await bob.edit(message.id, 'Second words')
    const key = newKey()
    const made = await report(ann, message.id, { opKey: key, text: 'Look' })
    expect(made).toMatchObject({
      report: { state: 'OPEN', text: 'Look', messageId: message.id, reported: { id: bob.id } },
    })
    if (made.__typename !== 'ReportMessageSuccess') throw new Error('no report')
    // Once, however often it is sent, by whichever process.
    expect(await report(ann.at(urls[1]), message.id, { opKey: key, text: 'Look' })).toEqual(made)
    expect(await report(ann, message.id, { opKey: key, text: 'Another' })).toMatchObject({ code: 'OP_KEY_REUSED' })
    await bob.remove(message.id)
    const evidence = {
      text: 'Second words',
      revision: 2,
      revisions: [{ text: 'First words', revision: 1 }],
      fileNames: [],
    }
    for (const person of [staff, admin]) {
      expect(await read(person, made.report.id)).toMatchObject({ evidence, reporter: { id: ann.id } })
    }
    expect(await read(ann, made.report.id)).toMatchObject({ evidence: null, note: null, text: 'Look' })
    expect(await read(bob, made.report.id)).toBeNull()
    // The conversation stays closed to the staff.
    const look = 'query ($id: ID!, $m: ID!) { conversation(id: $id) { id } node(id: $m) { id } }'
    expect((await ask(staff, look, { id, m: message.id })).data).toEqual({ conversation: null, node: null })
    expect(await report(ann, message.id)).toMatchObject({ code: 'MESSAGE_DELETED' })
    const erase = 'mutation ($id: ID!) { eraseUser(input: { userId: $id }) { __typename } }'
    expect((await ask(admin, erase, { id: bob.id })).data).toMatchObject({
      eraseUser: { __typename: 'EraseUserSuccess' },
    })
    expect(await read(staff, made.report.id)).toMatchObject({ evidence })
    const own = await ask<{ viewer: { reports: { nodes: object[] } } }>(ann, '{ viewer { reports { nodes { id } } } }')
    expect(own.data?.viewer.reports.nodes).toEqual([{ id: made.report.id }])
    expect((await audit({ subjectId: bob.id })).nodes.map(({ action }) => action)).toEqual([
      'user.erased',
      'report.made',
      'session.opened',
    ])
  })

  test('is made of what the viewer sees and of people, with a reason, and not of oneself', async () => {
    const [ann, bob, eve] = (await people(3)) as [Person, Person, Person]
    const id = await ann.startDirect(bob)
    const { message } = await bob.send(id, 'Hello')
    expect(await report(eve, message.id)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await report(staff, message.id)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await report(bob, message.id)).toMatchObject({ code: 'VALIDATION_ERROR' })
    expect(await report(ann, message.id, { reason: 'OTHER' })).toMatchObject({ code: 'VALIDATION_ERROR' })
    expect(await report(ann, message.id, { opKey: 'short' })).toMatchObject({ code: 'VALIDATION_ERROR' })
    const ofPerson = async (person: Person, userId: string) =>
      (await person.client.request(ReportUserDocument, { input: { userId, reason: 'HATE', opKey: newKey() } }))
        .reportUser
    expect(await ofPerson(ann, ann.id)).toMatchObject({ code: 'VALIDATION_ERROR' })
    expect(await ofPerson(ann, 'nonsense')).toMatchObject({ code: 'NOT_FOUND' })
    expect(await ofPerson(eve, bob.id)).toMatchObject({ report: { messageId: null, reported: { id: bob.id } } })
    // Two copies at the same moment, in two processes.
    const opKey = newKey()
    const copies = await Promise.all([0, 1, 0, 1].map((at) => report(ann.at(urls[at]!), message.id, { opKey })))
    expect(new Set(copies.map((copy) => JSON.stringify(copy))).size).toBe(1)
  })

  test('is in the queue until somebody of the staff has resolved it, who can remove the message', async () => {
    const [ann, bob] = (await people(2)) as [Person, Person]
    const id = await ann.startDirect(bob)
    const { message } = await bob.send(id, 'Bad words')
    const reader = await ann.conversationEvents(id)
    const made = await report(ann, message.id)
    if (made.__typename !== 'ReportMessageSuccess') throw new Error('no report')
    const reportId = made.report.id
    interface Page {
      nodes: { id: string }[]
      pageInfo: { hasNextPage: boolean; endCursor: string }
    }
    const ids = async (state: string | null) => {
      const found: string[] = []
      let after: string | null = null
      do {
        const query = `query ($s: ReportState, $a: String) { reports(state: $s, first: 2, after: $a) { nodes { id } pageInfo { hasNextPage endCursor } } }`
        const answer = await ask<{ reports: Page }>(staff, query, { s: state, a: after })
        const page: Page = answer.data!.reports
        found.push(...page.nodes.map((node) => node.id))
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
      } while (after !== null)
      expect(new Set(found).size).toBe(found.length)
      return found
    }
    expect(await ids('OPEN')).toContain(reportId)
    expectErrors(await ask(ann, '{ reports { nodes { id } } }'), 'FORBIDDEN')
    for (const person of [ann, bob]) {
      expect(first(await resolve(person, reportId, 'NO_ACTION').then(({ data }) => data))).toMatchObject({
        code: 'FORBIDDEN',
      })
      expect(first((await remove(person, message.id)).data)).toMatchObject({ code: 'FORBIDDEN' })
    }
    expect((await remove(staff, message.id)).data).toEqual({ removeMessage: { __typename: 'RemoveMessageSuccess' } })
    expect((await remove(admin, message.id)).data).toEqual({ removeMessage: { __typename: 'RemoveMessageSuccess' } })
    await reader.waitForCount(1)
    expect(reader.events).toMatchObject([{ __typename: 'MessageDeleted', message: { text: null } }])
    expect((await resolve(staff, reportId, 'MESSAGE_REMOVED', 'Twice now')).data).toMatchObject({
      resolveReport: { report: { state: 'RESOLVED', outcome: 'MESSAGE_REMOVED' } },
    })
    expect((await resolve(admin, reportId, 'MESSAGE_REMOVED', 'Twice now')).data).toMatchObject({
      resolveReport: { report: { state: 'RESOLVED' } },
    })
    expect((await resolve(admin, reportId, 'NO_ACTION')).data).toMatchObject({
      resolveReport: { code: 'VALIDATION_ERROR' },
    })
    expect(await ids('OPEN')).not.toContain(reportId)
    for (const state of ['RESOLVED', null]) expect(await ids(state)).toContain(reportId)
    expect(await read(ann, reportId)).toMatchObject({ outcome: 'MESSAGE_REMOVED', note: null, resolvedBy: null })
    expect(await read(staff, reportId)).toMatchObject({ note: 'Twice now', resolvedBy: { id: staff.id } })
  })
})

describe('somebody who is banned from a group', () => {
  const ban = async (person: Person, conversationId: string, userId: string, banned = true) =>
    (await person.client.request(BanMemberDocument, { input: { conversationId, userId, banned } })).banMember
  const add = async (person: Person, conversationId: string, userIds: string[]) =>
    (await person.client.request(AddMembersDocument, { input: { conversationId, userIds } })).addMembers
  const listed = (person: Person, id: string) =>
    ask<{ bans: { nodes: { user: { id: string }; by: { id: string } }[] } }>(
      person,
      'query ($id: ID!) { bans(conversationId: $id) { nodes { user { id } by { id } } } }',
      { id },
    )

  test('leaves it with an event that says so, and is added by nobody until that is taken back', async () => {
    const [owner, chief, member, bad, outsider] = (await people(5)) as [Person, Person, Person, Person, Person]
    const id = await owner.createGroup([chief, member, bad])
    const promote = `mutation ($i: SetMemberRoleInput!) { setMemberRole(input: $i) { __typename } }`
    await ask(owner, promote, { i: { conversationId: id, userId: chief.id, role: 'ADMIN' } })
    const readers = await Promise.all([member.conversationEvents(id), bad.conversationEvents(id)])
    expect(await ban(member, id, bad.id)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await ban(outsider, id, bad.id)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await ban(chief, id, owner.id)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await ban(chief, id, chief.id)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await ban(chief, id, 'nonsense')).toMatchObject({ code: 'NOT_FOUND' })
    expect(await ban(chief, id, bad.id)).toMatchObject({ __typename: 'BanMemberSuccess' })
    await ban(chief, id, bad.id)
    for (const reader of readers) await reader.waitFor(({ __typename }) => __typename === 'MemberLeft')
    expect(await readers[1].waitForEnd()).toBe('completed')
    const events = `query ($c: [StreamCursorInput!]!) { resync(cursors: $c) { streams { events { __typename ... on MemberLeft { banned user { id } by { id } } } } } }`
    const replay = await ask<{ resync: { streams: { events: { __typename: string }[] }[] } }>(member, events, {
      c: [{ streamId: id, eventSeq: 0 }],
    })
    expect(replay.data?.resync.streams[0]?.events.filter(({ __typename }) => __typename === 'MemberLeft')).toEqual([
      { __typename: 'MemberLeft', banned: true, user: { id: bad.id }, by: { id: chief.id } },
    ])
    expectErrors(await listed(bad, id), 'NOT_FOUND')
    for (const person of [owner, chief]) {
      const refused = await add(person, id, [bad.id])
      expect(refused).toMatchObject({ code: 'FORBIDDEN', reason: expect.stringContaining('banned') as string })
      expect((await listed(person, id)).data?.bans.nodes).toEqual([{ user: { id: bad.id }, by: { id: chief.id } }])
    }
    expectErrors(await listed(member, id), 'FORBIDDEN')
    expectErrors(await listed(outsider, id), 'NOT_FOUND')
    // Who never was a member can be banned as well.
    await ban(owner, id, outsider.id)
    expect(await add(owner, id, [outsider.id])).toMatchObject({ code: 'FORBIDDEN' })
    // An admin is banned by the owner.
    await ban(owner, id, chief.id)
    expect(await ban(chief, id, bad.id, false)).toMatchObject({ code: 'NOT_FOUND' })
    await ban(owner, id, bad.id, false)
    expect(await add(owner, id, [bad.id])).toMatchObject({ __typename: 'AddMembersSuccess' })
    await bad.send(id, 'Thank you')
    expect((await audit({ conversationId: id })).nodes.map(({ action }) => action)).toEqual([
      'member.unbanned',
      'member.banned',
      'member.banned',
      'member.banned',
    ])
  })
})

describe('who says from whom they take what', () => {
  const settings = (person: Person, input: object) => person.client.request(UpdateSettingsDocument, { input })
  const starting = async (person: Person, other: Person) =>
    (await person.client.request(StartDirectDocument, { input: { userId: other.id } })).startDirect
  const grouping = async (person: Person, other: Person) =>
    (
      await person.client.request(CreateGroupDocument, {
        input: { title: 'Ours', memberIds: [other.id], opKey: newKey() },
      })
    ).createGroup

  test('is written to first by nobody else, and goes on with whom they write to', async () => {
    const [ann, bob, mate] = (await people(3)) as [Person, Person, Person]
    await mate.createGroup([ann])
    await settings(ann, { directMessagesFrom: 'CONTACTS' })
    expect(await starting(bob, ann)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await starting(mate, ann)).toMatchObject({ __typename: 'StartDirectSuccess' })
    await settings(ann, { directMessagesFrom: 'NOBODY' })
    expect(await starting(bob, ann)).toMatchObject({ code: 'FORBIDDEN' })
    // What there is goes on, and what they begin themselves.
    expect(await starting(mate, ann)).toMatchObject({ __typename: 'StartDirectSuccess' })
    const id = await ann.startDirect(bob)
    await bob.send(id, 'Hello')
    await settings(ann, { directMessagesFrom: 'EVERYONE', presenceSharing: null })
    const query = '{ viewer { settings { directMessagesFrom groupAdditionsFrom readReceiptsEnabled } } }'
    expect((await ask(ann, query)).data).toEqual({
      viewer: {
        settings: { directMessagesFrom: 'EVERYONE', groupAdditionsFrom: 'EVERYONE', readReceiptsEnabled: true },
      },
    })
  })

  test('is added to groups by nobody else', async () => {
    const [ann, bob, mate] = (await people(3)) as [Person, Person, Person]
    const id = await bob.createGroup([])
    await settings(ann, { groupAdditionsFrom: 'CONTACTS' })
    // Somebody who only wrote to them is none of their contacts yet.
    await mate.send(await mate.startDirect(ann), 'Hello')
    for (const person of [bob, mate]) expect(await grouping(person, ann)).toMatchObject({ code: 'FORBIDDEN' })
    const added = await bob.client.request(AddMembersDocument, { input: { conversationId: id, userIds: [ann.id] } })
    expect(added.addMembers).toMatchObject({ code: 'FORBIDDEN' })
    await ann.send(await ann.startDirect(mate), 'Hello')
    expect(await grouping(mate, ann)).toMatchObject({ __typename: 'CreateGroupSuccess' })
    await settings(ann, { groupAdditionsFrom: 'NOBODY' })
    expect(await grouping(mate, ann)).toMatchObject({ code: 'FORBIDDEN' })
    await ann.createGroup([bob])
  })
})

describe('the audit log', () => {
  test('has logins and failures, changed roles and what the staff read, in pages and by filters, for an ADMIN alone', async () => {
    const [ann] = (await people(1)) as [Person]
    const login = 'mutation ($i: LoginInput!) { login(input: $i) { __typename } }'
    await ask(urls[0], login, { i: { handle: ann.handle, password: 'not the password' } })
    await setRole(pair.database, 'STAFF', ann)
    const open = `mutation { openSupport(input: { opKey: "${newKey()}" }) { ... on OpenSupportSuccess { conversation { id } } } }`
    const [user] = (await people(1)) as [Person]
    const { data } = await ask<{ openSupport: { conversation: { id: string } } }>(user, open)
    const id = data!.openSupport.conversation.id
    const messages = 'query ($id: ID!) { conversation(id: $id) { messages { nodes { text } } } }'
    for (let times = 0; times < 3; times++) await ask(staff, messages, { id })
    await expect.poll(async () => (await audit({ conversationId: id })).nodes.length, { timeout: 20_000 }).toBe(1)
    expect((await audit({ conversationId: id })).nodes).toMatchObject([
      { action: 'support.read', actor: { id: staff.id } },
    ])
    await expect
      .poll(async () => (await audit({ subjectId: ann.id })).nodes.map(({ action }) => action).sort(), {
        timeout: 20_000,
      })
      .toEqual(['session.opened', 'session.refused', 'user.roleChanged'])
    const changed = await audit({ subjectId: ann.id, action: 'user.roleChanged' })
    expect(changed.nodes).toMatchObject([{ data: { from: 'USER', to: 'STAFF' } }])
    const at = changed.nodes[0]!.occurredAt
    const later = new Date(Date.parse(at) + 1).toISOString()
    expect(
      (await audit({ subjectId: ann.id, action: 'user.roleChanged', since: at, until: later })).nodes,
    ).toHaveLength(1)
    expect((await audit({ subjectId: ann.id, action: 'user.roleChanged', since: later })).nodes).toHaveLength(0)
    expect((await audit({ subjectId: ann.id, action: 'user.roleChanged', until: at })).nodes).toHaveLength(0)
    const page = await audit({ subjectId: ann.id, first: 2 })
    expect(page.pageInfo.hasNextPage).toBe(true)
    expect((await audit({ subjectId: ann.id, first: 2, after: page.pageInfo.endCursor })).nodes).toHaveLength(1)
    for (const person of [ann, staff, user])
      expectErrors(await ask(person, '{ auditLog { nodes { action } } }'), 'FORBIDDEN')
  })

  test('is changed by nobody, and a change made in spite of that is found', async () => {
    const { database } = pair
    await expect(database.query("UPDATE audit_log SET action = 'x'")).rejects.toThrow('append-only')
    await expect(database.query('DELETE FROM audit_log')).rejects.toThrow('append-only')
    await expect(database.query('TRUNCATE audit_log')).rejects.toThrow('append-only')
    await expect(database.query('UPDATE audit_head SET seq = 0')).rejects.toThrow('append-only')
    await expect(database.query('DELETE FROM audit_head')).rejects.toThrow('append-only')
    const check = () => runAdmin(database.url, 'audit-check')
    expect(await check()).toMatchObject({ code: 0, output: expect.stringMatching(/whole: \d+ entries/) as string })
    // Retention takes the oldest, and the rest still fits.
    const [{ count }] = (await database.query<{ count: number }>(
      "SELECT parley_audit_retire(now() + interval '1 hour', 2) AS count",
    )) as [{ count: number }]
    expect(count).toBe(2)
    expect(await check()).toMatchObject({ code: 0 })
    const [entry] = await database.query<{ seq: string; action: string }>(
      'SELECT seq, action FROM audit_log ORDER BY seq OFFSET 1 LIMIT 1',
    )
    const change = async (action: string) => {
      await database.query('ALTER TABLE audit_log DISABLE TRIGGER ALL')
      await database.query('UPDATE audit_log SET action = $2 WHERE seq = $1', [entry!.seq, action])
      await database.query('ALTER TABLE audit_log ENABLE TRIGGER ALL')
    }
    await change('nothing.happened')
    expect(await check()).toMatchObject({ code: 1, output: expect.stringContaining(`entry ${entry!.seq} `) as string })
    await change(entry!.action)
    expect(await check()).toMatchObject({ code: 0 })
  })
})
