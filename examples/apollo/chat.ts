import { ApolloClient, InMemoryCache } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import { createParleyLink, keepSession, type SessionKeeper } from '../../sdk/src/links/apollo.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import { ConversationEvents, Inbox, InboxEvents, Login, Messages, SendMessage } from './documents.ts'
import generated, { type PossibleTypesResultData } from './generated/possible-types.ts'
import type { InboxQuery, MessagesQuery } from './generated/graphql.ts'

/** Without possibleTypes the cache drops what is selected on an interface, as `... on Error { code reason }`. */
const { possibleTypes }: PossibleTypesResultData = generated

type Edge = NonNullable<MessagesQuery['conversation']>['messages']['edges'][number]

/** Puts an edge where it belongs: a message's place is its seq, and there is one at each. */
function put(edges: Edge[], edge: Edge): Edge[] {
  const others = edges.filter(({ node }) => node.seq !== edge.node.seq)
  return [...others, edge].sort((a, b) => a.node.seq - b.node.seq)
}

/** A chat with Apollo Client: what is shown is in its cache. */
export async function openChat({ url, handle, password, onEvent, onError, live }: ChatOptions): Promise<Chat> {
  let session: SessionKeeper | null = null
  const { link, close } = createParleyLink({ url, token: () => session?.token() ?? null, ...live })
  const client = new ApolloClient({
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: {
        // Older pages come before those that are there; a page read anew takes their place.
        Conversation: { fields: { messages: relayStylePagination() } },
        // An event is no change of the event before it.
        Subscription: { fields: { conversationEvents: { merge: false }, inboxEvents: { merge: false } } },
      },
    }),
    link,
  })

  const { data } = await client.mutate({ mutation: Login, variables: { input: { handle, password } } })
  if (data?.login.__typename !== 'LoginSuccess') throw new Error(data?.login.reason ?? 'The log in failed')
  session = keepSession(url, data.login.session)

  return {
    async conversations() {
      const { data } = await client.query({ query: Inbox, fetchPolicy: 'network-only' })
      return (data?.inbox.nodes ?? []).map(({ conversation: { id, title, peer } }) => ({
        id,
        title: title ?? peer?.displayName ?? '',
      }))
    },

    async send(conversationId, text) {
      // The key is made once, when the user acts, and goes out with every attempt.
      const input = { conversationId, text, clientMessageId: crypto.randomUUID() }
      const { data } = await client.mutate({ mutation: SendMessage, variables: { input } })
      if (!data) throw new Error('No answer')
      return data.sendMessage.__typename === 'SendMessageSuccess' ? data.sendMessage.message : data.sendMessage
    },

    async open(conversationId) {
      const page = client.watchQuery({
        query: Messages,
        variables: { conversationId },
        fetchPolicy: 'network-only',
        nextFetchPolicy: 'cache-first',
      })
      const watching = page.subscribe(() => undefined) // Here the screen is drawn.
      let stop = () => {}

      const follow = async (): Promise<void> => {
        stop()
        const { data } = await page.refetch()
        const from = data?.conversation?.messages.cursor
        stop = page.subscribeToMore({
          document: ConversationEvents,
          variables: { conversationId, after: from?.eventSeq ?? null, mark: from?.mark ?? null },
          onError,
          updateQuery(_unsafe, { subscriptionData: { data }, complete, previousData }) {
            const event = data.conversationEvents
            onEvent?.(event)
            const shown = complete ? previousData : null
            const conversation = shown?.conversation
            // Events are missing, or the page has left the cache: read it anew, and go on from its cursor.
            if (event.__typename === 'SnapshotRequired' || !conversation) void follow().catch(onError)
            // What is edited or deleted is in the cache by now, as it came with its id.
            if (event.__typename !== 'MessageSent' || !conversation) return undefined
            const edges = put(conversation.messages.edges, event.edge)
            return { ...shown, conversation: { ...conversation, messages: { ...conversation.messages, edges } } }
          },
        })
      }
      await follow()

      return {
        messages() {
          const { data } = page.getCurrentResult()
          const shown = data as MessagesQuery | undefined
          return (shown?.conversation?.messages.edges ?? []).map(({ node: { seq, text } }) => ({
            seq,
            text: text ?? null,
          }))
        },
        close() {
          stop()
          watching.unsubscribe()
        },
      }
    },

    async openInbox() {
      const page = client.watchQuery({ query: Inbox, fetchPolicy: 'network-only', nextFetchPolicy: 'cache-first' })
      const watching = page.subscribe(() => undefined) // Here the screen is drawn.
      let stop = () => {}
      const follow = async (): Promise<void> => {
        stop()
        const { data } = await page.refetch()
        stop = page.subscribeToMore({
          document: InboxEvents,
          variables: { resume: data?.inbox.resume ?? null, after: null },
          onError,
          updateQuery(_unsafe, { subscriptionData: { data }, complete, previousData }) {
            const event = data.inboxEvents
            onEvent?.(event)
            const shown = complete ? previousData : null
            if (event.__typename === 'InboxEntryChanged' && !event.entry && shown) {
              const nodes = shown.inbox.nodes.filter(({ conversation }) => conversation.id !== event.conversationId)
              return { ...shown, inbox: { ...shown.inbox, nodes } }
            }
            const id =
              'message' in event ? event.message.conversation.id : 'entry' in event ? event.conversationId : null
            const isNew = id !== null && !shown?.inbox.nodes.some(({ conversation }) => conversation.id === id)
            // Something that is not on the page, or events are missing: read it anew, and go on from its token.
            if (isNew || event.__typename === 'SnapshotRequired') void follow().catch(onError)
            // What changed in an entry that is shown is in the cache by now.
            return undefined
          },
        })
      }
      await follow()

      return {
        entries() {
          const { data } = page.getCurrentResult()
          const shown = data as InboxQuery | undefined
          return (shown?.inbox.nodes ?? []).map(({ unreadCount, conversation: { id, lastMessage } }) => ({
            id,
            unreadCount,
            lastText: lastMessage?.text ?? null,
          }))
        },
        close() {
          stop()
          watching.unsubscribe()
        },
      }
    },

    async close() {
      client.stop()
      await close()
    },
  }
}
