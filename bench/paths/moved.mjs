import { randomUUID } from 'node:crypto'
import * as documents from '../documents.mjs'
import { conversationId, conversationUuid, userUuid } from '../harness/ids.mjs'
import { measureMovedReads } from '../harness/reading.mjs'
import { expected, world } from '../harness/world.mjs'

const cost = (label) => [{ key: 'serverCpuUs', label, better: 'less' }]

/** One message in each of these conversations, as Parley's own function writes it. Their text. */
async function send(query, conversations) {
  const text = `Written at ${randomUUID()}`
  for (const conversation of conversations) {
    await query(`SELECT parley_send_message($1, $2, $3, '', $4, NULL)`, [
      ...[userUuid(expected.sender(conversation, 1)), conversationUuid(conversation), randomUUID(), text],
    ])
  }
  return text
}

/** Three of the 200 conversations of each reader have a new message since the inbox was read last. */
export const inboxMoved = {
  name: 'inbox-moved',
  metrics: cost('Inbox of 50, 3 conversations moved, µs'),
  costs: [{ key: 'serverCpuUs', label: 'An inbox of 50, 3 conversations moved' }],
  run: (context) =>
    measureMovedReads(
      context,
      world.readers.map((reader) => ({ token: context.tokenOf(reader), body: { query: documents.inbox } })),
      async (round, query) => {
        const text = await send(
          query,
          [0, 1, 2].map((place) => world.readConversations.at(-1 - ((round * 3 + place) % 50))),
        )
        return world.readers.map(() => text)
      },
    ),
}

/** Each page has a new message since it was read last. */
export const pageMoved = {
  name: 'page-moved',
  metrics: cost('Messages page of 50, a new message, µs'),
  costs: [{ key: 'serverCpuUs', label: 'A messages page of 50, a new message' }],
  run: (context) =>
    measureMovedReads(
      context,
      world.readers.map((reader, place) => ({
        token: context.tokenOf(reader),
        body: { query: documents.messages, variables: { id: conversationId(world.readConversations[place]) } },
      })),
      async (_, query) => {
        const text = await send(query, world.readConversations.slice(0, world.readers.length))
        return world.readers.map(() => text)
      },
    ),
}
