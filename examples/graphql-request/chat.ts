import { GraphQLClient } from 'graphql-request'
import {
  ConversationEventsDocument,
  InboxDocument,
  LoginDocument,
  MessagesDocument,
  SendMessageDocument,
  type ConversationEventsSubscription,
} from '../../sdk/src/generated/graphql.ts'
import { createLiveClient } from '../../sdk/src/links/resuming-client.ts'
import { retryingFetch } from '../../sdk/src/links/retrying-fetch.ts'
import { keepSession } from '../../sdk/src/links/kept-session.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import { ShownMessages } from '../shown.ts'

/** A chat with graphql-request, and graphql-ws for what is live. The documents are those of the SDK. */
export async function openChat({ url, handle, password, onEvent, onError, live }: ChatOptions): Promise<Chat> {
  const send = retryingFetch()
  const { login } = await new GraphQLClient(url, { fetch: send }).request(LoginDocument, {
    input: { handle, password },
  })
  if (login.__typename !== 'LoginSuccess') throw new Error(login.reason)
  const { token } = keepSession(url, login.session)

  const client = new GraphQLClient(url, {
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${await token()}`)
      return send(input, { ...init, headers })
    },
  })
  const socket = createLiveClient({ url, token, ...live })

  return {
    async conversations() {
      const { inbox } = await client.request(InboxDocument, { first: 25 })
      return inbox.edges.map(({ node: { conversation } }) => ({
        id: conversation.id,
        title: conversation.title ?? conversation.peer?.displayName ?? '',
      }))
    },

    async send(conversationId, text) {
      // The key is made once, when the user acts, and goes out with every attempt.
      const input = { conversationId, text, clientMessageId: crypto.randomUUID() }
      const { sendMessage } = await client.request(SendMessageDocument, { input })
      return sendMessage.__typename === 'SendMessageSuccess' ? sendMessage.message : sendMessage
    },

    async open(conversationId) {
      const shown = new ShownMessages()
      let stop = () => {}
      const follow = async (): Promise<void> => {
        stop()
        const { conversation } = await client.request(MessagesDocument, { id: conversationId, last: 50 })
        if (!conversation) return
        const { edges, cursor } = conversation.messages
        shown.replace(edges.map(({ node }) => node))
        stop = socket.subscribe<ConversationEventsSubscription>(
          {
            query: ConversationEventsDocument,
            variables: { conversationId, after: cursor.eventSeq, mark: cursor.mark },
          },
          { next: ({ data }) => data && take(data.conversationEvents), error: onError ?? console.error, complete() {} },
        )
      }
      const take = (event: ConversationEventsSubscription['conversationEvents']): void => {
        onEvent?.(event)
        if ('message' in event) shown.put(event.message)
        // Events are missing: read the page anew, and go on from its cursor.
        if (event.__typename === 'SnapshotRequired') void follow().catch(onError)
      }
      await follow()
      return { messages: () => shown.list(), close: () => stop() }
    },

    async close() {
      await socket.dispose()
    },
  }
}
