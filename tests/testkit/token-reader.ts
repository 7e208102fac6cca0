import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { ask } from './api.ts'
import { persistently } from './persistently.ts'
import type { Person } from './person.ts'
import { Reader } from './reader.ts'

export interface TokenEvent {
  __typename: string
  cursor: { streamId: string; eventSeq: number; mark: string }
  resume: string | null
  streamId?: string
  reason?: string
}

const TokenEvents = parse(/* GraphQL */ `
  subscription TokenEvents($resume: String, $after: [StreamCursorInput!]) {
    inboxEvents(resume: $resume, after: $after) {
      __typename
      cursor {
        streamId
        eventSeq
        mark
      }
      resume
      ... on SnapshotRequired {
        streamId
        reason
      }
    }
  }
`) as TypedDocumentNode<{ inboxEvents: TokenEvent }, { resume?: string | null; after?: object[] | null }>

/** Reads inboxEvents on a socket of its own, from a token. */
export const readAfter = (person: Person, resume: string | null, after: object[] | null = null) =>
  Reader.open(person, TokenEvents, { resume, after }, (data) => data.inboxEvents)

interface PageAnswer {
  inbox: { resume: string; nodes: { conversation: { id: string; cursor: TokenEvent['cursor'] } }[] }
}

function answerTo<Data extends object>(person: Person, query: string, variables: object): Promise<Data> {
  return persistently(async () => {
    const { data, text } = await ask<Data>(person, query, variables)
    if (!data) throw new Error(text)
    return data
  })
}

/** Reads a page of the inbox with its token. */
export async function pageOf(person: Person, first = 25): Promise<PageAnswer['inbox']> {
  const query = `query ($first: Int!) { inbox(first: $first) { resume nodes { conversation { id cursor { streamId eventSeq mark } } } } }`
  return (await answerTo<PageAnswer>(person, query, { first })).inbox
}

export interface ResyncAnswer {
  resume: string
  viewerCursor: TokenEvent['cursor']
  streams: { streamId: string; hasMore: boolean; cursor: TokenEvent['cursor']; events: TokenEvent[] }[]
}

export async function resyncAfter(person: Person, variables: { resume?: string; cursors?: object[]; limit?: number }) {
  const query = `query ($resume: String, $cursors: [StreamCursorInput!], $limit: Int) {
    resync(resume: $resume, cursors: $cursors, limit: $limit) { resume viewerCursor { streamId eventSeq mark }
      streams { streamId hasMore cursor { streamId eventSeq mark }
        events { __typename cursor { streamId eventSeq mark } ... on SnapshotRequired { streamId reason } } } } }`
  return (await answerTo<{ resync: ResyncAnswer }>(person, query, variables)).resync
}
