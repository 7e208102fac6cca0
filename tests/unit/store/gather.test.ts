import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UnavailableError } from '../../../src/domain/errors.ts'
import { createGather } from '../../../src/store/writing/gather.ts'
import type { SendMessage } from '../../../src/store/writing/commands.ts'

/** One statement that the gatherer has sent, for the test to answer. */
interface Statement {
  /** The texts of its sends. */
  texts: (string | null)[]
  single: boolean
  /** Answers each send with its own text, but those of these conversations as LOCKED. */
  answer: (lockedConversations?: string[]) => Promise<void>
  fail: (error: Error) => Promise<void>
}

const limits = { maxBatch: 4, maxInFlight: 2, enough: 1, patienceMs: 10, timesToWait: 2, slowMs: 200, waitMs: 2_000 }
let statements: Statement[]
let send: (send: SendMessage) => Promise<string>

const settled = () => new Promise<void>((resolve) => process.nextTick(resolve))

const gatherer = (options: Partial<typeof limits> = {}) => {
  const ask = <Answer>(sends: SendMessage[], single: boolean, answerOf: (locked: string[]) => Answer) =>
    new Promise<Answer>((resolve, reject) => {
      statements.push({
        texts: sends.map(({ text }) => text),
        single,
        async answer(locked = []) {
          resolve(answerOf(locked))
          await settled()
        },
        async fail(error) {
          reject(error)
          await settled()
        },
      })
    })
  return createGather<SendMessage, string>({
    lockOf: ({ conversationId }) => conversationId,
    keyOf: ({ actorId, opKey }) => `${actorId} ${opKey}`,
    isAlone: ({ attachmentIds }) => attachmentIds !== null,
    one: (one) => ask([one], true, () => `${one.text}!`),
    many: (sends) =>
      ask(sends, false, (locked) =>
        sends.map(({ conversationId, text }) => (locked.includes(conversationId) ? null : `${text}!`)),
      ),
    ...limits,
    ...options,
  })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  statements = []
  send = gatherer()
})

afterEach(() => {
  vi.useRealTimers()
})

const noExtras = { mentionIds: null, mentionEveryone: false, attachmentIds: null }
let keys = 0
const asked = (conversationId: string, text: string, opKey = `key ${++keys}`, attachmentIds: string[] | null = null) =>
  send({
    type: 'sendMessage',
    actorId: 'ann',
    conversationId,
    opKey,
    hash: Buffer.alloc(32),
    text,
    replyToSeq: null,
    ...noExtras,
    attachmentIds,
  })

/** Takes both places, so that what comes next has to wait. */
async function fill(): Promise<Statement[]> {
  void asked('first', 'x')
  void asked('second', 'y')
  await settled()
  return statements.splice(0)
}

const texts = () => statements.map((statement) => statement.texts)

test('a lone send goes at once and by itself', async () => {
  const answer = asked('a', '1')
  expect(statements).toMatchObject([{ texts: ['1'], single: true }])
  await statements[0]!.answer()
  expect(await answer).toBe('1!')
})

test('what comes while others are under way goes in one statement, in order, each with its own answer', async () => {
  const [first] = await fill()
  const answers = [asked('a', '1'), asked('b', '2'), asked('a', '3')]
  expect(statements).toEqual([])
  await first!.answer()
  expect(statements).toMatchObject([{ texts: ['1', '3', '2'], single: false }])
  await statements[0]!.answer()
  expect(await Promise.all(answers)).toEqual(['1!', '2!', '3!'])
})

test('beside a statement under way a few do not begin another one, enough of them do', async () => {
  send = gatherer({ enough: 3 })
  for (const place of ['a', 'b', 'a', 'c']) void asked(place, place)
  // The second one of conversation a could not go anyway.
  expect(texts()).toEqual([['a']])
  void asked('d', 'd')
  expect(texts()).toEqual([['a'], ['b', 'c', 'd']])
  void asked('e', 'e')
  await statements[0]!.answer()
  expect(texts()).toEqual([['a'], ['b', 'c', 'd']])
  await statements[1]!.answer()
  expect(texts()).toEqual([['a'], ['b', 'c', 'd'], ['a', 'e']])
})

test('beside a statement that takes long others begin, however few', async () => {
  send = gatherer({ enough: 3 })
  void asked('a', '1')
  void asked('b', '2')
  expect(texts()).toEqual([['1']])
  vi.advanceTimersByTime(limits.patienceMs)
  expect(texts()).toEqual([['1'], ['2']])
  // This one has not taken long yet.
  void asked('c', '3')
  await statements[0]!.answer()
  expect(texts()).toEqual([['1'], ['2']])
  await statements[1]!.answer()
  expect(texts()).toEqual([['1'], ['2'], ['3']])
})

test('a statement has at most its number of sends, and the rest goes with the next', async () => {
  const [first, second] = await fill()
  const answers = Array.from({ length: 10 }, (_, index) => asked('a', `${index}`))
  await first!.answer()
  await second!.answer()
  expect(texts()).toEqual([['0', '1', '2', '3']])
  await statements[0]!.answer()
  await statements[1]!.answer()
  await statements[2]!.answer()
  expect(texts()).toEqual([
    ['0', '1', '2', '3'],
    ['4', '5', '6', '7'],
    ['8', '9'],
  ])
  expect(await Promise.all(answers)).toHaveLength(10)
})

test('a conversation has one statement under way, and does not keep the others waiting', async () => {
  void asked('a', '1')
  void asked('a', '2')
  void asked('b', '3')
  void asked('b', '4')
  expect(texts()).toEqual([['1'], ['3']])
  await statements[0]!.answer()
  expect(texts()).toEqual([['1'], ['3'], ['2']])
})

test('of two busy conversations neither keeps the other waiting', async () => {
  const [first, second] = await fill()
  for (let index = 0; index < 12; index++) void asked('a', `a${index}`)
  void asked('b', 'b')
  await first!.answer()
  await second!.answer()
  expect(texts()).toEqual([['a0', 'a1', 'a2', 'a3'], ['b']])
})

test('two sends with the same key of the same person never go in one statement', async () => {
  const [first] = await fill()
  void asked('a', '1', 'same')
  void asked('a', '2', 'same')
  void asked('b', '3', 'same')
  void asked('b', '4')
  void send({
    type: 'sendMessage',
    actorId: 'bob',
    conversationId: 'b',
    opKey: 'same',
    hash: Buffer.alloc(32),
    text: '5',
    replyToSeq: null,
    ...noExtras,
  })
  await first!.answer()
  expect(texts()).toEqual([['1', '4', '5']])
  await statements[0]!.answer()
  expect(texts()).toEqual([['1', '4', '5'], ['2']])
  await statements[1]!.answer()
  expect(texts()).toEqual([['1', '4', '5'], ['2'], ['3']])
})

test('a statement that fails as a whole is tried again as it is', async () => {
  const [first] = await fill()
  const answers = Promise.all([asked('a', '1'), asked('b', '2')])
  await first!.answer()
  await statements[0]!.fail(new Error('the same key, elsewhere at the same time'))
  expect(statements[1]).toMatchObject({ texts: ['1', '2'], single: false })
  await statements[1]!.answer()
  expect(await answers).toEqual(['1!', '2!'])
})

test('when it fails again each of its sends goes by itself, one after the other, and only the bad one fails', async () => {
  const [first] = await fill()
  const answers = Promise.allSettled([asked('a', '1'), asked('b', '2'), asked('c', '3')])
  await first!.answer()
  for (const statement of [0, 1]) await statements[statement]!.fail(new Error('one of them is bad'))
  const single = (at: number) => {
    expect(statements).toHaveLength(at + 1)
    expect(statements[at]).toMatchObject({ texts: [String(at - 1)], single: true })
    return statements[at]!
  }
  await single(2).answer()
  await single(3).fail(new Error('bad'))
  await single(4).answer()
  expect(await answers).toMatchObject([{ value: '1!' }, { reason: { message: 'bad' } }, { value: '3!' }])
  // The place is free again.
  void asked('d', '4')
  expect(statements.at(-1)!.texts).toEqual(['4'])
})

test('when the database cannot be reached all of the statement are told so, and nothing is sent again', async () => {
  const [first] = await fill()
  const answers = Promise.allSettled([asked('a', '1'), asked('b', '2')])
  await first!.answer()
  await statements[0]!.fail(new UnavailableError('gone', 1_000))
  for (const answer of await answers) expect(answer).toMatchObject({ reason: { code: 'UNAVAILABLE' } })
  expect(statements).toHaveLength(1)
})

test('sends of a conversation that somebody else holds go again, at last without the others, before what came later', async () => {
  const [first] = await fill()
  const answers = [asked('a', '1'), asked('held', '2'), asked('b', '3')]
  await first!.answer()
  expect(texts()).toEqual([['1', '2', '3']])
  answers.push(asked('held', '4'), asked('c', '5'))
  await statements[0]!.answer(['held'])
  // Once more with others, in case that it was only for a moment.
  expect(texts().slice(1)).toEqual([['2', '4', '5']])
  answers.push(asked('d', '6'), asked('held', '7'))
  await statements[1]!.answer(['held'])
  // With nobody else, whoever has waited for longer.
  expect(texts().slice(2)).toEqual([['6']])
  await statements[2]!.answer()
  expect(texts().slice(3)).toEqual([['2', '4', '7']])
  answers.push(asked('held', '8'))
  await statements[3]!.answer()
  expect(await Promise.all(answers.slice(0, -1))).toEqual(['1!', '2!', '3!', '4!', '5!', '6!', '7!'])
})

test('who has waited for too long is told so, and is not sent any more', async () => {
  const [first] = await fill()
  // Stuck: the others go past them, and get stuck as well.
  const unavailable = { code: 'UNAVAILABLE', retryAfterMs: 1_000 }
  const alsoFailed = expect(asked('a', '1')).rejects.toMatchObject(unavailable)
  vi.advanceTimersByTime(limits.slowMs)
  expect(texts()).toEqual([['1']])
  const failed = expect(asked('a', '3')).rejects.toMatchObject(unavailable)
  vi.advanceTimersByTime(limits.waitMs - 1)
  const kept = asked('a', '4')
  vi.advanceTimersByTime(1)
  await failed
  // It had waited as well, and its statement has not come back.
  await alsoFailed
  await statements[0]!.answer()
  expect(texts()).toEqual([['1'], ['4']])
  await statements[1]!.answer()
  expect(await kept).toBe('4!')
  await first!.answer()
  expect(vi.getTimerCount()).toBe(0)
})

test('statements that are stuck do not keep those of other conversations from going', async () => {
  const [first, second] = await fill()
  const answer = asked('a', '1')
  vi.advanceTimersByTime(limits.slowMs)
  expect(texts()).toEqual([['1']])
  await statements[0]!.answer()
  expect(await answer).toBe('1!')
  // Coming back late they do not count once more: still two at a time.
  await first!.answer()
  await second!.answer()
  void asked('b', '2')
  void asked('c', '3')
  void asked('d', '4')
  expect(texts()).toEqual([['1'], ['2'], ['3']])
})

test('a send that goes alone keeps its place among those of its conversation, and takes no others along', async () => {
  const [one, other] = (await fill()) as [Statement, Statement]
  const withFile = (conversationId: string, text: string) => void asked(conversationId, text, undefined, ['file'])
  void asked('a', '1')
  withFile('a', '2')
  void asked('a', '3')
  withFile('b', '4')
  void asked('b', '5')
  void asked('c', '6')
  await one.answer()
  await other.answer()
  const seen: { texts: (string | null)[]; single: boolean }[] = []
  for (let statement = statements.shift(); statement; statement = statements.shift()) {
    seen.push({ texts: statement.texts, single: statement.single })
    await statement.answer()
  }
  expect(seen.flatMap(({ texts }) => texts).sort()).toEqual(['1', '2', '3', '4', '5', '6'])
  const places = (text: string) => seen.findIndex(({ texts }) => texts.includes(text))
  expect(seen[places('2')]).toEqual({ texts: ['2'], single: true })
  expect(seen[places('4')]).toEqual({ texts: ['4'], single: true })
  expect([places('1') < places('2'), places('2') < places('3'), places('4') < places('5')]).toEqual([true, true, true])
})
