import { Kind, parse, print, visit, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql'
import { SyncInboxEventsDocument } from '../../sdk/src/generated/graphql.ts'
import { textOf, type DocumentText, type TypedDocument } from '../../sdk/src/requests/document.ts'

const selectionOf = (text: string): SelectionSetNode => {
  const [definition] = parse(text).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no selection')
  return definition.selectionSet
}

/** What the SDK keeps of each event: the fragment SyncEvent, and those that it is made of. */
const ofTheSdk = parse(textOf(SyncInboxEventsDocument)).definitions.filter(
  (definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION,
)

/** What else the copies of tests compare. A message moves a conversation with support on. */
const details: Record<string, SelectionSetNode> = {
  SyncMessage: selectionOf('{ revisions { revision text } }'),
  MessageFields: selectionOf(
    '{ conversation { supportStatus assignee { id } unansweredSince firstAnsweredAt resolvedAt } }',
  ),
  EventFields: selectionOf('{ ...SyncEvent }'),
}

/** The same document with all that the copies of tests are made of. */
export function inDetail<Data, Variables>(document: TypedDocument<Data, Variables>): DocumentText<Data, Variables> {
  const { definitions } = parse(textOf(document))
  const isThere = (name: string) => definitions.some((one) => 'name' in one && one.name?.value === name)
  const missing = isThere('EventFields') ? ofTheSdk.filter(({ name }) => !isThere(name.value)) : []
  return print(
    visit(
      { kind: Kind.DOCUMENT, definitions: [...definitions, ...missing] },
      {
        FragmentDefinition(node) {
          const more = details[node.name.value]
          if (!more) return undefined
          const selections = [...node.selectionSet.selections, ...more.selections]
          return { ...node, selectionSet: { ...node.selectionSet, selections } }
        },
      },
    ),
  )
}
