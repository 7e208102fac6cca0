import { print } from 'graphql'
import { GraphQLClient } from 'graphql-request'
import type { ResultOf } from 'gql.tada'
import { createLiveClient } from '../../sdk/src/links/resuming-client.ts'
import { retryingFetch } from '../../sdk/src/links/retrying-fetch.ts'
import { keepSession, type SessionKeeper } from '../../sdk/src/links/kept-session.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import { ShownMessages } from '../shown.ts'
import { ConversationEvents, Inbox, Login, Messages, SendMessage } from './documents.ts'

type Event = ResultOf<typeof ConversationEvents>['conversationEvents']

/** A chat with gql.tada: types out of the documents, requests by graphql-request, live events by graphql-ws. */
export async function openChat({ url, handle, password, onEvent, onError, live }: ChatOptions): Promise<Chat> {
  let session: SessionKeeper | null = null
  const token = async () => session?.token() ?? ''
  const send = retryingFetch()
  const client = new GraphQLClient(url, {
    fetch: send,
    requestMiddleware: async (request) =>
      session
        ? { ...request, headers: { ...headersOf(request.headers), authorization: `Bearer ${await token()}` } }
        : request,
  })
  const socket = createLiveClient({ url, token, ...live })

  const { login } = await client.request(Login, { input: { handle, password } })
  if (login.__typename !== 'LoginSuccess') throw new Error(login.reason)
  session = keepSession(url, login.session)

  return {
    async conversations() {
      const { inbox } = await client.request(Inbox)
      return inbox.nodes.map(({ conversation: { id, title, peer } }) => ({
        id,
        title: title ?? peer?.displayName ?? '',
      }))
    },

    async send(conversationId, text) {
      // The key is made once, when the user acts, and goes out with every attempt.
      const input = { conversationId, text, clientMessageId: crypto.randomUUID() }
      const { sendMessage } = await client.request(SendMessage, { input })
      return sendMessage.__typename === 'SendMessageSuccess' ? sendMessage.message : sendMessage
    },

    async open(conversationId) {
      const shown = new ShownMessages()
      let running: AsyncIterableIterator<unknown> | null = null

      const follow = async (): Promise<void> => {
        const { conversation } = await client.request(Messages, { conversationId })
        if (!conversation) return
        const { edges, cursor } = conversation.messages
        shown.replace(edges.map(({ node }) => node))
        const events = socket.iterate<ResultOf<typeof ConversationEvents>>({
          query: print(ConversationEvents),
          variables: { conversationId, after: cursor.eventSeq, mark: cursor.mark },
        })
        running = events
        void listen(events).catch(onError)
      }
      const listen = async (events: AsyncIterable<{ data?: ResultOf<typeof ConversationEvents> | null }>) => {
        for await (const { data } of events) {
          if (!data) continue
          onEvent?.(data.conversationEvents)
          // Events are missing: read the page anew, and go on from its cursor.
          if (data.conversationEvents.__typename === 'SnapshotRequired') return follow()
          apply(data.conversationEvents)
        }
      }
      const apply = (event: Event) => {
        if (event.__typename === 'MessageSent') shown.put(event.edge.node)
        if (event.__typename === 'MessageEdited' || event.__typename === 'MessageDeleted') shown.put(event.message)
      }
      await follow()
      return { messages: () => shown.list(), close: () => void running?.return?.() }
    },

    async close() {
      await socket.dispose()
    },
  }
}

const headersOf = (headers: ConstructorParameters<typeof Headers>[0]) => Object.fromEntries(new Headers(headers))
