import * as documents from '../documents.mjs'
import { conversationId, messageId } from '../harness/ids.mjs'
import { measureReads } from '../harness/reading.mjs'
import { expected, personName, world } from '../harness/world.mjs'

const conversationOf = (place) => world.readConversations[place]

const answer = (conversation) => ({
  conversation: {
    messages: {
      edges: Array.from({ length: 50 }, (_, place) => world.messagesEach - 49 + place).map((seq) => ({
        node: {
          id: messageId(conversation, seq),
          seq,
          text: expected.isDeleted(conversation, seq) ? null : expected.text(conversation, seq),
          createdAt: expected.createdAt(conversation, seq),
          sender: { displayName: personName(expected.sender(conversation, seq)) },
        },
      })),
    },
  },
})

/** 32 people read the newest 50 messages, each of another conversation and on a connection of its own. */
export const page = {
  name: 'page',
  metrics: [
    {
      key: 'perSecond',
      label: 'Messages page of 50, requests/s',
      better: 'more',
      limit: 'pageStatement',
      plot: 'messages page of 50',
    },
  ],
  costs: [{ key: 'serverCpuUs', label: 'A messages page of 50' }],
  run: (context) =>
    measureReads(
      context,
      world.readers.map((reader, place) => ({
        token: context.tokenOf(reader),
        body: { query: documents.messages, variables: { id: conversationId(conversationOf(place)) } },
      })),
      (place) => answer(conversationOf(place)),
    ),
}
