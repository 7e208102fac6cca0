import { z } from 'zod'
import { isUuid } from '../../domain/ids.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import { ValidationError } from '../../domain/errors.ts'
import {
  isNotAfter,
  type Found,
  type FoundPlace,
  type SearchFilter,
  type SearchWindow,
} from '../../domain/search/search.ts'
import { parseSearchQuery, type QueryFault, type SearchQuery } from '../../domain/text/search-query.ts'
import { snippetOf, type Snippet as SnippetShape } from '../../domain/text/snippet.ts'
import type { SearchPlace } from '../../store/search.ts'
import { builder } from '../building/builder.ts'
import { noteReading } from '../conversations/conversation.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer } from '../building/context.ts'
import { requireId } from '../building/ids.ts'
import { validate, within } from '../building/validate.ts'
import { Message } from '../messages/message.ts'

const TextRange = builder.objectRef<SnippetShape['ranges'][number]>('TextRange').implement({
  description: 'A part of a text, in UTF-16 code units, as the strings of JavaScript, Java and Swift’s NSString count.',
  fields: (t) => ({
    start: t.exposeInt('start', { description: 'Where it begins.' }),
    end: t.exposeInt('end', { description: 'Where it ends: the first code unit that is no longer in it.' }),
  }),
})

const Snippet = builder.objectRef<SnippetShape>('SearchSnippet').implement({
  description:
    'The part of a message’s text with the first match, or the name of a file of it that matches. Plain text, not HTML.',
  fields: (t) => ({
    text: t.exposeString('text', {
      description: 'The whole text up to 200 code units, else a part of about as many, with … where it was cut.',
    }),
    ranges: t.field({
      type: [TextRange],
      description: 'The words that match, in `text`: in order, none within another.',
      resolve: ({ ranges }) => ranges,
    }),
  }),
})

/** An edge as the query resolves it. */
interface EdgeShape {
  query: SearchQuery
  found: Found
}

const MessageSearchEdge = builder.edgeObject({
  type: Message,
  name: 'MessageSearchEdge',
  description: 'A message that was found, and its place among them.',
  fields: (t) => ({
    snippet: t.field({
      type: Snippet,
      description: 'Where it matches.',
      resolve: async (edge, _, { loaders }) => {
        const { query, found } = edge as unknown as EdgeShape
        const { conversationId, seq, text, attachmentCount } = found.message
        const ofText = snippetOf(query, text ?? '')
        if (ofText.ranges.length > 0 || attachmentCount === 0) return ofText
        const files = await loaders.attachmentsOf.load({ conversationId, seq })
        return files.map(({ fileName }) => snippetOf(query, fileName)).find(({ ranges }) => ranges.length > 0) ?? ofText
      },
    }),
  }),
})

export const MessageSearchConnection = builder.connectionObject(
  { type: Message, name: 'MessageSearchConnection', description: 'A page of messages that were found.' },
  MessageSearchEdge,
)

const limits = { defaultSize: 25, maxSize: 100 }
const queryText = within(1, 512)

const faults: Readonly<Record<QueryFault, string>> = {
  'no-words': 'Must hold a letter, a digit or a picture to search for.',
  'only-not': 'Must hold a word to search for besides those that must not be there.',
  'too-many': 'Must hold at most 64 words.',
}

function checkQuery(text: string): SearchQuery {
  const parsed = parseSearchQuery(validate(queryText, 'query', text))
  if (typeof parsed !== 'string') return parsed
  throw new ValidationError(`query: ${faults[parsed]}`, [{ path: ['query'], reason: faults[parsed] }])
}

const moment = z
  .date()
  .refine((date) => isMomentMs(date.getTime()), { message: 'Must be a time from 1970 to 9999.' })
  .transform((date) => date.getTime())

const isInt = (part: unknown): part is number => Number.isInteger(part) && Math.abs(part as number) < 2 ** 31

function placeOf([atMs, conversationId, seq]: unknown[]): SearchPlace | null {
  const isPlace =
    isMomentMs(atMs) && typeof conversationId === 'string' && isUuid(conversationId) && isInt(seq) && seq > 0
  return isPlace ? { atMs, conversationId, seq } : null
}

const partsOf = (place: SearchPlace | null) => (place ? [place.atMs, place.conversationId, place.seq] : [])

/** Rank and place of a message, then the bounds of what it was ranked with; the lower one is left out where there is none. */
const cursorOf = ({ rank, window: { below, downTo }, ...place }: FoundPlace): string =>
  encodeCursor('found', [rank, ...partsOf(place), ...partsOf(below), ...partsOf(downTo)])

function foundPlaceOf([rank, ...parts]: unknown[]): FoundPlace | null {
  const place = placeOf(parts.slice(0, 3))
  const below = placeOf(parts.slice(3, 6))
  const downTo = parts.length === 6 ? null : placeOf(parts.slice(6))
  if (!isInt(rank) || !place || !below || (parts.length !== 6 && (parts.length !== 9 || !downTo))) return null
  const window: SearchWindow = { below, downTo }
  return { rank, ...place, window }
}

builder.queryField('searchMessages', (t) =>
  t.field({
    type: MessageSearchConnection,
    description:
      'Messages in the viewer’s conversations that hold all words of the query, in their text or the names of their files, the last ' +
      'one also as the beginning of a word. "Quoted words" stand in a row, -word must not be there, or gives a choice. Case, accents, hyphens and apostrophes make no ' +
      'difference. Of the newest 100 that match, those with whole words and more of them come first, of equal ones the newest; ' +
      'then come the next 100. A message is found within 2 s of its being sent or edited, and not after it was deleted. At most 100 per page; 25 by default.',
    args: {
      query: t.arg.string({ required: true, description: '1 to 512 characters (code points), up to 64 words.' }),
      conversationId: t.arg.id({ description: 'Only in this conversation.' }),
      senderId: t.arg.id({ description: 'Only what this person sent.' }),
      from: t.arg({ type: 'DateTime', description: 'Only what was sent at this time or later.' }),
      to: t.arg({ type: 'DateTime', description: 'Only what was sent before this time.' }),
      hasAttachment: t.arg.boolean({ description: 'True: only with attachments. False: only without.' }),
      first: t.arg.int({ description: 'How many messages, 0 to 100.' }),
      after: t.arg.string({ description: 'Only messages after this cursor, of the same query.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const query = checkQuery(args.query)
      const page = checkPage(args, limits)
      const after = page.after === null ? null : decodeCursor('found', 'after', page.after, foundPlaceOf)
      const filter: SearchFilter = {
        conversationId: args.conversationId == null ? null : requireId('Conversation', args.conversationId),
        senderId: args.senderId == null ? null : requireId('User', args.senderId),
        fromMs: args.from == null ? null : validate(moment, 'from', args.from),
        toMs: args.to == null ? null : validate(moment, 'to', args.to),
        hasAttachment: args.hasAttachment ?? null,
      }
      const { search } = context.domain
      const find = (place: FoundPlace | null, limit: number) =>
        search.messages(viewer, { query, filter, after: place, limit }, context.loaders)
      const found = await find(after, page.size + 1)
      const isBehind = async () => {
        const [first] = await find(null, 1)
        return first !== undefined && after !== null && isNotAfter(first, after)
      }
      for (const id of new Set(found.map(({ message }) => message.conversationId))) await noteReading(context, id)
      const connection = toConnection(toPage(found, page, cursorOf, isBehind), (row) => row)
      return {
        pageInfo: connection.pageInfo,
        edges: connection.edges.map(({ node }) => ({
          node: node.message,
          query,
          found: node,
          get cursor() {
            return cursorOf(node)
          },
        })),
      }
    },
  }),
)
