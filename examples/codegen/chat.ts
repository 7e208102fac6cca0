import { createLiveClient } from '../../sdk/src/links/resuming-client.ts'
import { retryingFetch } from '../../sdk/src/links/retrying-fetch.ts'
import { keepSession, type SessionKeeper } from '../../sdk/src/links/kept-session.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import { ShownMessages } from '../shown.ts'
import { graphql, useFragment as read, type FragmentType } from './generated/index.ts'
import type { TypedDocumentString } from './generated/graphql.ts'

const Login = graphql(`
  mutation Login($input: LoginInput!) {
    login(input: $input) {
      __typename
      ... on LoginSuccess {
        session {
          accessToken
          accessTokenExpiresAt
          refreshToken
        }
      }
      ... on Error {
        code
        reason
      }
    }
  }
`)

const Inbox = graphql(`
  query Inbox {
    inbox(first: 25) {
      nodes {
        id
        conversation {
          id
          title
          peer {
            displayName
          }
        }
      }
    }
  }
`)

const MessageParts = graphql(`
  fragment MessageParts on Message {
    id
    seq
    text
  }
`)

const Messages = graphql(`
  query Messages($conversationId: ID!) {
    conversation(id: $conversationId) {
      messages(last: 50) {
        cursor {
          eventSeq
          mark
        }
        nodes {
          ...MessageParts
        }
      }
    }
  }
`)

const ConversationEvents = graphql(`
  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {
    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {
      __typename
      cursor {
        streamId
        eventSeq
        mark
      }
      ... on MessageSent {
        message {
          ...MessageParts
        }
      }
      ... on MessageEdited {
        message {
          ...MessageParts
        }
      }
      ... on MessageDeleted {
        message {
          ...MessageParts
        }
      }
      ... on SnapshotRequired {
        reason
      }
    }
  }
`)

const SendMessage = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
      __typename
      ... on SendMessageSuccess {
        message {
          ...MessageParts
        }
      }
      ... on Error {
        code
        reason
      }
    }
  }
`)

/** A chat without a GraphQL client: types by graphql-codegen's client preset, requests by fetch, live events by graphql-ws. */
export async function openChat({ url, handle, password, onEvent, onError, live }: ChatOptions): Promise<Chat> {
  let session: SessionKeeper | null = null
  const token = async () => session?.token() ?? ''
  const send = retryingFetch()
  async function ask<Data, Variables>(
    query: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const response = await send(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(session && { authorization: `Bearer ${await token()}` }),
      },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors } = (await response.json()) as { data?: Data | null; errors?: { message: string }[] }
    if (!data) throw new Error(errors?.map(({ message }) => message).join('\n') ?? 'No answer')
    return data
  }
  const socket = createLiveClient({ url, token, ...live })

  const { login } = await ask(Login, { input: { handle, password } })
  if (login.__typename !== 'LoginSuccess') throw new Error(login.reason)
  session = keepSession(url, login.session)

  return {
    async conversations() {
      const { inbox } = await ask(Inbox, {})
      return inbox.nodes.map(({ conversation: { id, title, peer } }) => ({
        id,
        title: title ?? peer?.displayName ?? '',
      }))
    },

    async send(conversationId, text) {
      // The key is made once, when the user acts, and goes out with every attempt.
      const input = { conversationId, text, clientMessageId: crypto.randomUUID() }
      const { sendMessage } = await ask(SendMessage, { input })
      return sendMessage.__typename === 'SendMessageSuccess' ? read(MessageParts, sendMessage.message) : sendMessage
    },

    async open(conversationId) {
      const shown = new ShownMessages()
      const put = (message: FragmentType<typeof MessageParts>) => shown.put(read(MessageParts, message))
      let stop = () => {}
      const follow = async (): Promise<void> => {
        stop()
        const { conversation } = await ask(Messages, { conversationId })
        if (!conversation) return
        const { nodes, cursor } = conversation.messages
        shown.replace(read(MessageParts, nodes))
        const variables = { conversationId, after: cursor.eventSeq, mark: cursor.mark }
        stop = socket.subscribe<ReturnType<NonNullable<(typeof ConversationEvents)['__apiType']>>>(
          { query: ConversationEvents.toString(), variables },
          {
            next({ data }) {
              if (!data) return
              const event = data.conversationEvents
              onEvent?.(event)
              if ('message' in event) put(event.message)
              // Events are missing: read the page anew, and go on from its cursor.
              if (event.__typename === 'SnapshotRequired') void follow().catch(onError)
            },
            error: onError ?? console.error,
            complete() {},
          },
        )
      }
      await follow()
      return { messages: () => shown.list(), close: () => stop() }
    },

    async close() {
      await socket.dispose()
    },
  }
}
