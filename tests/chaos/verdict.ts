/** A promise to a client: a write that was answered, or that writeStatus confirmed. */
export interface Ack {
  who: string
  key: string
  kind: 'send' | 'edit' | 'delete' | 'react' | 'pin'
  streamId: string
  eventSeq: number
  messageSeq: number
  /** Attempts until there was an answer. */
  attempts: number
  outcome: 'ACCEPTED' | 'DUPLICATE'
  text: string | null
}

/** A part of a stream that a reader saw, from a position that the reader chose. */
export interface Segment {
  /** The position that it named; null if the server chose it, at or before the snapshot. */
  after: number | null
  /** Position of the conversation when it was read. */
  snapshotSeq: number
  /** The numbers of the events, in order of arrival. */
  seen: number[]
  /**
   * Open: continues to the head. Left: ended with the reader's own MemberLeft. Told: the server reported the position as
   * lost.
   */
  end: 'open' | 'left' | 'told'
}

export interface ReaderHistory {
  name: string
  who: string
  streams: { streamId: string; segments: Segment[] }[]
}

/** Numbers that must be 1 … head. */
export interface Run {
  name: string
  head: number
  count: number
  least: number
  greatest: number
}

export interface History {
  acks: Ack[]
  readers: ReaderHistory[]
  /** Streams of the database with the head of each, and conversations with their headSeq. */
  runs: Run[]
  heads: { streamId: string; head: number }[]
  /** Writes in the log, and messages, by key. */
  events: { who: string; key: string; streamId: string; eventSeq: number; messageSeq: number | null }[]
  messages: { who: string; key: string; streamId: string; seq: number; text: string | null; revision: number }[]
  leavings: { who: string; streamId: string; eventSeq: number }[]
  /** What each event was, by `streamId eventSeq`, in a few words. */
  kinds: ReadonlyMap<string, string>
  /** Pairs that must be equal: a reader's copy and a fresh read, an unread count and a recount. */
  states: { name: string; known: string; fresh: string }[]
  /** lastReadSeq in the acknowledgements of one device in one conversation, in order. */
  positions: { name: string; lastReadSeqs: number[] }[]
  /** Anything that no fault explains: an INTERNAL error, a server that ended by itself. */
  unexpected: string[]
}

export interface Verdict {
  lost: number
  repeated: number
  reordered: number
  mismatches: number
  details: string[]
}

type Kind = 'lost' | 'repeated' | 'reordered' | 'mismatches'
type Tell = (kind: Kind, count: number, detail: string) => void

/** Events that a finding shows before the first one that was lost, and after it. */
const shownAround = 8

const at = (streamId: string, seq: number) => `event ${seq} of stream ${streamId}`

/** What the events around this one were. */
const eventsAround = (kinds: History['kinds'], streamId: string, seq: number): string =>
  Array.from({ length: 2 * shownAround + 1 }, (_, nth) => seq - shownAround + nth)
    .flatMap((at) => kinds.get(`${streamId} ${String(at)}`) ?? [])
    .join(', ')

function judgeSegment(
  segment: Segment,
  { head, streamId, kinds }: { head: number | null; streamId: string; kinds: History['kinds'] },
  name: string,
  tell: Tell,
): void {
  const { after, snapshotSeq, seen, end } = segment
  const start = after ?? Math.min(snapshotSeq, (seen[0] ?? Infinity) - 1)
  const missing = new Set<number>()
  let reached = start
  for (const seq of seen) {
    if (seq > reached) {
      // What the conversation had when it was read needs no event: who left, read it when they were back, and then gets the
      // rest of what led to their leaving, goes on from where they joined.
      for (let skipped = reached + 1; skipped < seq; skipped++)
        if (after !== null || skipped > snapshotSeq) missing.add(skipped)
      reached = seq
    } else if (missing.delete(seq)) tell('reordered', 1, `${name} saw ${seq} after ${reached}`)
    else tell('repeated', 1, `${name} saw ${seq} again, or before its start ${start}`)
  }
  const [first] = missing
  if (first !== undefined) {
    const from = after === null ? `a start of the server's choice, snapshot ${snapshotSeq}` : `${after}`
    const around = seen.filter((seq) => Math.abs(seq - first) <= shownAround).join(' ')
    tell(
      'lost',
      missing.size,
      `${name} never saw ${[...missing].slice(0, 5).join(', ')} (from ${from}; saw ${around}; ended: ${end}; there were ${eventsAround(kinds, streamId, first)})`,
    )
  }
  if (end !== 'open' || head === null) return
  if (reached < head)
    tell(
      'lost',
      head - reached,
      `${name} ended at ${reached}, and the head is ${head} (${eventsAround(kinds, streamId, reached)})`,
    )
  if (reached > head) tell('mismatches', 1, `${name} saw ${reached}, and the head is ${head}`)
}

function judgeReaders({ readers, heads, leavings, kinds }: History, tell: Tell): void {
  const headOf = new Map(heads.map(({ streamId, head }) => [streamId, head]))
  for (const { name, who, streams } of readers) {
    for (const { streamId, segments } of streams) {
      const label = `${name}, stream ${streamId}:`
      segments.forEach((segment, index) => {
        judgeSegment(segment, { head: headOf.get(streamId) ?? null, streamId, kinds }, label, tell)
        const reached = Math.max(segment.after ?? 0, ...segment.seen.slice(-1))
        const hasLeft = leavings.some((one) => one.who === who && one.streamId === streamId && one.eventSeq > reached)
        if (segment.end === 'told' && !hasLeft)
          tell('lost', 1, `${label} was sent away at ${reached} without having left`)
        if (segment.end === 'open' && index < segments.length - 1) tell('lost', 1, `${label} jumped without being told`)
      })
    }
  }
}

function grouped<Item extends { who: string; key: string }>(items: Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const id = `${item.who} ${item.key}`
    groups.set(id, [...(groups.get(id) ?? []), item])
  }
  return groups
}

function judgeAcks({ acks, events, messages }: History, tell: Tell): void {
  const eventsOf = grouped(events)
  const messagesOf = grouped(messages)
  for (const [id, group] of eventsOf) if (group.length > 1) tell('repeated', group.length - 1, `events of key ${id}`)
  for (const [id, group] of messagesOf)
    if (group.length > 1) tell('repeated', group.length - 1, `messages of key ${id}`)
  for (const ack of acks) {
    const id = `${ack.who} ${ack.key}`
    const label = `the acknowledged ${ack.kind} ${id}, ${at(ack.streamId, ack.eventSeq)},`
    const [event] = eventsOf.get(id) ?? []
    if (!event) {
      tell('lost', 1, `${label} is not in the log`)
      continue
    }
    if (event.streamId !== ack.streamId || event.eventSeq !== ack.eventSeq || event.messageSeq !== ack.messageSeq) {
      tell('mismatches', 1, `${label} is ${at(event.streamId, event.eventSeq)} about message ${event.messageSeq ?? 0}`)
    }
    if (ack.attempts === 1 && ack.outcome === 'DUPLICATE') tell('mismatches', 1, `${label} was new and called repeated`)
    if (ack.kind !== 'send') continue
    const [message] = messagesOf.get(id) ?? []
    if (!message) tell('lost', 1, `${label} has no message`)
    else if (message.streamId !== ack.streamId || message.seq !== ack.messageSeq) {
      tell('mismatches', 1, `${label} was message ${ack.messageSeq} and is message ${message.seq}`)
    } else if (message.revision === 1 && message.text !== null && message.text !== ack.text) {
      tell('mismatches', 1, `${label} has another text`)
    }
  }
}

function judgeRuns({ runs }: History, tell: Tell): void {
  for (const { name, head, count, least, greatest } of runs) {
    if (count < head) tell('lost', head - count, `${name}: ${count} of ${head} are there`)
    if (count > head) tell('repeated', count - head, `${name}: ${count}, and the head is ${head}`)
    if (count > 0 && (least !== 1 || greatest !== head)) {
      tell('mismatches', 1, `${name} goes from ${least} to ${greatest}, and the head is ${head}`)
    }
  }
}

/** Where two texts begin to differ, with some characters of both. */
function difference(known: string, fresh: string): string {
  let place = 0
  while (place < known.length && known[place] === fresh[place]) place++
  const part = (text: string) => text.slice(Math.max(0, place - 60), place + 60)
  return `…${part(known)}… instead of …${part(fresh)}…`
}

/** Decides whether anything was lost, repeated, out of order or different from what was promised. */
export function judge(history: History): Verdict {
  const verdict: Verdict = { lost: 0, repeated: 0, reordered: 0, mismatches: 0, details: [] }
  const tell: Tell = (kind, count, detail) => {
    verdict[kind] += count
    verdict.details.push(`${kind}: ${detail}`)
  }
  judgeAcks(history, tell)
  judgeRuns(history, tell)
  judgeReaders(history, tell)
  for (const { name, known, fresh } of history.states) {
    if (known !== fresh) tell('mismatches', 1, `${name}: ${difference(known, fresh)}`)
  }
  for (const { name, lastReadSeqs } of history.positions) {
    lastReadSeqs.forEach((seq, index) => {
      const before = lastReadSeqs[index - 1] ?? 0
      if (seq < before) tell('mismatches', 1, `${name}: lastReadSeq went back from ${before} to ${seq}`)
    })
  }
  for (const what of history.unexpected) tell('mismatches', 1, what)
  return verdict
}

export const isClean = ({ lost, repeated, reordered, mismatches }: Verdict): boolean =>
  lost + repeated + reordered + mismatches === 0
