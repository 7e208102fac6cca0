import {
  Kind,
  OperationTypeNode,
  getNamedType,
  isLeafType,
  isObjectType,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql'
import type { Prepared } from '../operations.ts'
import { fragmentsOf } from '../plan-operation.ts'
import { listShapeOf, type ListShape } from './list-shape.ts'

/**
 * Fields that may be in an answer that is kept: whatever changes them appends to a stream that the loaders have noted, or is told by
 * `shown_moves`. A field that is not here keeps its answer from being kept: those of receipts and presence, which also follow settings
 * and time; counts that depend on when muting ends; cursors of the inbox, which have the moment of the read; addresses of files, which expire; and what nobody has looked at yet.
 */
export const keepableFields: Readonly<Record<string, readonly string[]>> = {
  Query: ['conversation', 'inbox'],
  InboxConnection: ['edges', 'nodes', 'cursor'],
  InboxEdge: ['node'],
  InboxEntry: [
    ...['id', 'conversation', 'unreadCount', 'unreadMentionCount', 'lastReadSeq', 'historyFromSeq', 'mutedUntil'],
    ...['archived', 'hidden', 'pinned'],
  ],
  Conversation: [
    ...['id', 'kind', 'title', 'editPolicy', 'createdAt', 'lastActivityAt', 'headSeq', 'cursor', 'peer', 'closedAt'],
    ...['memberPermissions', 'historyVisibility', 'deletedAt', 'memberCount', 'lastMessage', 'messages', 'viewerEntry'],
  ],
  MessageConnection: ['edges', 'nodes', 'pageInfo', 'cursor'],
  MessageEdge: ['cursor', 'node'],
  PageInfo: ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'],
  StreamCursor: ['streamId', 'eventSeq', 'mark'],
  Message: [
    ...['id', 'conversation', 'seq', 'sender', 'text', 'revision', 'clientMessageId', 'mentions', 'mentionsEveryone'],
    ...['createdAt', 'editedAt', 'deletedAt', 'deletedBy', 'replyTo'],
  ],
  User: ['id', 'handle', 'displayName', 'avatarUrl', 'role', 'createdAt'],
}

interface Fragments {
  byName: Readonly<Record<string, FragmentDefinitionNode>>
  /** By type and fragment: each is looked through once, however often it is spread. */
  known: Map<string, boolean>
}

/**
 * Whether all that is selected of this type may be kept. The document is valid. A fragment on an interface selects fields that the type
 * has itself; below a field is one type, as of an interface or a union anything could come.
 */
function isKeepable(type: GraphQLObjectType, { selections }: SelectionSetNode, fragments: Fragments): boolean {
  const fields = type.getFields()
  return selections.every((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return isKeepable(type, selection.selectionSet, fragments)
    const name = selection.name.value
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const key = `${type.name} ${name}`
      const fragment = fragments.byName[name]
      const known = fragments.known.get(key)
      if (known !== undefined) return known
      const is = fragment !== undefined && isKeepable(type, fragment.selectionSet, fragments)
      fragments.known.set(key, is)
      return is
    }
    if (name === '__typename') return true
    const field = fields[name]
    if (!field || !Object.hasOwn(keepableFields, type.name) || !keepableFields[type.name]?.includes(name)) return false
    const inner = getNamedType(field.type)
    if (isLeafType(inner)) return true
    return (
      isObjectType(inner) &&
      selection.selectionSet !== undefined &&
      isKeepable(inner, selection.selectionSet, fragments)
    )
  })
}

/** By operation: a number of its own when its answers may be kept, else 0. */
export class KeepableOperations {
  private readonly numbers = new WeakMap<Prepared, number>()
  private readonly shapes = new WeakMap<Prepared, ListShape | null>()
  private count = 0

  constructor(private readonly schema: GraphQLSchema) {}

  /** Of one that may be kept: its list, if it asks for one. */
  shapeOf(prepared: Prepared): ListShape | null {
    let shape = this.shapes.get(prepared)
    if (shape === undefined) this.shapes.set(prepared, (shape = listShapeOf(this.schema, prepared)))
    return shape
  }

  numberOf(prepared: Prepared): number {
    const known = this.numbers.get(prepared)
    if (known !== undefined) return known
    const { operation, document } = prepared
    const root = this.schema.getQueryType()
    const isQuery = operation.operation === OperationTypeNode.QUERY
    const fragments = { byName: fragmentsOf(document), known: new Map<string, boolean>() }
    const is = isQuery && root ? isKeepable(root, operation.selectionSet, fragments) : false
    const number = is ? ++this.count : 0
    this.numbers.set(prepared, number)
    return number
  }
}
