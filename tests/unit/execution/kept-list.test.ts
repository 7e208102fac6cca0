import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Basis, type InboxPlace, type ReadList } from '../../../src/domain/basis.ts'
import { KeptAnswers } from '../../../src/execution/reads/kept-answers.ts'
import { completed, listOf, wantedBy, without, type KeptList } from '../../../src/execution/reads/kept-list.ts'
import { changedMove } from '../../../src/log/moves.ts'

interface Row extends InboxPlace {
  text: string
}

const inboxShape = { of: 'inbox', path: ['inbox', 'edges'] } as const
const pageShape = { of: 'messages', path: ['conversation', 'page', 'nodes'] } as const

const better = (a: Row, b: Row) =>
  Number(b.pinned) - Number(a.pinned) ||
  b.activityAtMs - a.activityAtMs ||
  (a.conversationId < b.conversationId ? 1 : -1)

/** What a server would answer, and what it read. */
function readInbox(rows: readonly Row[], size: number) {
  const sorted = [...rows].sort(better)
  const places = sorted.slice(0, size)
  const read: ReadList = { of: 'inbox', places, size, hasMore: sorted.length > size }
  const list = listOf(
    { data: { inbox: { before: '"', edges: places.map(({ text }) => ({ text })), after: 1 } } },
    inboxShape,
    read,
  )
  if (!list) throw new Error('no list')
  return list
}

const rowsOf = (ids: string[]) =>
  fc
    .record({ pinned: fc.boolean(), activityAtMs: fc.integer({ min: 0, max: 5 }), text: fc.string() })
    .chain((row) => fc.constantFrom(...ids).map((conversationId) => ({ ...row, conversationId })))

test('an inbox of which what moved was read again is the inbox, or it is not known', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const rows = fc.uniqueArray(rowsOf(ids), { selector: ({ conversationId }) => conversationId, maxLength: 7 })
  let completedCount = 0
  fc.assert(
    fc.property(rows, rows, fc.integer({ min: 1, max: 5 }), fc.subarray(ids), (before, now, size, moved) => {
      const isMoved = ({ conversationId }: Row) => moved.includes(conversationId)
      // What did not move is as it was.
      const after = [...before.filter((row) => !isMoved(row)), ...now.filter(isMoved)]
      const known = without(readInbox(before, size), new Set(moved))
      for (const { text, ...row } of before.filter(isMoved))
        if (text.length > 8 && !after.some((other) => other.text === text))
          expect(known.body.includes(text), row.conversationId).toBe(false)
      expect(wantedBy(known, new Set(moved))).toEqual({ of: 'inbox', conversationIds: moved })
      const list = completed(known, readInbox(after.filter(isMoved), size))
      const wanted = readInbox(after, size)
      if (!list) return
      completedCount++
      expect(list.body.toString()).toBe(wanted.body.toString())
      expect(list.hasMore || !wanted.hasMore).toBe(true)
      // And so once more, from there.
      const again = completed(
        without(list, new Set(['a'])),
        readInbox(
          after.filter(({ conversationId }) => conversationId === 'a'),
          size,
        ),
      )
      if (again) expect(again.body.toString()).toBe(wanted.body.toString())
    }),
    { numRuns: 2_000 },
  )
  expect(completedCount).toBeGreaterThan(500)
})

function readPage(from: number, to: number, size: number, headSeq = to): KeptList {
  const all = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const seqs = all.slice(-size)
  const read: ReadList = { of: 'messages', conversationId: 'c', seqs, size, hasMore: all.length > size }
  const page = { nodes: seqs.map((seq) => ({ seq, text: `é ${String(seq)}` })) }
  const list = listOf({ data: { conversation: { headSeq, page } } }, pageShape, read)
  if (!list) throw new Error('no list')
  return list
}

test('a page with the messages that came since is the page', () => {
  for (const size of [1, 2, 5])
    for (let known = 1; known < 8; known++)
      for (let now = known; now < 16; now++) {
        const before = readPage(1, known, size)
        expect(wantedBy(before, new Set())).toMatchObject({
          afterSeq: known,
          knownCount: Math.min(size, known),
          hasMore: known > size,
        })
        const after = completed(before, readPage(known + 1, now, size))
        const wanted = readPage(1, now, size)
        expect(after?.body.toString()).toBe(wanted.body.toString())
        expect(after?.hasMore).toBe(wanted.hasMore)
      }
  expect(completed(readPage(1, 5, 5), readPage(7, 7, 5))).toBeNull()
})

test('of a list in memory an entry goes at once when its conversation moves, and a page when more than messages came', () => {
  const kept = new KeptAnswers(1_000_000)
  const row = (conversationId: string) => ({
    conversationId,
    pinned: false,
    activityAtMs: 1,
    text: `the text of ${conversationId}`,
  })
  const basis = new Basis()
  basis.inbox('ann')
  basis.streams('a', 'b')
  const list = readInbox([row('a'), row('b')], 5)
  kept.put('inbox', list.body, basis, new Set(['a', 'b', 'c']), list)
  kept.moved(['a'])
  expect(kept.get('inbox')).toBeNull()
  const part = kept.part('inbox')
  expect([...(part?.moved ?? [])]).toEqual(['a'])
  expect(part?.list.body.toString()).not.toContain('the text of a')
  expect(part?.list.body.toString()).toContain('the text of b')
  kept.moved(['ann'])
  expect(kept.part('inbox')).toBeNull()

  const ofPage = new Basis()
  ofPage.streams('ann', 'c')
  const page = readPage(1, 5, 5)
  const put = () => kept.put('page', page.body, ofPage, null, page)
  put()
  kept.moved(['c'])
  expect(kept.get('page')).toBeNull()
  expect(kept.part('page')?.list).toBe(page)
  kept.moved(['c', changedMove('c')])
  expect(kept.part('page')).toBeNull()
  put()
  expect(kept.get('page')).toBe(page.body)
  kept.lost()
  expect(kept).toMatchObject({ isEmpty: true, byteSize: 0 })
})
