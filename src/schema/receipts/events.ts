import { required } from '../building/required.ts'
import { Conversation } from '../conversations/conversation.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { Receipt, shownReceipts } from './receipt.ts'

eventRef('RECEIPT_ADVANCED').implement({
  description: 'Members have read or received more. Positions never move back.',
  interfaces: interfacesOf('RECEIPT_ADVANCED'),
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      description: 'In which conversation.',
      resolve: ({ event }, _, { loaders }) =>
        required(loaders.conversation.load(event.streamId), 'the conversation of an event'),
    }),
    receipts: t.field({
      type: [Receipt],
      description:
        'The positions that moved, one receipt for each member. A gathered event leaves out what people with read ' +
        'receipts off have read.',
      resolve: async ({ event }, _, { loaders }) => {
        const gathered = event.data.gathered === true
        const receipts = await shownReceipts(event, loaders)
        return receipts.map((receipt) => ({ ...receipt, conversationId: event.streamId, gathered }))
      },
    }),
    gathered: t.boolean({
      description:
        'True in conversations of ten members or more, where receipts are gathered for some seconds. The event is ' +
        "then the same for all readers, with what others see of each member. Ignore the viewer's own lastReadSeq in " +
        'it: their own position came before, by InboxEntryChanged on their personal stream.',
      resolve: ({ event }) => event.data.gathered === true,
    }),
  }),
})
