import * as documents from '../documents.mjs'
import { conversationId } from '../harness/ids.mjs'
import { measureReads } from '../harness/reading.mjs'
import { expected, personName, titleOf, world } from '../harness/world.mjs'

const head = world.messagesEach

function unreadCount(conversation, reader) {
  const read = expected.readSeq(conversation, reader)
  let count = 0
  for (let seq = read + 1; seq <= head; seq++) if (!expected.isDeleted(conversation, seq)) count++
  return count
}

const answer = (reader) => ({
  inbox: {
    edges: world.readConversations
      .slice(-50)
      .reverse()
      .map((conversation) => ({
        node: {
          unreadCount: unreadCount(conversation, reader),
          conversation: {
            id: conversationId(conversation),
            title: titleOf(conversation),
            lastMessage: {
              seq: head,
              text: expected.text(conversation, head),
              sender: { displayName: personName(expected.sender(conversation, head)) },
            },
          },
        },
      })),
  },
})

/** 32 people with 200 conversations read their first 50, each on a connection of its own. */
export const inbox = {
  name: 'inbox',
  metrics: [
    {
      key: 'perSecond',
      label: 'Inbox of 50, requests/s',
      better: 'more',
      limit: 'inboxStatement',
      plot: 'inbox of 50',
    },
  ],
  costs: [{ key: 'serverCpuUs', label: 'An inbox of 50' }],
  run: (context) =>
    measureReads(
      context,
      world.readers.map((reader) => ({ token: context.tokenOf(reader), body: { query: documents.inbox } })),
      (place) => answer(world.readers[place]),
    ),
}
