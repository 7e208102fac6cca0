import { parse, print, visit, Kind, type SelectionSetNode } from 'graphql'
import { textOf, type DocumentText, type TypedDocument } from '../../sdk/src/requests/document.ts'

const selectionOf = (text: string): SelectionSetNode => {
  const [definition] = parse(text).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no selection')
  return definition.selectionSet
}

/** What the SDK does not ask for with each event, and the copies of tests compare. */
export const messageDetails = `replyTo { seq } attachments { id fileName contentType byteSize } revisions { revision text }`
const deskDetails = 'supportStatus assignee { id } unansweredSince firstAnsweredAt resolvedAt'
export const conversationDetails = `editPolicy historyVisibility memberPermissions closedAt deletedAt ${deskDetails}`

/** A message moves a conversation with support on. Settings are told by ConversationUpdated alone. */
const details: Record<string, SelectionSetNode> = {
  MessageFields: selectionOf(`{ ${messageDetails} conversation { ${deskDetails} } }`),
  ConversationFields: selectionOf(`{ ${conversationDetails} }`),
}

/** The same document with all that a copy in detail compares. */
export const inDetail = <Data, Variables>(document: TypedDocument<Data, Variables>): DocumentText<Data, Variables> =>
  print(
    visit(parse(textOf(document)), {
      FragmentDefinition(node) {
        const more = details[node.name.value]
        if (!more) return undefined
        const selections = [...node.selectionSet.selections, ...more.selections]
        return { ...node, selectionSet: { ...node.selectionSet, selections } }
      },
    }),
  )
