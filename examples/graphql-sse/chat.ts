import type { Client } from 'graphql-sse'
import {
  ConversationEventsDocument,
  InboxDocument,
  LoginDocument,
  MessagesDocument,
  SendMessageDocument,
  type ConversationEventsSubscription,
} from '../../sdk/src/generated/graphql.ts'
import type { DocumentText } from '../../sdk/src/requests/document.ts'
import { createLiveSseClient } from '../../sdk/src/links/resuming-sse.ts'
import { keepSession, type SessionKeeper } from '../../sdk/src/links/kept-session.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import { ShownMessages } from '../shown.ts'

/** Any operation is a stream here; that of a query or a mutation has one result, and is asked for again until it came. */
async function ask<Data, Variables>(client: Client, document: DocumentText<Data, Variables>, variables: Variables) {
  for await (const { data, errors } of client.iterate<Data>({
    query: document,
    variables: variables as object as Record<string, unknown>,
  })) {
    if (data) return data
    throw new Error(errors?.map(({ message }) => message).join('\n'))
  }
  throw new Error('No answer')
}

/** A chat by server-sent events alone, with graphql-sse: for networks that let no WebSocket through. */
export async function openChat({ url, handle, password, onEvent, onError, live }: ChatOptions): Promise<Chat> {
  let session: SessionKeeper | null = null
  const client = createLiveSseClient({ url, token: () => session?.token() ?? null, retryWait: live?.retryWait })
  const { login } = await ask(client, LoginDocument, { input: { handle, password } })
  if (login.__typename !== 'LoginSuccess') throw new Error(login.reason)
  session = keepSession(url, login.session)

  return {
    async conversations() {
      const { inbox } = await ask(client, InboxDocument, { first: 25 })
      return inbox.edges.map(({ node: { conversation } }) => ({
        id: conversation.id,
        title: conversation.title ?? conversation.peer?.displayName ?? '',
      }))
    },

    async send(conversationId, text) {
      // The key is made once, when the user acts, and goes out with every attempt.
      const input = { conversationId, text, clientMessageId: crypto.randomUUID() }
      const { sendMessage } = await ask(client, SendMessageDocument, { input })
      return sendMessage.__typename === 'SendMessageSuccess' ? sendMessage.message : sendMessage
    },

    async open(conversationId) {
      const shown = new ShownMessages()
      let stop = () => {}
      const follow = async (): Promise<void> => {
        stop()
        const { conversation } = await ask(client, MessagesDocument, { id: conversationId, last: 50 })
        if (!conversation) return
        const { edges, cursor } = conversation.messages
        shown.replace(edges.map(({ node }) => node))
        stop = client.subscribe<ConversationEventsSubscription>(
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
      client.dispose()
    },
  }
}
