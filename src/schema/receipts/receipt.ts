import type { Loaders } from '../../domain/loaders.ts'
import type { LogEvent, LogEventOf, ReceiptData } from '../../store/log-event.ts'
import { builder } from '../building/builder.ts'
import { isViewer } from '../building/context.ts'
import { required } from '../building/required.ts'
import { asOthersSee, Member } from '../conversations/member.ts'
import { User } from '../people/user.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

interface ReceiptShape extends ReceiptData {
  conversationId: string
  /** True if the receipt shows the same values to everybody, also to its own member. */
  gathered: boolean
}

const tells = async (userId: string, loaders: Loaders): Promise<boolean> =>
  (await required(loaders.user.load(userId), 'the user of a receipt')).readReceiptsEnabled

/**
 * When the position moved. If only the read position moved, that is the time of reading, which people with read receipts
 * off keep secret, also for earlier receipts. For them it is the time at which the newest message that their devices have
 * received was sent.
 */
async function shownAt(conversationId: string, receipt: ReceiptData, loaders: Loaders): Promise<Date> {
  if (receipt.delivered === true || (await tells(receipt.userId, loaders))) return receipt.at
  const newest = { conversationId, seq: receipt.lastDeliveredSeq }
  return (await required(loaders.message.load(newest), 'the newest message of a receipt')).createdAt
}

/**
 * The receipts that an event shows. A gathered event was stored within seconds of its receipts, and other people's receipts
 * in it may reveal that time. So people with read receipts off are left out: naming them would reveal when they read.
 */
export async function shownReceipts(
  { data: { receipts, gathered } }: LogEventOf<'RECEIPT_ADVANCED'>,
  loaders: Loaders,
): Promise<ReceiptData[]> {
  if (gathered !== true) return receipts
  const isShown = await Promise.all(
    receipts.map(async ({ delivered, userId }) => delivered === true || (await tells(userId, loaders))),
  )
  return receipts.filter((_, index) => isShown[index])
}

/** When an event was stored, unless that reveals a time that its receipts must keep secret. */
export async function shownOccurredAt(event: LogEvent, loaders: Loaders): Promise<Date> {
  const { streamId, occurredAt } = event
  if (event.type !== 'RECEIPT_ADVANCED') return occurredAt
  const { receipts } = event.data
  if (receipts.some(({ delivered }) => delivered === true)) return occurredAt
  const tell = await Promise.all(receipts.map(({ userId }) => tells(userId, loaders)))
  if (tell.includes(true)) return occurredAt
  const shown = await Promise.all(receipts.map((receipt) => shownAt(streamId, receipt, loaders)))
  return new Date(Math.max(...shown.map((at) => at.getTime())))
}

export const Receipt = builder.objectRef<ReceiptShape>('Receipt').implement({
  description: "One member's positions after an advance.",
  fields: (t) => ({
    member: t.field({
      type: Member,
      description:
        'The member whose receipt it is, as they are now. In a gathered event its lastReadSeq is what others see, ' +
        'also for the viewer.',
      resolve: async ({ userId, conversationId, gathered }, _, { loaders }) => {
        const member = await required(loaders.member.load({ conversationId, userId }), 'the member of a receipt')
        return gathered ? asOthersSee(member) : member
      },
    }),
    user: t.field({
      type: User,
      description: 'The person whose receipt it is.',
      resolve: (receipt, _, { loaders }) => required(loaders.user.load(receipt.userId), 'the user of a receipt'),
    }),
    lastReadSeq: t.int({
      description:
        'They have read the messages up to this seq, as far as they let others see it: 0 with read receipts off. In ' +
        "the viewer's own receipt it is their position now, also after marking unread by hand; but not in a gathered " +
        'event.',
      ...viewerDependent,
      resolve: async ({ userId, conversationId, lastReadSeq, gathered }, _, context) => {
        // In a gathered event each of a thousand receipts would ask, and each of a thousand readers would need a result of
        // their own.
        if (!gathered && isViewer(context, userId)) {
          const entry = await context.loaders.entry.load({ viewerId: userId, conversationId })
          return entry?.member.ownReadSeq ?? lastReadSeq
        }
        return (await tells(userId, context.loaders)) ? lastReadSeq : 0
      },
    }),
    lastDeliveredSeq: t.exposeInt('lastDeliveredSeq', {
      description: 'Their devices have received the messages up to this seq.',
    }),
    at: t.field({
      type: 'DateTime',
      description:
        'When the position moved. For a person with read receipts off who only read: when the message at ' +
        'lastDeliveredSeq was sent.',
      resolve: ({ conversationId, ...receipt }, _, { loaders }) => shownAt(conversationId, receipt, loaders),
    }),
  }),
})
