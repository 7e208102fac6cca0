import { eventTypes, typesWhere, type EventType } from '../../log/event-types.ts'
import type { LogEventOf } from '../../store/log-event.ts'
import type { Message, User } from '../../store/rows.ts'
import type { WebhookEvent, WebhookLog } from '../../store/webhook-log.ts'
import type { Loaders } from '../loaders.ts'
import { notToNotify } from '../messages/notify.ts'

/** Ids as the API has them, so that whoever is told of something can ask for more. */
export interface PublicIds {
  user(id: string): string
  conversation(id: string): string
  message(ref: { conversationId: string; seq: number }): string
  endpoint(id: string): string
}

/** Types of events that an endpoint can ask for: those of conversations. What is for one person alone is nobody else's. */
export const webhookTypes: readonly EventType[] = typesWhere(({ stream }) => stream === 'CONVERSATION')
/** Those that it gets unless it asks: reading is much, and of no interest to most. */
export const usualTypes: readonly EventType[] = webhookTypes.filter((type) => type !== 'RECEIPT_ADVANCED')

/** Most people whom one payload names as to be notified. */
const maxNotify = 10_000
const version = 1

/** Reads that the payloads of one round share, and what they need besides. */
export interface PayloadNeeds {
  loaders: Loaders
  log: Pick<WebhookLog, 'memberIds'>
  ids: PublicIds
}

type About = 'MESSAGE_SENT' | 'MESSAGE_EDITED' | 'MESSAGE_DELETED' | 'REACTION_TOGGLED'

/** Makes payloads: docs/webhooks.md describes them. What is in them is as it is now, so nothing of a deleted text is. */
export class Payloads {
  private readonly withText = new Map<WebhookEvent, Promise<string | null>>()
  private readonly withoutText = new Map<WebhookEvent, Promise<string | null>>()
  private readonly memberIds = new Map<string, Promise<string[]>>()
  private wanted: string[] = []
  private reading: Promise<Map<string, string[]>> | null = null

  constructor(private readonly needs: PayloadNeeds) {}

  /** JSON; null for an event of which nothing may be told. Made once for all who get the same. */
  of(one: WebhookEvent, includesText: boolean): Promise<string | null> {
    const made = includesText ? this.withText : this.withoutText
    const known = made.get(one)
    if (known) return known
    const making = this.make(one, includesText)
    made.set(one, making)
    // Whoever asks later tries again.
    making.catch(() => made.delete(one))
    return making
  }

  private async make({ kind, title, event }: WebhookEvent, includesText: boolean): Promise<string | null> {
    if (event.type === 'UNKNOWN') return null
    const { ids } = this.needs
    const details = await this.detailsOf(event, includesText)
    if (!details) return null
    const { streamId, seq, actorId, occurredAt, type } = event
    return JSON.stringify({
      type: eventTypes[type].graphqlName,
      version,
      timestamp: occurredAt.toISOString(),
      data: {
        conversation: { id: ids.conversation(streamId), kind, ...(includesText && { title }) },
        eventSeq: seq,
        actor: actorId === null ? null : await this.person(actorId),
        ...details,
      },
    })
  }

  /** What is sent when somebody asks for a test. */
  test(endpointId: string, createdAt: Date): string {
    const data = { endpoint: { id: this.needs.ids.endpoint(endpointId) } }
    return JSON.stringify({ type: 'Test', version, timestamp: createdAt.toISOString(), data })
  }

  private async detailsOf(event: LogEventOf<EventType>, includesText: boolean): Promise<object | null> {
    const { ids, loaders } = this.needs
    switch (event.type) {
      case 'MESSAGE_SENT':
        return { message: await this.message(event, includesText), ...(await this.notify(event.message)) }
      case 'MESSAGE_EDITED':
      case 'MESSAGE_DELETED':
        return { message: await this.message(event, includesText) }
      case 'REACTION_TOGGLED': {
        const { message, data } = event
        const { conversationId, seq } = message
        const isGone = data.kind === undefined || message.deletedAt !== null
        const emoji = isGone ? null : await loaders.reactions.emoji.load({ conversationId, seq, kind: data.kind ?? 0 })
        return { message: await this.message(event, includesText), emoji, on: data.on }
      }
      case 'RECEIPT_ADVANCED': {
        // Of people with read receipts off not even the time of an event may be told, as they may have read then.
        const tells = await Promise.all(
          event.data.receipts.map(
            async ({ userId }) => (await loaders.user.load(userId))?.readReceiptsEnabled === true,
          ),
        )
        const receipts = event.data.receipts.filter((_, index) => tells[index])
        if (receipts.length === 0) return null
        return {
          receipts: receipts.map(({ userId, lastReadSeq, lastDeliveredSeq, at }) => ({
            user: { id: ids.user(userId) },
            lastReadSeq,
            lastDeliveredSeq,
            at: at.toISOString(),
          })),
        }
      }
      case 'MEMBER_JOINED':
      case 'MEMBER_LEFT':
        return { user: await this.person(event.data.userId) }
      case 'USER_ERASED':
        return { user: { id: ids.user(event.data.userId) } }
      case 'CONVERSATION_UPDATED':
        return { deleted: event.data.deleted, changedRolesOf: event.data.userIds.map((id) => ids.user(id)) }
      // Of personal streams and the desk's. Named one by one, so that a new type does not go missing.
      case 'INBOX_ENTRY_CHANGED':
      case 'BLOCK_CHANGED':
      case 'DESK_MOVED':
        return null
    }
  }

  private async person(userId: string) {
    const user: User | null = await this.needs.loaders.user.load(userId)
    return { id: this.needs.ids.user(userId), handle: user?.handle ?? null, displayName: user?.displayName ?? null }
  }

  private async message({ message }: LogEventOf<About>, includesText: boolean) {
    const { ids } = this.needs
    const { conversationId, replyToSeq } = message
    return {
      id: ids.message(message),
      seq: message.seq,
      revision: message.revision,
      sender: await this.person(message.senderId),
      ...(includesText && { text: message.text }),
      createdAt: message.createdAt.toISOString(),
      editedAt: message.editedAt?.toISOString() ?? null,
      deletedAt: message.deletedAt?.toISOString() ?? null,
      replyToId: replyToSeq === null ? null : ids.message({ conversationId, seq: replyToSeq }),
      mentionIds: message.mentionIds.map((id) => ids.user(id)),
      mentionsEveryone: message.mentionsEveryone,
      attachmentCount: message.attachmentCount,
    }
  }

  /** By the one rule, as a subscription's `notify`: whom it would tell to notify. */
  private async notify(message: Message): Promise<{ notify: string[]; notifyIsComplete: boolean }> {
    if (message.deletedAt !== null) return { notify: [], notifyIsComplete: true }
    const [members, not] = await Promise.all([
      this.membersOf(message.conversationId),
      notToNotify(message, this.needs.loaders),
    ])
    const notify = members.filter((id) => !not.has(id)).map((id) => this.needs.ids.user(id))
    return { notify, notifyIsComplete: members.length <= maxNotify }
  }

  private membersOf(conversationId: string): Promise<string[]> {
    const known = this.memberIds.get(conversationId)
    if (known) return known
    this.wanted.push(conversationId)
    // One statement for all that is asked for in this turn.
    const reading = (this.reading ??= Promise.resolve().then(() => {
      const wanted = this.wanted
      this.wanted = []
      this.reading = null
      return this.needs.log.memberIds(wanted, maxNotify + 1)
    }))
    const found = reading.then((all) => all.get(conversationId) ?? [])
    this.memberIds.set(conversationId, found)
    return found
  }
}
