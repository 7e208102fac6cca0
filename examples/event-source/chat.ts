import { EventSource } from 'eventsource' // In a browser leave this out: it has its own.
import { GraphQLClient } from 'graphql-request'
import {
  ConversationEventsDocument,
  CreateStreamTicketDocument,
  InboxDocument,
  LoginDocument,
  MessagesDocument,
  SendMessageDocument,
  type ConversationEventsSubscription,
} from '../../sdk/src/generated/graphql.ts'
import { retryingFetch } from '../../sdk/src/links/retrying-fetch.ts'
import { keepSession } from '../../sdk/src/links/kept-session.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import { ShownMessages } from '../shown.ts'

/** A chat with the browser's own EventSource for what is live. It reconnects and goes on by itself. */
export async function openChat({ url, handle, password, onEvent, onError }: ChatOptions): Promise<Chat> {
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
      let position = { after: 0, mark: '0' }
      let source: EventSource | null = null
      let closed = false

      /** Reads the page, and follows from its cursor. */
      const follow = async (): Promise<void> => {
        source?.close()
        const { conversation } = await client.request(MessagesDocument, { id: conversationId, last: 50 })
        if (!conversation) return
        const { edges, cursor } = conversation.messages
        shown.replace(edges.map(({ node }) => node))
        position = { after: cursor.eventSeq, mark: cursor.mark }
        await connect()
      }
      /** Each stream wants a ticket of its own, as an EventSource sends no access token. */
      const connect = async (): Promise<void> => {
        const input = {
          query: ConversationEventsDocument,
          variables: { conversationId, ...position },
          operationName: 'ConversationEvents',
        }
        const { createStreamTicket: ticket } = await client.request(CreateStreamTicketDocument, { input })
        if (ticket.__typename !== 'CreateStreamTicketSuccess') throw new Error(ticket.reason)
        if (closed) return
        const opened = new EventSource(url + ticket.search)
        source = opened
        opened.addEventListener('next', ({ data }: MessageEvent<string>) => {
          const result = JSON.parse(data) as { data?: ConversationEventsSubscription | null; errors?: unknown }
          if (result.data) take(result.data.conversationEvents)
          else onError?.(result.errors)
        })
        opened.addEventListener('complete', () => opened.close())
        opened.addEventListener('error', () => {
          // Closed by itself: the ticket was not used in time, or the session ended. Otherwise it comes back.
          if (opened.readyState === EventSource.CLOSED && opened === source && !closed) void connect().catch(onError)
        })
      }
      const take = (event: ConversationEventsSubscription['conversationEvents']): void => {
        position = { after: event.cursor.eventSeq, mark: event.cursor.mark }
        onEvent?.(event)
        if ('message' in event) shown.put(event.message)
        // Events are missing: read the page anew, and go on from its cursor.
        if (event.__typename === 'SnapshotRequired') void follow().catch(onError)
      }
      await follow()
      return {
        messages: () => shown.list(),
        close() {
          closed = true
          source?.close()
        },
      }
    },

    async close() {},
  }
}
