import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { isClean, judge, type Ack, type History, type Segment } from '../chaos/verdict.ts'

const root = join(import.meta.dirname, '../..')
const seed = 7
const seconds = 30
const runTimeoutMs = 300_000
const ends: (() => void)[] = []

afterAll(() => {
  for (const end of ends) end()
})

test(
  `${seconds} seconds of faults of all kinds lose, repeat and reorder nothing`,
  { timeout: runTimeoutMs },
  async () => {
    // A program of its own, which ends what it started itself.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
    const args = ['--import', 'tsx', 'tests/chaos/run.ts', '--seconds', String(seconds), '--seed', String(seed)]
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    ends.push(() => child.kill('SIGTERM'))
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(code, output).toBe(0)
    const line = output.split('\n').find((text) => text.startsWith('{"clean"')) ?? '{}'
    const result = JSON.parse(line) as Record<string, number>
    expect(result).toMatchObject({ clean: true, seed, lost: 0, repeated: 0, reordered: 0, mismatches: 0 })
    // Enough happened for the verdict to mean something, also on a slow machine.
    expect(result.writesAcknowledged).toBeGreaterThan(10 * seconds)
    expect(result.eventsDelivered).toBeGreaterThan(100 * seconds)
    expect(result.faults).toBeGreaterThanOrEqual(4)
  },
)

describe('the verdict', () => {
  const streamId = 'stream'
  const ack = (key: string, eventSeq: number, change: Partial<Ack> = {}): Ack => ({
    who: 'ann',
    key,
    kind: 'send',
    streamId,
    eventSeq,
    messageSeq: eventSeq,
    attempts: 1,
    outcome: 'ACCEPTED',
    text: `text of ${key}`,
    ...change,
  })
  const segment = (seen: number[], change: Partial<Segment> = {}): Segment => ({
    after: 0,
    snapshotSeq: 0,
    seen,
    end: 'open',
    ...change,
  })
  const stored = (key: string, seq: number) => ({
    events: { who: 'ann', key, streamId, eventSeq: seq, messageSeq: seq },
    messages: { who: 'ann', key, streamId, seq, text: `text of ${key}`, revision: 1 },
  })

  /** Three messages, answered and read by one reader; then whatever a test changes. */
  function historyWith(change: (history: History) => void): History {
    const rows = [stored('a', 1), stored('b', 2), stored('c', 3)]
    const history: History = {
      acks: [ack('a', 1), ack('b', 2, { attempts: 2, outcome: 'DUPLICATE' }), ack('c', 3)],
      readers: [{ name: 'bob', who: 'bob', streams: [{ streamId, segments: [segment([1, 2, 3])] }] }],
      runs: [
        { name: 'events of stream', head: 3, count: 3, least: 1, greatest: 3 },
        { name: 'messages of conversation', head: 3, count: 3, least: 1, greatest: 3 },
      ],
      heads: [{ streamId, head: 3 }],
      events: rows.map((row) => row.events),
      messages: rows.map((row) => row.messages),
      leavings: [],
      kinds: new Map(),
      states: [{ name: 'bob', known: '{"1":"text"}', fresh: '{"1":"text"}' }],
      positions: [{ name: 'bob', lastReadSeqs: [1, 1, 3] }],
      unexpected: [],
    }
    change(history)
    return history
  }
  const segmentsOf = (history: History) => history.readers[0]!.streams[0]!.segments
  const verdictOn = (change: (history: History) => void) => {
    const { details, ...counts } = judge(historyWith(change))
    return { ...counts, said: details.join('\n') }
  }
  const saw = (...seen: number[]) =>
    verdictOn((history) => (history.readers[0]!.streams[0]!.segments = [segment(seen)]))
  const none = { lost: 0, repeated: 0, reordered: 0, mismatches: 0 }

  test('finds nothing where nothing is wrong', () => {
    const verdict = judge(historyWith(() => undefined))
    expect(verdict).toEqual({ ...none, details: [] })
    expect(isClean(verdict)).toBe(true)
  })

  test('finds a lost event, in the middle and at the end', () => {
    expect(saw(1, 3)).toMatchObject({ ...none, lost: 1, said: expect.stringContaining('bob') as string })
    expect(saw(1)).toMatchObject({ ...none, lost: 2 })
    expect(saw()).toMatchObject({ ...none, lost: 3 })
  })

  test('finds a repeated event, also one from before the start', () => {
    expect(saw(1, 2, 2, 3)).toMatchObject({ ...none, repeated: 1 })
    expect(saw(1, 2, 3, 1)).toMatchObject({ ...none, repeated: 1 })
    expect(saw(0, 1, 2, 3)).toMatchObject({ ...none, repeated: 1 })
  })

  test('finds a reordered event', () => {
    expect(saw(2, 1, 3)).toMatchObject({ ...none, reordered: 1 })
    expect(saw(1, 3, 2, 2)).toMatchObject({ ...none, reordered: 1, repeated: 1 })
  })

  test('finds a reader that is past the head', () => {
    expect(saw(1, 2, 3, 4)).toMatchObject({ ...none, mismatches: 1 })
  })

  test('allows a jump to who left, and to nobody else', () => {
    const leave = (segments: Segment[]) => (history: History) => {
      history.leavings = [{ who: 'bob', streamId, eventSeq: 2 }]
      segmentsOf(history).splice(0, 1, ...segments)
    }
    const back = segment([], { after: 3, snapshotSeq: 3 })
    expect(verdictOn(leave([segment([1, 2], { end: 'left' }), back]))).toMatchObject(none)
    expect(verdictOn(leave([segment([1], { end: 'told' }), back]))).toMatchObject(none)
    expect(verdictOn(leave([segment([1, 2], { end: 'told' }), back]))).toMatchObject({ ...none, lost: 1 })
    expect(verdictOn(leave([segment([2], { end: 'left' }), back]))).toMatchObject({ ...none, lost: 1 })
    expect(verdictOn(leave([segment([1, 2, 3]), back]))).toMatchObject({ ...none, lost: 1 })
  })

  test('lets the server choose a start up to the snapshot, and none after it', () => {
    const joined = (seen: number[], snapshotSeq: number) =>
      verdictOn((history) => segmentsOf(history).splice(0, 1, segment(seen, { after: null, snapshotSeq })))
    expect(joined([2, 3], 2)).toMatchObject(none)
    expect(joined([3], 2)).toMatchObject(none)
    expect(joined([], 3)).toMatchObject(none)
    expect(joined([3], 1)).toMatchObject({ ...none, lost: 1 })
    expect(joined([], 2)).toMatchObject({ ...none, lost: 1 })
  })

  test('finds an acknowledged message that is not there', () => {
    expect(verdictOn(({ messages }) => messages.pop())).toMatchObject({ ...none, lost: 1 })
    expect(verdictOn(({ events }) => events.pop())).toMatchObject({ ...none, lost: 1 })
  })

  test('finds a key that had two effects', () => {
    const twice = stored('b', 4)
    expect(verdictOn(({ messages }) => messages.push(twice.messages))).toMatchObject({ ...none, repeated: 1 })
    expect(verdictOn(({ events }) => events.push(twice.events))).toMatchObject({ ...none, repeated: 1 })
  })

  test('finds an acknowledgement that says something else than the database', () => {
    expect(verdictOn(({ acks }) => (acks[0]!.eventSeq = 2))).toMatchObject({ ...none, mismatches: 1 })
    expect(verdictOn(({ acks }) => (acks[0]!.messageSeq = 2))).toMatchObject({ ...none, mismatches: 2 })
    expect(verdictOn(({ acks }) => (acks[0]!.text = 'another'))).toMatchObject({ ...none, mismatches: 1 })
    expect(verdictOn(({ acks }) => (acks[0]!.outcome = 'DUPLICATE'))).toMatchObject({ ...none, mismatches: 1 })
  })

  test('finds a gap and a repeat in the numbers of the database', () => {
    expect(verdictOn(({ runs }) => (runs[0]!.count = 2))).toMatchObject({ ...none, lost: 1 })
    expect(verdictOn(({ runs }) => (runs[1]!.count = 4))).toMatchObject({ ...none, repeated: 1 })
    expect(verdictOn(({ runs }) => (runs[1]!.greatest = 4))).toMatchObject({ ...none, mismatches: 1 })
  })

  test('finds unequal states, and says where', () => {
    const verdict = verdictOn(({ states }) => (states[0]!.fresh = '{"1":"edited"}'))
    expect(verdict).toMatchObject({ ...none, mismatches: 1 })
    expect(verdict.said).toContain('text"}… instead of …{"1":"edited"}')
  })

  test('finds a read position that went back, and whatever no fault explains', () => {
    expect(verdictOn(({ positions }) => (positions[0]!.lastReadSeqs = [1, 3, 2]))).toMatchObject({
      ...none,
      mismatches: 1,
    })
    expect(verdictOn(({ unexpected }) => unexpected.push('a server ended'))).toMatchObject({ ...none, mismatches: 1 })
  })
})
