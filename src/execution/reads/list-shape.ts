import {
  Kind,
  getNamedType,
  isObjectType,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql'
import type { Prepared } from '../operations.ts'
import { fragmentsOf } from '../plan-operation.ts'

/** An answer that is one list, and what is told with it. */
export interface ListShape {
  of: 'inbox' | 'messages'
  /** Names in the answer on the way to the list. */
  path: readonly string[]
}

/** Of a conversation, what stays as it is when messages come, are read or reacted to. */
const steady = [
  ...['id', 'kind', 'title', 'editPolicy', 'createdAt', 'closedAt', 'deletedAt', 'memberCount', 'memberPermissions'],
  'historyVisibility',
]

/** The selected fields, if they are plain ones. */
function plainFields(set: SelectionSetNode | undefined): FieldNode[] | null {
  const fields: FieldNode[] = []
  for (const one of set?.selections ?? []) {
    if (one.kind !== Kind.FIELD) return null
    fields.push(one)
  }
  return fields
}

/** The only field of these that is one of the names, when it is there once and always. */
function soleOf(fields: readonly FieldNode[] | null, ...names: string[]): FieldNode | null {
  const found = fields?.filter(({ name }) => names.includes(name.value)) ?? []
  const [only] = found
  return only && found.length === 1 && (only.directives ?? []).length === 0 ? only : null
}

const nameOf = ({ alias, name }: FieldNode) => alias?.value ?? name.value

/** Whether nothing below shows more of a conversation than stays as it is. The fragments spread no other twice in a way that matters. */
function isSteady(
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
  seen: Set<string>,
): boolean {
  return selections.every((one) => {
    if (one.kind === Kind.INLINE_FRAGMENT) return isSteady(type, one.selectionSet, fragments, seen)
    const name = one.name.value
    if (one.kind === Kind.FRAGMENT_SPREAD) {
      const key = `${type.name} ${name}`
      const fragment = fragments[name]
      if (seen.has(key)) return true
      seen.add(key)
      return fragment !== undefined && isSteady(type, fragment.selectionSet, fragments, seen)
    }
    if (name === '__typename') return true
    if (type.name === 'Conversation') return steady.includes(name)
    const field = type.getFields()[name]
    const inner = field && getNamedType(field.type)
    return !isObjectType(inner) || !one.selectionSet || isSteady(inner, one.selectionSet, fragments, seen)
  })
}

/** The list that an operation, which may be kept, asks for; null when it is of another form. */
export function listShapeOf(schema: GraphQLSchema, { operation, document }: Prepared): ListShape | null {
  const roots = plainFields(operation.selectionSet)
  const root = roots?.length === 1 ? soleOf(roots, 'inbox', 'conversation') : null
  if (!root) return null
  const fields = plainFields(root.selectionSet)
  if (root.name.value === 'inbox') {
    const list = soleOf(fields, 'edges', 'nodes')
    return list && { of: 'inbox', path: [nameOf(root), nameOf(list)] }
  }
  const page = soleOf(fields, 'messages')
  const list = page && soleOf(plainFields(page.selectionSet), 'edges', 'nodes')
  if (!page || !list?.selectionSet) return null
  const fragments = fragmentsOf(document)
  const isAlone = (type: string, set: SelectionSetNode) => {
    const of = schema.getType(type)
    return isObjectType(of) && isSteady(of, set, fragments, new Set())
  }
  const ofEntries = list.name.value === 'edges' ? 'MessageEdge' : 'Message'
  if (!isAlone(ofEntries, list.selectionSet)) return null
  const conversation = schema.getType('Conversation')
  const others = (fields ?? []).filter((field) => field !== page && field.selectionSet)
  const areAlone = others.every(({ name, selectionSet }) => {
    const type = isObjectType(conversation) ? conversation.getFields()[name.value]?.type : undefined
    return type !== undefined && selectionSet !== undefined && isAlone(getNamedType(type).name, selectionSet)
  })
  return areAlone ? { of: 'messages', path: [nameOf(root), nameOf(page), nameOf(list)] } : null
}
