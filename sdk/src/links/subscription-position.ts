import {
  Kind,
  OperationTypeNode,
  parse,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql'

/** An operation as graphql-ws and graphql-sse send it. */
export interface Operation {
  query: string
  operationName?: string | null
  variables?: Record<string, unknown> | null
}

interface Cursor {
  streamId?: string
  eventSeq: number
  mark?: string | null
}

/** Subscriptions whose events have a cursor, and whether they follow one stream or many. */
const streamFields: Readonly<Record<string, 'one' | 'many'>> = {
  conversationEvents: 'one',
  messageEvents: 'one',
  receiptEvents: 'one',
  inboxEvents: 'many',
  supportEvents: 'many',
}
/** Types that all events and cursors have; a fragment on any other type leaves some of them out. */
const everyEvent = ['StreamCursor', 'StreamEvent', 'ConversationEvent', 'MessageEvent', 'ReceiptEvent', 'InboxEvent']

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/** The field of this name that every event has, also inside a fragment. */
function findField(set: SelectionSetNode | undefined, name: string, fragments: Fragments): FieldNode | undefined {
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      if (selection.name.value === name) return selection
      continue
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
    const type = fragment?.typeCondition?.name.value
    if (type !== undefined && !everyEvent.includes(type)) continue
    const found = findField(fragment?.selectionSet, name, fragments)
    if (found) return found
  }
  return undefined
}

const keyOf = (field: FieldNode | undefined) => (field?.alias ?? field?.name)?.value

function variableOf(field: FieldNode, argument: string): string | undefined {
  const value = field.arguments?.find(({ name }) => name.value === argument)?.value
  return value?.kind === Kind.VARIABLE ? value.name.value : undefined
}

/**
 * The position from which a subscription continues when it must be sent again: its first variables, and the events since.
 * It finds the names of variables and fields in the document, so it works with any document that takes the position by
 * variables and selects it.
 */
export class SubscriptionPosition {
  private readonly cursors = new Map<string, Cursor>()
  private newest: Cursor | null = null
  private token: string | null = null

  private constructor(
    private readonly given: Record<string, unknown>,
    private readonly names: {
      root: string
      cursor: string | undefined
      resume: string | undefined
      after: string | undefined
      mark: string | undefined
      token: string | undefined
    },
    private readonly follows: 'one' | 'many',
  ) {
    if (follows === 'one') return
    const after = names.after === undefined ? null : given[names.after]
    for (const cursor of (after ?? []) as Cursor[]) this.cursors.set(String(cursor.streamId), cursor)
    const token = names.token === undefined ? null : given[names.token]
    if (typeof token === 'string') this.token = token
  }

  /**
   * Null for operations without a position: queries, mutations, typing and presence. Throws an Error for a subscription
   * that cannot be resumed because its document does not select the cursor or does not take it by a variable, and a
   * GraphQLError for a syntax error.
   */
  static of(operation: Operation): SubscriptionPosition | null {
    const document = parse(operation.query, { noLocation: true })
    const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    const name = operation.operationName
    const found = operations.find((candidate) => !name || candidate.name?.value === name)
    if (found?.operation !== OperationTypeNode.SUBSCRIPTION) return null
    const field = found.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD)
    const follows = field && streamFields[field.name.value]
    if (!follows) return null

    const fragments = new Map(
      document.definitions
        .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map((definition) => [definition.name.value, definition]),
    )
    const cursor = findField(field.selectionSet, 'cursor', fragments)
    const names = {
      root: keyOf(field) ?? '',
      cursor: keyOf(cursor),
      resume: keyOf(findField(field.selectionSet, 'resume', fragments)),
      after: variableOf(field, 'after'),
      mark: variableOf(field, 'mark'),
      token: variableOf(field, 'resume'),
    }
    // Without aliases: the cursor is read under its names in the schema.
    const selects = (name: string) => keyOf(findField(cursor?.selectionSet, name, fragments)) === name
    const goesOnByCursor =
      names.after !== undefined &&
      selects('eventSeq') &&
      (names.mark === undefined || selects('mark')) &&
      (follows === 'one' || selects('streamId'))
    const goesOnByToken = names.token !== undefined && names.resume !== undefined
    if (!goesOnByCursor && !goesOnByToken) {
      throw new Error(
        follows === 'one'
          ? `${field.name.value} cannot go on after a cut: pass (after: $after, mark: $mark) and select cursor { eventSeq mark }`
          : `${field.name.value} cannot go on after a cut: pass (resume: $resume) and select resume, or pass (after: $after) and select cursor { streamId eventSeq mark }`,
      )
    }
    return new SubscriptionPosition(operation.variables ?? {}, names, follows)
  }

  /** Notes a result: the next start is after it. */
  take(result: { data?: unknown }): void {
    const event = (result.data as Record<string, Record<string, unknown> | null> | null | undefined)?.[this.names.root]
    if (!event) return
    const { cursor: cursorKey, resume: resumeKey } = this.names
    const cursor = cursorKey === undefined ? undefined : (event[cursorKey] as Cursor | null | undefined)
    const token = resumeKey === undefined ? undefined : event[resumeKey]
    if (this.follows === 'one') {
      this.newest = cursor ?? this.newest
    } else if (typeof token === 'string') {
      // The token covers all streams, also streams without a known cursor.
      this.token = token
      this.cursors.clear()
    } else if (cursor?.streamId !== undefined) {
      const { streamId, eventSeq, mark = null } = cursor
      this.cursors.set(streamId, { streamId, eventSeq, mark })
    }
  }

  /** The variables for the next subscribe. */
  get variables(): Record<string, unknown> {
    const { after, mark, token } = this.names
    if (this.follows === 'one') {
      if (!this.newest) return this.given
      return {
        ...this.given,
        ...(after !== undefined && { [after]: this.newest.eventSeq }),
        ...(mark !== undefined && { [mark]: this.newest.mark ?? null }),
      }
    }
    return {
      ...this.given,
      ...(after !== undefined && { [after]: this.cursors.size > 0 ? [...this.cursors.values()] : null }),
      ...(token !== undefined && { [token]: this.token }),
    }
  }
}
