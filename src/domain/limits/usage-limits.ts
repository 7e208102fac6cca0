import type { Counter, Counters } from '../../ephemeral/counters.ts'
import { limited } from '../../telemetry/facts.ts'
import type { Attachments } from '../attachments/attachments.ts'
import type { Conversations } from '../conversations/conversations.ts'
import { NotFoundError, RateLimitedError } from '../errors.ts'
import type { Messages } from '../messages/messages.ts'
import type { Rates } from './rates.ts'

/** How much of what people may do; 0: no bound. */
export interface UsageRules {
  sendsPerSecond: number
  sendsPerMinute: number
  sendsPerSecondInConversation: number
  readsPerMinute: number
  /** Objects that the reads of a minute come to at the most. */
  readPointsPerMinute: number
  connectsPerMinute: number
  groupsPerHour: number
  addedPeoplePerDay: number
  uploadsPerHour: number
}

/** Counts what a payer reads by an operation. Rejects with RATE_LIMITED. */
export type CountReads = (payer: string, objects: number, isQuery: boolean) => Promise<void>

const secondMs = 1_000
const minuteMs = 60_000
const hourMs = 3_600_000
/** So many seconds' sends of a person may come at once. */
const burstSeconds = 6

/**
 * Bounds on what a person does over time, for a server that anybody can register at. Counted over all processes, before
 * anything is written: RATE_LIMITED means that nothing was done. A repeated request counts again.
 */
export class UsageLimits {
  private readonly sends: Counter | null
  private readonly sendsOfMinute: Counter | null
  private readonly sendsIn: Counter | null
  private readonly reads: Counter | null
  private readonly readPoints: Counter | null
  private readonly connects: Counter | null
  private readonly groups: Counter | null
  private readonly added: Counter | null
  private readonly uploads: Counter | null

  constructor(
    counters: Counters,
    rules: UsageRules,
    private readonly rates: Rates,
  ) {
    const of = (name: string, points: number, durationMs: number) =>
      points > 0 ? counters.counter({ name, points, durationMs }) : null
    this.sends = of('sends', rules.sendsPerSecond * burstSeconds, burstSeconds * secondMs)
    this.sendsOfMinute = of('sends-minute', rules.sendsPerMinute, minuteMs)
    this.reads = of('reads', rules.readsPerMinute, minuteMs)
    this.readPoints = of('read-points', rules.readPointsPerMinute, minuteMs)
    this.connects = of('connects', rules.connectsPerMinute, minuteMs)
    this.sendsIn = of('sends-in', rules.sendsPerSecondInConversation, secondMs)
    this.groups = of('groups', rules.groupsPerHour, hourMs)
    this.added = of('added-people', rules.addedPeoplePerDay, 24 * hourMs)
    this.uploads = of('uploads', rules.uploadsPerHour, hourMs)
  }

  /** Before a query, or a mutation that answers much, comes to so many objects at the most; null where reads are not counted. */
  get ofReads(): CountReads | null {
    const { reads, readPoints } = this
    if (!reads && !readPoints) return null
    return async (payer, objects, isQuery) => {
      if (isQuery) await this.count(reads, 'reads', payer, payer)
      await this.count(readPoints, 'read-points', payer, payer, Math.max(1, objects))
    }
  }

  /** Before a WebSocket of an address opens; null where they are not counted. */
  get ofConnects(): ((payer: string) => Promise<void>) | null {
    const { connects } = this
    return connects && ((payer) => this.count(connects, 'connects', payer, payer))
  }

  ofMessages(messages: Messages): Messages {
    return {
      ...messages,
      send: async (viewer, input) => {
        const { userId } = viewer
        await this.count(this.sends, 'sends', userId, userId)
        await this.count(this.sendsOfMinute, 'sends-per-minute', userId, userId)
        const { conversationId } = input
        await this.count(this.sendsIn, 'sends-in-conversation', conversationId, userId)
        const sent = await messages.send(viewer, input)
        // Who is not in a conversation must not be able to silence those who are.
        if (sent instanceof NotFoundError) await this.sendsIn?.giveBack(conversationId)
        return sent
      },
    }
  }

  ofConversations(conversations: Conversations): Conversations {
    return {
      ...conversations,
      createGroup: async (viewer, input) => {
        const { userId } = viewer
        await this.count(this.groups, 'groups', userId, userId)
        await this.count(this.added, 'added-people', userId, userId, input.memberIds.length)
        return conversations.createGroup(viewer, input)
      },
      addMembers: async (viewer, conversationId, userIds) => {
        await this.count(this.added, 'added-people', viewer.userId, viewer.userId, userIds.length)
        return conversations.addMembers(viewer, conversationId, userIds)
      },
    }
  }

  ofAttachments(attachments: Attachments): Attachments {
    return {
      ...attachments,
      createUpload: async (viewer, file, baseUrl) => {
        await this.count(this.uploads, 'uploads', viewer.userId, viewer.userId)
        return attachments.createUpload(viewer, file, baseUrl)
      },
    }
  }

  private async count(counter: Counter | null, limit: string, key: string, payer: string, points = 1): Promise<void> {
    if (!counter || points === 0) return
    const counted = await counter.take(key, points)
    // What all in a conversation may send is nobody's own.
    if (key === payer) this.rates.note(payer, limit, counted)
    const { overForMs } = counted
    if (overForMs === 0) return
    if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit, payer })
    throw new RateLimitedError(overForMs, 'Too much in this time; nothing was done.')
  }
}
