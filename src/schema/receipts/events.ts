import { required } from '../building/required.ts'
import { Conversation } from '../conversations/conversation.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { Receipt, shownReceipts } from './receipt.ts'

eventRef('RECEIPT_ADVANCED').implement({
  description: 'Members have read or got more. Positions never go back.',
  interfaces: interfacesOf('RECEIPT_ADVANCED'),
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      description: 'Where.',
      resolve: ({ event }, _, { loaders }) =>
        required(loaders.conversation.load(event.streamId), 'the conversation of an event'),
    }),
    receipts: t.field({
      type: [Receipt],
      description:
        'The positions that moved, one for each member. A gathered one leaves out the reading of people who have read ' +
        'receipts off.',
      resolve: async ({ event }, _, { loaders }) => {
        const gathered = event.data.gathered === true
        const receipts = await shownReceipts(event, loaders)
        return receipts.map((receipt) => ({ ...receipt, conversationId: event.streamId, gathered }))
      },
    }),
    gathered: t.boolean({
      description:
        'True where receipts are gathered for some seconds, in conversations of ten members or more: it then says the same ' +
        "to everybody, and has what others see of each member. Skip the viewer's own lastReadSeq there: their own position " +
        'has come at once, by InboxEntryChanged on their personal stream.',
      resolve: ({ event }) => event.data.gathered === true,
    }),
  }),
})
