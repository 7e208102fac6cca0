import type { TypedDocument } from '@parley/client'
import type { Id, MessageState, UserState } from './types.ts'

const user = 'id handle displayName avatarUrl'

/** Found messages with where they are. */
export const SearchMessagesDocument: TypedDocument<
  {
    searchMessages: {
      edges: {
        node: { id: Id; seq: number; createdAt: string; sender: UserState; conversation: { id: Id } }
        snippet: { text: string; ranges: { start: number; end: number }[] }
      }[]
    }
  },
  { query: string; first: number }
> = `query SearchMessagesWithPlace($query: String!, $first: Int) {
  searchMessages(query: $query, first: $first) {
    edges {
      node { id seq createdAt sender { ${user} } conversation { id } }
      snippet { text ranges { start end } }
    }
  }
}`

/** The answers to a message, as the timeline has messages. */
export const RepliesDocument: TypedDocument<
  { node: { replies?: { nodes: MessageState[] } } | null },
  { id: Id; first: number }
> = `query RepliesOfMessage($id: ID!, $first: Int) {
  node(id: $id) {
    ... on Message {
      replies(first: $first) {
        nodes {
          id seq sender { ${user} } text revision clientMessageId replyTo { id seq } replyCount mentions { ${user} }
          mentionsEveryone reactions { emoji count viewerReacted } createdAt editedAt deletedAt
          attachments { id fileName contentType byteSize url width height blurHash }
        }
      }
    }
  }
}`
