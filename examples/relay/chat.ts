import {
  commitMutation,
  ConnectionHandler,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getRequest,
  graphql,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
  type GraphQLResponse,
  type GraphQLTaggedNode,
  type MutationParameters,
  type OperationType,
} from 'relay-runtime'
import { createLiveClient } from '../../sdk/src/links/resuming-client.ts'
import { retryingFetch } from '../../sdk/src/links/retrying-fetch.ts'
import { keepSession, type SessionKeeper } from '../../sdk/src/links/kept-session.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import type { chatConversationEventsSubscription } from './generated/chatConversationEventsSubscription.graphql.ts'
import type { chatInboxQuery } from './generated/chatInboxQuery.graphql.ts'
import type { chatLoginMutation } from './generated/chatLoginMutation.graphql.ts'
import type { chatMessagesQuery } from './generated/chatMessagesQuery.graphql.ts'
import type { chatSendMessageMutation } from './generated/chatSendMessageMutation.graphql.ts'

const Login = graphql`
  mutation chatLoginMutation($input: LoginInput!) {
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
`

const Inbox = graphql`
  query chatInboxQuery {
    inbox(first: 25) {
      nodes {
        id
        unreadCount
        conversation {
          id
          title
          peer {
            id
            displayName
          }
        }
      }
    }
  }
`

/** `cursor` is that of the very page. Read it when the page comes: an older page that is loaded later brings its own. */
const Messages = graphql`
  query chatMessagesQuery($conversationId: ID!, $before: String) {
    conversation(id: $conversationId) {
      id
      messages(last: 50, before: $before) @connection(key: "chat_messages") {
        cursor {
          eventSeq
          mark
        }
        edges {
          node {
            id
            seq
            text
            revision
            sender {
              id
              displayName
            }
          }
        }
      }
    }
  }
`

/** Events come in the order of the messages, so a new one belongs at the end. Edits and deletions find theirs by its id. */
const ConversationEvents = graphql`
  subscription chatConversationEventsSubscription(
    $conversationId: ID!
    $after: Int
    $mark: String
    $connections: [ID!]!
  ) {
    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {
      __typename
      cursor {
        streamId
        eventSeq
        mark
      }
      ... on MessageSent {
        edge @appendEdge(connections: $connections) {
          node {
            id
            seq
            text
            revision
            sender {
              id
              displayName
            }
          }
        }
      }
      ... on MessageEdited {
        message {
          id
          text
          revision
        }
      }
      ... on MessageDeleted {
        message {
          id
          text
          revision
        }
      }
      ... on SnapshotRequired {
        reason
      }
    }
  }
`

const SendMessage = graphql`
  mutation chatSendMessageMutation($input: SendMessageInput!) {
    sendMessage(input: $input) {
      __typename
      ... on SendMessageSuccess {
        message {
          id
          seq
        }
      }
      ... on Error {
        code
        reason
      }
    }
  }
`

/** A chat with Relay: what is shown is in its store. */
export async function openChat({ url, handle, password, onEvent, onError, live }: ChatOptions): Promise<Chat> {
  let session: SessionKeeper | null = null
  const token = async () => session?.token() ?? ''
  const socket = createLiveClient({ url, token, ...live })
  const send = retryingFetch()
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(
      async ({ text: query }, variables) => {
        const response = await send(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            ...(session && { authorization: `Bearer ${await token()}` }),
          },
          body: JSON.stringify({ query, variables }),
        })
        return (await response.json()) as GraphQLResponse
      },
      ({ text, name }, variables) =>
        Observable.create<GraphQLResponse>((sink) =>
          socket.subscribe({ query: text ?? '', operationName: name, variables }, sink as never),
        ),
    ),
  })
  const read = async <Query extends OperationType>(query: GraphQLTaggedNode, variables: Query['variables']) =>
    fetchQuery<Query>(environment, query, variables, { fetchPolicy: 'network-only' }).toPromise()
  const write = <Mutation extends MutationParameters>(mutation: GraphQLTaggedNode, variables: Mutation['variables']) =>
    new Promise<Mutation['response']>((resolve, reject) => {
      commitMutation<Mutation>(environment, {
        mutation,
        variables,
        onCompleted: (response) => resolve(response),
        onError: reject,
      })
    })

  const { login } = await write<chatLoginMutation>(Login, { input: { handle, password } })
  // Relay's types make no union of a fragment on an interface: what is not selected for all types may be undefined.
  if (!login.session) throw new Error(login.reason)
  session = keepSession(url, login.session)

  return {
    async conversations() {
      const data = await read<chatInboxQuery>(Inbox, {})
      return (data?.inbox.nodes ?? []).map(({ conversation: { id, title, peer } }) => ({
        id,
        title: title ?? peer?.displayName ?? '',
      }))
    },

    async send(conversationId, text) {
      // The key is made once, when the user acts, and goes out with every attempt.
      const input = { conversationId, text, clientMessageId: crypto.randomUUID() }
      const { sendMessage } = await write<chatSendMessageMutation>(SendMessage, { input })
      const { message, code = '', reason = '' } = sendMessage
      return message ?? { code, reason }
    },

    async open(conversationId) {
      const page = createOperationDescriptor(getRequest(Messages), { conversationId })
      const kept = environment.retain(page)
      const connections = [ConnectionHandler.getConnectionID(conversationId, 'chat_messages')]
      let stop = () => {}
      const follow = async (): Promise<void> => {
        stop()
        const data = await read<chatMessagesQuery>(Messages, { conversationId })
        const from = data?.conversation?.messages.cursor
        const following = requestSubscription<chatConversationEventsSubscription>(environment, {
          subscription: ConversationEvents,
          variables: { conversationId, connections, after: from?.eventSeq ?? null, mark: from?.mark ?? null },
          onError,
          onNext(response) {
            const event = response?.conversationEvents
            if (!event) return
            onEvent?.(event)
            // Events are missing: read the page anew, and go on from its cursor.
            if (event.__typename === 'SnapshotRequired') void follow().catch(onError)
          },
        })
        stop = () => following.dispose()
      }
      await follow()

      return {
        messages() {
          const { data } = environment.lookup(page.fragment)
          const { conversation } = data as chatMessagesQuery['response']
          return (conversation?.messages.edges ?? []).map(({ node: { seq, text } }) => ({ seq, text: text ?? null }))
        },
        close() {
          stop()
          kept.dispose()
        },
      }
    },

    async close() {
      await socket.dispose()
    },
  }
}
