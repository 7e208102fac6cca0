import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { AddMembersDocument, RemoveMemberDocument, ViewerDocument } from '../../sdk/src/generated/graphql.ts'
import { expectWholeChain } from '../testkit/chain.ts'
import { effort } from '../testkit/effort.ts'
import { InboxClient } from '../testkit/inbox-client.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { expectType, signUp, type Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { readFresh, Replica } from '../testkit/replica.ts'
import type { Shown } from '../testkit/shown.ts'
import { keepActing, Talk } from '../testkit/traffic.ts'

let pair: Pair
const cuts = effort(50, 15)

// A small ring: after a cut the reader is sometimes served from memory and sometimes from the log.
beforeAll(async () => {
  pair = await startPair({ env: { RING_EVENTS: '8' } })
})

const WholeInboxDocument = parse(/* GraphQL */ `
  query WholeInbox {
    viewer {
      cursor {
        streamId
        eventSeq
        mark
      }
    }
    inbox(first: 100, filter: ALL) {
      nodes {
        conversation {
          id
        }
      }
    }
  }
`) as TypedDocumentNode<
  {
    viewer: { cursor: { streamId: string; eventSeq: number; mark: string } }
    inbox: { nodes: { conversation: { id: string } }[] }
  },
  Record<string, never>
>

async function signUpFour(): Promise<[Person, Person, Person, Person]> {
  const [a, b] = pair.urls
  return Promise.all([signUp(a), signUp(b), signUp(a), signUp(b)])
}

test(`a subscriber of a conversation cut off ${cuts} times gets every event once, in order, and ends with the state of a fresh read`, async () => {
  await withRandom(async (random) => {
    const [reader, ...writers] = await signUpFour()
    const talk = new Talk(await writers[0].createGroup([reader, ...writers.slice(1)]))
    await talk.send(reader)
    const replica = (await Replica.read(reader, talk.conversationId))!
    const from = replica.eventSeq
    const received: number[] = []
    const stop = keepActing(writers, (writer) => talk.act(random, writer))

    let position = { eventSeq: from, mark: replica.mark }
    const readFrom = (round: number) =>
      reader.at(pair.urls[round % 2]!).conversationEvents(talk.conversationId, position, true)
    for (let round = 0; round < cuts; round++) {
      const live = await readFrom(round)
      // Now and then at once, before anything came.
      await live.waitForCount(random.below(4) * random.below(8))
      live.cut()
      for (const event of live.events) {
        if (event.__typename === 'SnapshotRequired') throw new Error(`lost its place: ${JSON.stringify(event)}`)
        position = event.cursor
        received.push(position.eventSeq)
        replica.apply(event)
      }
    }
    await stop()
    await talk.send(writers[0])
    const fresh = (await readFresh(reader, talk.conversationId))!
    const last = await readFrom(cuts)
    for (const event of await last.waitForCount(fresh.eventSeq - position.eventSeq)) {
      if ('cursor' in event) received.push(event.cursor.eventSeq)
      replica.apply(event)
    }
    expect(received).toEqual(Array.from({ length: fresh.eventSeq - from }, (_, index) => from + 1 + index))
    expect(replica.state(fresh)).toEqual(fresh)
  })
})

test(`an inbox cut off ${cuts} times, with conversations joined, left and rejoined meanwhile, ends with the state of a fresh read`, async () => {
  await withRandom(async (random) => {
    const [reader, ...writers] = await signUpFour()
    const [host, ...others] = writers
    const talks = await Promise.all([0, 1, 2].map(async () => new Talk(await host.createGroup([reader, ...others]))))
    talks.push(new Talk(await reader.startDirect(host)))
    const client = new InboxClient(reader.id)
    const { viewer } = await reader.client.request(ViewerDocument, {})
    await client.start(
      reader,
      viewer.cursor,
      talks.map(({ conversationId }) => conversationId),
    )

    const [direct, ...groups] = [talks.at(-1)!, ...talks.slice(0, -1)]
    const joinable: Talk[] = []
    // The host alone changes who is in which group, so that these few steps need no lock.
    const changeMembership = async () => {
      const choice = random.below(3)
      if (choice === 0 && joinable.length < 6) {
        const talk = new Talk(await host.createGroup(random.below(2) ? [reader, ...others] : others))
        joinable.push(talk)
        return
      }
      const talk = random.pick([...groups, ...joinable])
      const input = { conversationId: talk.conversationId }
      if (choice === 1) await host.client.request(RemoveMemberDocument, { input: { ...input, userId: reader.id } })
      else {
        const { addMembers } = await host.client.request(AddMembersDocument, {
          input: { ...input, userIds: [reader.id] },
        })
        expectType(addMembers, 'AddMembersSuccess')
      }
    }
    const stop = keepActing(writers, async (writer) => {
      if (writer === host && random.below(5) === 0) return changeMembership()
      if (writer === host && random.below(5) === 0) return direct.act(random, host)
      return random.pick([...groups, ...joinable]).act(random, writer)
    })
    for (let round = 0; round < cuts; round++) {
      const place = reader.at(pair.urls[round % 2]!)
      await client.connect(place)
      await client.take(place, random.below(4) * random.below(8))
      client.cut()
    }
    await stop()
    await host.createGroup([reader])

    const { viewer: now, inbox } = await reader.client.request(WholeInboxDocument, {})
    const fresh: Record<string, Shown> = {}
    for (const { conversation } of inbox.nodes) {
      fresh[conversation.id] = (await readFresh(reader, conversation.id))!
    }
    const place = reader.at(pair.urls[0])
    await client.connect(place)
    const places = Object.entries(fresh).map(([streamId, { eventSeq }]) => ({ streamId, eventSeq }))
    await client.catchUp(place, [now.cursor, ...places])
    expect(client.state(fresh)).toEqual(fresh)
  })
})

test('conversations joined while the inbox was cut off are told from where they were joined, by the personal cursor alone', async () => {
  const [reader, host, other] = await signUpFour()
  const old = await host.createGroup([other])
  await host.send(old, 'Before the reader came')
  const { viewer } = await reader.client.request(ViewerDocument, {})

  const created = await host.createGroup([reader])
  await host.send(created, 'One')
  await host.client.request(AddMembersDocument, { input: { conversationId: old, userIds: [reader.id] } })
  await host.send(old, 'Two')
  await host.send(created, 'Three')
  for (const url of pair.urls) {
    const inbox = await reader.at(url).inboxEvents([viewer.cursor])
    await host.send(created, 'Live')
    await inbox.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Live')
    await inbox.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Two')
    const of = (streamId: string) =>
      inbox.events.flatMap((event) => ('cursor' in event && event.cursor.streamId === streamId ? [event] : []))
    expect(of(viewer.cursor.streamId).map((event) => 'cursor' in event && event.cursor.eventSeq)).toEqual([1, 2])
    expect(of(old)).toMatchObject([
      { __typename: 'MemberJoined', cursor: { eventSeq: 2 } },
      { __typename: 'MessageSent', cursor: { eventSeq: 3 } },
    ])
    const seqs = of(created).map(({ cursor }) => cursor.eventSeq)
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1))
    inbox.cut()
  }
})

test('each event of all this names the one before it', () => expectWholeChain(pair.database))
