import { beforeAll, expect, test } from 'vitest'
import { AddMembersDocument, RemoveMemberDocument } from '../../sdk/src/generated/graphql.ts'
import { ask, askSocket, expectErrors } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { pageOf, readAfter, resyncAfter, type TokenEvent } from '../testkit/token-reader.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair({ env: { RING_EVENTS: '8' } })
})

const people = async (): Promise<[Person, Person, Person]> => {
  const [a, b] = pair.urls
  return [await signUp(a), await signUp(b), await signUp(a)]
}

/** Of the events that these people did in a row, those of this stream, as numbers. */
const seqsOf = (events: readonly TokenEvent[], streamId: string) =>
  events.filter(({ cursor }) => cursor.streamId === streamId).map(({ cursor }) => cursor.eventSeq)

const add = (host: Person, conversationId: string, ...added: Person[]) =>
  host.client.request(AddMembersDocument, { input: { conversationId, userIds: added.map(({ id }) => id) } })
const remove = (host: Person, conversationId: string, { id: userId }: Person) =>
  host.client.request(RemoveMemberDocument, { input: { conversationId, userId } })

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** All events of a stream from here on, as the log has them. */
async function logOf(conversationId: string): Promise<number> {
  const [row] = await pair.database.query<{ head: number }>(
    'SELECT head_event_seq AS head FROM conversations WHERE id = $1',
    [keyOf(conversationId)],
  )
  return row!.head
}

test('who loads 25 of 30 conversations and comes back with its token gets what came to the 30th', async () => {
  const [reader, writer] = await people()
  const conversations: string[] = []
  for (const nth of oneTo(30)) conversations.push(await writer.createGroup([reader], `Group ${nth}`))
  const { resume, nodes } = await pageOf(reader)
  expect(nodes).toHaveLength(25)
  const unseen = conversations[0]!
  expect(nodes.map(({ conversation }) => conversation.id)).not.toContain(unseen)
  const head = await logOf(unseen)
  await writer.send(unseen, 'To the 30th')
  const other = conversations[29]!
  await writer.send(other, 'To the first')

  const { streams, resume: next } = await resyncAfter(reader, { resume })
  expect(streams.map(({ streamId }) => streamId).sort()).toEqual([unseen, other].sort())
  expect(streams.every(({ hasMore }) => !hasMore)).toBe(true)
  const told = streams.flatMap(({ events }) => events)
  expect(seqsOf(told, unseen)).toEqual([head + 1])
  expect((await resyncAfter(reader, { resume: next })).streams).toEqual([])

  for (const url of pair.urls) {
    const live = await readAfter(reader.at(url), resume)
    await live.waitForCount(2)
    expect(seqsOf(live.events, unseen)).toEqual([head + 1])
    live.cut()
  }
  const live = await readAfter(reader, next)
  await writer.send(unseen, 'Afterwards')
  await live.waitForCount(1)
  expect(live.events.map(({ cursor }) => cursor.eventSeq)).toEqual([head + 2])
})

test('conversations joined, left, and left and joined again while away', async () => {
  const [reader, host, third] = await people()
  const stays = await host.createGroup([reader, third])
  const leaves = await host.createGroup([reader, third])
  const returns = await host.createGroup([reader, third])
  const both = await host.createGroup([third])
  const { resume } = await pageOf(reader)
  const [staysAt, returnsAt] = [await logOf(stays), await logOf(returns)]

  await host.send(leaves, 'Before leaving')
  await remove(host, leaves, reader)
  await host.send(leaves, 'Not for them any more')
  await host.send(returns, 'Before leaving')
  await remove(host, returns, reader)
  await host.send(returns, 'While they are out')
  await add(host, returns, reader)
  const joins = await host.createGroup([third])
  await host.send(joins, 'Before joining')
  const joinsAt = await logOf(joins)
  await add(host, joins, reader)
  await host.send(joins, 'After joining')
  await add(host, both, reader)
  await remove(host, both, reader)
  await host.send(stays, 'All the time')

  const expected = async (told: readonly TokenEvent[]) => {
    expect(seqsOf(told, stays)).toEqual([staysAt + 1])
    expect(seqsOf(told, joins)).toEqual(oneTo((await logOf(joins)) - joinsAt).map((nth) => joinsAt + nth))
    expect(seqsOf(told, returns)).toEqual(oneTo((await logOf(returns)) - returnsAt).map((nth) => returnsAt + nth))
    // Nothing of what they are not in any more, but that.
    const left = told.filter((event) => event.streamId === leaves || event.cursor.streamId === leaves)
    expect(left).toMatchObject([{ __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' }])
    // They may have read what they joined before they left it.
    const ofBoth = told.filter((event) => event.streamId === both || event.cursor.streamId === both)
    expect(ofBoth).toMatchObject([{ __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' }])
    expect(told.filter(({ __typename }) => __typename === 'InboxEntryChanged')).toHaveLength(6)
  }
  const { streams, resume: next } = await resyncAfter(reader, { resume })
  await expected(streams.flatMap(({ events }) => events))
  expect((await resyncAfter(reader, { resume: next })).streams).toEqual([])
  for (const url of pair.urls) {
    const live = await readAfter(reader.at(url), resume)
    await host.send(stays, 'The last one')
    for (const conversation of [stays, returns, joins]) {
      const last = await logOf(conversation)
      await live.waitFor(({ cursor }) => cursor.streamId === conversation && cursor.eventSeq === last)
    }
    const changeCount = () => live.events.filter(({ __typename }) => __typename === 'InboxEntryChanged').length
    await live.waitFor(() => changeCount() === 6)
    await live.waitFor(({ streamId }) => streamId === leaves)
    await expected(live.events.filter(({ cursor }) => !(cursor.streamId === stays && cursor.eventSeq > staysAt + 1)))
    live.cut()
  }
})

test('who left and joined again while away is told all in between, also in small parts', async () => {
  const [reader, host, third] = await people()
  const group = await host.createGroup([reader, third])
  const other = await host.createGroup([reader])
  const { resume, nodes } = await pageOf(reader)
  const start = await logOf(group)
  for (const nth of oneTo(2)) await host.send(group, `Before leaving, ${nth}`)
  await remove(host, group, reader)
  await host.send(group, 'While they are out')
  const out = await logOf(group)
  await add(host, group, reader)
  for (const conversation of [group, other]) await host.send(conversation, 'They are back')
  const all = oneTo((await logOf(group)) - start).map((nth) => start + nth)
  const isAtEnd = (told: TokenEvent[]) => seqsOf(told, group).at(-1) === all.at(-1)
  // Who comes back right after word of their leaving goes on from where they joined.
  const theirs = (told: TokenEvent[]) => seqsOf(told, group).filter((seq) => seq !== out)

  const inParts: TokenEvent[] = []
  for (let next = resume; !isAtEnd(inParts) && inParts.length < 20;) {
    const answer = await resyncAfter(reader, { resume: next, limit: 1 })
    inParts.push(...answer.streams.flatMap(({ events }) => events))
    next = answer.resume
  }
  expect(theirs(inParts)).toEqual(all.filter((seq) => seq !== out))

  const cursors = nodes.map(({ conversation }) => conversation.cursor)
  for (const beginning of [{ resume }, { resume: null, after: cursors }]) {
    const told: TokenEvent[] = []
    let live = await readAfter(reader, beginning.resume, beginning.after)
    while (!isAtEnd(told) && told.length < 20) {
      const [event] = await live.waitForCount(1)
      told.push(event!)
      live.cut()
      live = await readAfter(reader, event!.resume)
    }
    live.cut()
    expect(theirs(told)).toEqual(all.filter((seq) => seq !== out))
  }
})

test('who leaves while they catch up in parts, and comes back before that is done, is told', async () => {
  const [reader, host] = await people()
  const groups: string[] = []
  for (const nth of oneTo(6)) groups.push(await host.createGroup([reader], `Group ${nth}`))
  const { resume } = await pageOf(reader)
  // Streams are told in the order of their ids, and the newest id is the greatest.
  const last = groups.at(-1)!
  const start = await logOf(last)
  for (const group of groups) for (const nth of oneTo(3)) await host.send(group, `Message ${nth}`)
  const first = await resyncAfter(reader, { resume, limit: 1 })
  const told = first.streams.flatMap(({ events }) => events)
  expect(seqsOf(told, last)).toEqual([])

  await remove(host, last, reader)
  const second = await resyncAfter(reader, { resume: first.resume, limit: 1_000 })
  await add(host, last, reader)
  told.push(...second.streams.flatMap(({ events }) => events))
  for (let next = second; next.streams.some(({ hasMore }) => hasMore);) {
    next = await resyncAfter(reader, { resume: next.resume })
    told.push(...next.streams.flatMap(({ events }) => events))
  }
  const ofLast = told.filter((event) => [event.streamId, event.cursor.streamId].includes(last))
  expect(ofLast[0]).toMatchObject({ __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' })
  expect(start).toBeLessThan(await logOf(last))
  for (const group of groups.slice(0, -1)) expect(seqsOf(told, group)).toHaveLength(3)
})

test('a token of somebody else, or one that was altered, gives nothing but word that all is to be read anew', async () => {
  const [reader, writer, stranger] = await people()
  const ours = await writer.createGroup([reader])
  const theirs = await writer.createGroup([stranger])
  const { resume } = await pageOf(reader)
  const { resume: strange } = await pageOf(stranger)
  await writer.send(ours, 'Ours')
  await writer.send(theirs, 'Theirs')
  const at = Math.floor(resume.length / 2)
  const altered = resume.slice(0, at) + (resume[at] === 'A' ? 'B' : 'A') + resume.slice(at + 1)
  const personal = (await resyncAfter(reader, { cursors: [] })).viewerCursor.streamId
  for (const token of [strange, altered, `${resume}A`]) {
    const { streams, resume: next } = await resyncAfter(reader, { resume: token })
    expect(streams.map(({ streamId }) => streamId).sort()).toEqual([ours, personal].sort())
    for (const { events } of streams) {
      expect(events).toMatchObject([{ __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' }])
    }
    expect((await resyncAfter(reader, { resume: next })).streams).toEqual([])
    const live = await readAfter(reader, token)
    const told = await live.waitForCount(2)
    expect(told.map(({ streamId }) => streamId).sort()).toEqual([ours, personal].sort())
    expect(told.every(({ reason }) => reason === 'UNKNOWN_CURSOR')).toBe(true)
    const head = await logOf(ours)
    await writer.send(ours, 'Afterwards')
    expect((await live.waitForCount(3))[2]!.cursor).toMatchObject({ streamId: ours, eventSeq: head + 1 })
    live.cut()
  }
})

test('what never was a token is refused', async () => {
  const [reader] = await people()
  for (const resume of [
    '',
    'x',
    'not a token',
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'r1'.padEnd(70_000, 'A'),
  ]) {
    const subscription = 'subscription ($resume: String) { inboxEvents(resume: $resume) { occurredAt } }'
    expectErrors(await askSocket(reader, subscription, { resume }), 'VALIDATION_ERROR')
    expectErrors(
      await ask(reader, 'query ($resume: String) { resync(resume: $resume) { resume } }', { resume }),
      'VALIDATION_ERROR',
    )
  }
})

test('single streams go on from where they are named, beside the token', async () => {
  const [reader, writer] = await people()
  const [one, other] = [await writer.createGroup([reader]), await writer.createGroup([reader])]
  const before = await logOf(one)
  await writer.send(one, 'Once')
  const { resume } = await pageOf(reader)
  await writer.send(other, 'Twice')
  const cursors = [{ streamId: one, eventSeq: before }]
  const { streams } = await resyncAfter(reader, { resume, cursors })
  expect(
    seqsOf(
      streams.flatMap(({ events }) => events),
      one,
    ),
  ).toEqual([before + 1])
  expect(streams).toHaveLength(2)
  const live = await readAfter(reader, resume, cursors)
  await live.waitForCount(2)
  expect(seqsOf(live.events, one)).toEqual([before + 1])
  const stranger = await signUp(pair.urls[0])
  const strange = await stranger.createGroup([writer])
  const query =
    'query ($cursors: [StreamCursorInput!]!, $resume: String) { resync(cursors: $cursors, resume: $resume) { resume } }'
  expectErrors(await ask(reader, query, { resume, cursors: [{ streamId: strange, eventSeq: 0 }] }), 'NOT_FOUND')
})

test('a resync that cannot tell all says so, and goes on where it stopped until all was told once', async () => {
  const [reader, writer] = await people()
  const { resume } = await pageOf(reader)
  const conversations: string[] = []
  for (const nth of oneTo(12)) {
    const conversation = await writer.createGroup([reader], `Group ${nth}`)
    for (let count = nth % 3 === 0 ? 1 : 7; count > 0; count--) await writer.send(conversation, `Message ${count}`)
    conversations.push(conversation)
  }
  const told: TokenEvent[] = []
  let token = resume
  for (let round = 1; ; round++) {
    expect(round).toBeLessThan(40)
    const answer = await resyncAfter(reader, { resume: token, limit: 3 })
    told.push(...answer.streams.flatMap(({ events }) => events))
    expect(answer.resume.length).toBeLessThanOrEqual(300)
    token = answer.resume
    if (!answer.streams.some(({ hasMore }) => hasMore)) break
    // Written meanwhile.
    if (round === 2) await writer.send(conversations[0]!, 'Meanwhile')
  }
  for (const conversation of conversations) expect(seqsOf(told, conversation)).toEqual(oneTo(await logOf(conversation)))
})
