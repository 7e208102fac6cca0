import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Bus } from '../../../src/bus/bus.ts'
import { topics } from '../../../src/bus/topics.ts'
import { createAppend } from '../../../src/log/append.ts'
import type { Hub } from '../../../src/log/hub.ts'
import { fromPayload, markOf, seqOf, toPayload } from '../../../src/log/payload.ts'
import type { LogEvent } from '../../../src/store/log-event.ts'
import type { Outcome, Write } from '../../../src/store/writing/outcomes.ts'
import { FakeLog, streamId } from '../../testkit/log.ts'

/** Appends one event, and answers what the hub and the bus were handed. */
async function announcedBy(isShared: boolean) {
  const event = new FakeLog().append()
  const offered: LogEvent[] = []
  const published: { topic: string; payload: string }[] = []
  const bus: Partial<Bus> = {
    isShared,
    publish: (topic, payload) => {
      published.push({ topic, payload })
      return Promise.resolve()
    },
  }
  const append = createAppend({
    write: (() => Promise.resolve<Outcome>({ outcome: 'ACCEPTED', events: [event] })) as unknown as Write,
    bus: bus as Bus,
    hub: { offer: (each: LogEvent) => offered.push(each) } as Partial<Hub> as Hub,
    logger: pino({ level: 'silent' }),
    deskMoved: () => undefined,
    afterCommit: () => undefined,
  })
  await append({ type: 'renameConversation', actorId: 'ann', conversationId: streamId, title: 'New' })
  await new Promise((resolve) => setImmediate(resolve))
  return { event, offered, published }
}

test('a committed event goes to the readers of this process, and over the bus to those of others', async () => {
  const { event, offered, published } = await announcedBy(true)
  expect(offered).toEqual([event])
  expect(published.map(({ topic }) => topic)).toEqual([topics.stream(streamId)])
  expect(fromPayload(published[0]!.payload)).toEqual(event)
})

test('a process without others announces nothing to them', async () => {
  const { event, offered, published } = await announcedBy(false)
  expect(offered).toEqual([event])
  expect(published).toEqual([])
})

test('the number of an event is known without parsing it, whatever its fields are ordered like', () => {
  const { seq, ...rest } = { ...new FakeLog().append(), seq: 1_234_567 }
  expect(seqOf(toPayload({ ...rest, seq }))).toBe(seq)
  // What a process of another version may publish is parsed like anything else.
  expect(markOf(toPayload({ ...rest, seq }))).toBe(rest.mark)
  expect(seqOf(JSON.stringify({ ...rest, seq }))).toBe(0)
  expect(markOf(JSON.stringify({ seq, ...rest }))).toBeNull()
  for (const payload of ['', '{"seq":', '{"seq":null}', '{"seq":"5"}', 'seq']) expect(seqOf(payload)).toBe(0)
})
