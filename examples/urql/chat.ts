import { Client, fetchExchange, type AnyVariables, type TypedDocumentNode } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import type { ResultOf } from 'gql.tada'
import { createParleyUrql, keepSession, type SessionKeeper } from '../../sdk/src/links/urql.ts'
import type { Chat, ChatOptions } from '../chat.ts'
import { ConversationEvents, Inbox, Login, Messages, SendMessage } from '../gql-tada/documents.ts'
import schema from './generated/introspection.ts'

/** What has no id of its own lives inside what it came with. All else that a cache keeps is a Node. */
const keys = Object.fromEntries(
  schema.__schema.types
    .filter((type) => type.kind === 'OBJECT' && !type.interfaces.some(({ name }) => name === 'Node'))
    .filter(({ name }) => !['Query', 'Mutation', 'Subscription'].includes(name))
    .map(({ name }) => [name, () => null]),
)

type Page = ResultOf<typeof Messages>
type Edge = NonNullable<Page['conversation']>['messages']['edges'][number]

/** Puts an edge where it belongs: a message's place is its seq, and there is one at each. */
function put(page: Page | null, edge: Edge): Page | null {
  if (!page?.conversation) return page
  const { messages } = page.conversation
  const others = messages.edges.filter(({ node }) => node.seq !== edge.node.seq)
  const edges = [...others, edge].sort((a, b) => a.node.seq - b.node.seq)
  return { conversation: { ...page.conversation, messages: { ...messages, edges } } }
}

/** A chat with urql and its normalised cache: what is shown is in Graphcache. */
export async function openChat({ url, handle, password, onEvent, onError, live }: ChatOptions): Promise<Chat> {
  let session: SessionKeeper | null = null
  const parley = createParleyUrql({ url, token: () => session?.token() ?? null, ...live })
  const client = new Client({
    ...parley.options,
    exchanges: [
      cacheExchange({
        // Without it the cache guesses which types a fragment on an interface fits, and takes nothing for nullable.
        schema,
        keys,
        updates: {
          Subscription: {
            // What is edited or deleted is in the cache by now, as it came with its id.
            conversationEvents({ conversationEvents: event }: ResultOf<typeof ConversationEvents>, variables, cache) {
              if (event.__typename !== 'MessageSent') return
              const { conversationId } = variables as { conversationId: string }
              cache.updateQuery({ query: Messages, variables: { conversationId } }, (page) => put(page, event.edge))
            },
          },
        },
      }),
      fetchExchange,
      parley.exchange,
    ],
  })
  async function ask<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    kind: 'query' | 'mutation' = 'query',
  ): Promise<Data> {
    const { data, error } = await client[kind](document, variables, { requestPolicy: 'network-only' }).toPromise()
    if (!data) throw error ?? new Error('No answer')
    return data
  }

  const { login } = await ask(Login, { input: { handle, password } }, 'mutation')
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
      const { sendMessage } = await ask(SendMessage, { input }, 'mutation')
      return sendMessage.__typename === 'SendMessageSuccess' ? sendMessage.message : sendMessage
    },

    async open(conversationId) {
      let stop = () => {}
      const follow = async (): Promise<void> => {
        stop()
        const { conversation } = await ask(Messages, { conversationId })
        const from = conversation?.messages.cursor
        const position = { conversationId, after: from?.eventSeq ?? null, mark: from?.mark ?? null }
        const events = client.subscription(ConversationEvents, position).subscribe(({ data, error }) => {
          if (!data) return onError?.(error)
          onEvent?.(data.conversationEvents)
          // Events are missing: read the page anew, and go on from its cursor.
          if (data.conversationEvents.__typename === 'SnapshotRequired') void follow().catch(onError)
        })
        stop = () => events.unsubscribe()
      }
      await follow()

      return {
        messages() {
          const page = client.readQuery(Messages, { conversationId })?.data
          return (page?.conversation?.messages.edges ?? []).map(({ node: { seq, text } }) => ({ seq, text }))
        },
        close: () => stop(),
      }
    },

    async close() {
      await parley.close()
    },
  }
}
