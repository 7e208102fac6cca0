import {
  OperationTypeNode,
  TypeInfo,
  getNamedType,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql'
import type { Prepared } from '../operations.ts'

/**
 * Fields that may be in an answer that is kept: whatever changes them appends to a stream that the loaders have noted, or is told by
 * `shown_moves`. A field that is not here keeps its answer from being kept: those of receipts and presence, which also follow settings
 * and time; counts that depend on when muting ends; addresses of files, which expire; and what nobody has looked at yet.
 */
export const keepableFields: Readonly<Record<string, readonly string[]>> = {
  Query: ['conversation', 'inbox'],
  InboxConnection: ['edges', 'pageInfo', 'cursor'],
  InboxEdge: ['cursor', 'node'],
  InboxEntry: [
    ...['id', 'conversation', 'unreadCount', 'unreadMentionCount', 'lastReadSeq', 'historyFromSeq', 'mutedUntil'],
    ...['archived', 'hidden', 'pinned'],
  ],
  Conversation: [
    ...['id', 'kind', 'title', 'editPolicy', 'createdAt', 'lastActivityAt', 'headSeq', 'cursor', 'peer', 'closedAt'],
    ...['deletedAt', 'memberCount', 'lastMessage', 'messages', 'viewerEntry'],
  ],
  MessageConnection: ['edges', 'pageInfo', 'cursor'],
  MessageEdge: ['cursor', 'node'],
  PageInfo: ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'],
  StreamCursor: ['streamId', 'eventSeq', 'mark'],
  Message: [
    ...['id', 'conversation', 'seq', 'sender', 'text', 'revision', 'clientMessageId', 'mentions', 'mentionsEveryone'],
    ...['createdAt', 'editedAt', 'deletedAt', 'deletedBy', 'replyTo'],
  ],
  User: ['id', 'handle', 'displayName', 'avatarUrl', 'role', 'createdAt'],
}

/** Whether all fields of the document may be kept. The document is valid. */
function isKeepable(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema)
  let isAllowed = true
  visit(
    document,
    visitWithTypeInfo(types, {
      Field({ name: { value: name } }) {
        const parent = types.getParentType()
        if (name === '__typename') return undefined
        if (!parent || !Object.hasOwn(keepableFields, parent.name)) isAllowed = false
        else if (!keepableFields[parent.name]?.includes(name)) isAllowed = false
        // What a field gives must be one type: of an interface or a union anything could come.
        const type = getNamedType(types.getType())
        if (type && 'getTypes' in type) isAllowed = false
        return undefined
      },
    }),
  )
  return isAllowed
}

/** By operation: a number of its own when its answers may be kept, else 0. */
export class KeepableOperations {
  private readonly numbers = new WeakMap<Prepared, number>()
  private count = 0

  constructor(private readonly schema: GraphQLSchema) {}

  numberOf(prepared: Prepared): number {
    const known = this.numbers.get(prepared)
    if (known !== undefined) return known
    const is =
      prepared.operation.operation === OperationTypeNode.QUERY && isKeepable(this.schema, prepared.document)
    const number = is ? ++this.count : 0
    this.numbers.set(prepared, number)
    return number
  }
}
