import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { createOperations } from '../../../src/execution/operations.ts'
import { KeepableOperations, keepableFields } from '../../../src/execution/reads/keepable.ts'
import { schema } from '../../../src/schema/index.ts'

// Pothos loads graphql as CommonJS: all must have the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)
const { isObjectType } = await import('graphql')

const operations = createOperations({ schema, introspection: true })
const keepable = new KeepableOperations(schema)
const isKept = (text: string) => keepable.numberOf(operations.prepare({ query: text }, 'nobody')) > 0

const fieldsOf = (name: string) => {
  const type = schema.getType(name)
  if (!isObjectType(type)) throw new Error(`${name} is no object type`)
  return type.getFields()
}

test('each field that may be kept is in the schema', () => {
  for (const [type, names] of Object.entries(keepableFields)) {
    expect(Object.keys(fieldsOf(type))).toEqual(expect.arrayContaining([...names]))
    expect(new Set(names).size).toBe(names.length)
  }
})

/**
 * A field whose value depends on the viewer may be kept, as each answer is one viewer's alone, if what it asks of the viewer is told by
 * a stream. Whoever adds one decides it here: the test for kept answers tries every one of these by all kinds of writes.
 */
test('which fields that depend on the viewer are kept', () => {
  const all = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type: type.name, field })))
    .filter(({ field }) => field.extensions.viewerDependent === true)
  const kept = all.filter(({ type, field }) => keepableFields[type]?.includes(field.name))
  expect(kept.map(({ type, field }) => `${type}.${field.name}`).sort()).toEqual([
    'Conversation.lastMessage',
    'Conversation.messages',
    'Conversation.peer',
    'Conversation.viewerEntry',
    'InboxEntry.id',
    'Message.clientMessageId',
    'Message.replyTo',
  ])
})

const page = (fields: string) =>
  `query ($id: ID!) { conversation(id: $id) { messages { edges { node { ${fields} } } } } }`

test('one field that is not among them, also in a fragment, keeps the answer from being kept', () => {
  expect(isKept(page('id seq text sender { id displayName }'))).toBe(true)
  expect(isKept('{ inbox(first: 5) { edges { node { id __typename } } } }')).toBe(true)
  for (const [type, names] of Object.entries(keepableFields)) {
    if (type !== 'Message') continue
    const others = Object.keys(fieldsOf(type)).filter((name) => !names.includes(name))
    expect(others).toEqual(expect.arrayContaining(['status', 'readBy', 'attachments', 'reactions', 'revisions']))
  }
  expect(isKept(page('id status'))).toBe(false)
  expect(isKept(`${page('...More')} fragment More on Message { reactions { emoji } }`)).toBe(false)
  expect(isKept('{ inbox { resume } }')).toBe(false)
  expect(isKept('{ inbox { pageInfo { endCursor } } }')).toBe(false)
  expect(isKept('{ inbox { edges { cursor } } }')).toBe(false)
  expect(isKept('{ inbox { edges { node { conversation { readByAllSeq } } } } }')).toBe(false)
  expect(isKept('query ($id: ID!) { node(id: $id) { id } }')).toBe(false)
  expect(isKept('{ viewer { id } inbox { edges { cursor } } }')).toBe(false)
  expect(isKept('{ __schema { description } }')).toBe(false)
  expect(isKept('mutation { markAllRead { changedCount } }')).toBe(false)
  expect(isKept('{ inbox { edges { node { id } } } __typename }')).toBe(true)
})

test('fragments that spread one another twice are each looked through once', () => {
  const names = Array.from({ length: 80 }, (_, index) => `F${String(index)}`)
  const fragments = names.map((name, index) => {
    const next = names[index + 1]
    return `fragment ${name} on Message { ${next === undefined ? 'id' : `...${next} ...${next}`} }`
  })
  expect(isKept(`${page('...F0')} ${fragments.join(' ')}`)).toBe(true)
})

test('which answers are lists of which a part may be read', () => {
  const shapeOf = (text: string) => keepable.shapeOf(operations.prepare({ query: text }, 'nobody'))
  const inbox = (fields: string) => `{ all: inbox(first: 5) { ${fields} } }`
  expect(
    shapeOf(inbox('cursor { eventSeq } edges { node { ...F } }') + ' fragment F on InboxEntry { unreadCount }'),
  ).toEqual({
    of: 'inbox',
    path: ['all', 'edges'],
  })
  for (const fields of [
    'edges { node { id } } nodes { id }',
    'cursor { eventSeq }',
    '...F } } fragment F on InboxConnection { edges { node { id }',
    'edges @include(if: true) { node { id } }',
  ])
    expect(shapeOf(inbox(fields)), fields).toBeNull()
  expect(shapeOf('{ a: inbox { nodes { id } } b: inbox { nodes { id } } }')).toBeNull()
  const messages = (fields: string, others = '') =>
    `query ($id: ID!) { conversation(id: $id) { title ${others} messages(last: 5) { pageInfo { startCursor } ${fields} } } }`
  expect(
    shapeOf(messages('nodes { id conversation { id title } replyTo { text } }', 'viewerEntry { unreadCount }')),
  ).toEqual({
    of: 'messages',
    path: ['conversation', 'messages', 'nodes'],
  })
  // What new messages change must not be in the entries that are known, and another list not beside them.
  expect(shapeOf(messages('nodes { id conversation { headSeq } }'))).toBeNull()
  expect(shapeOf(messages('edges { node { replyTo { conversation { lastMessage { id } } } } }'))).toBeNull()
  expect(shapeOf(messages('nodes { id }', 'more: messages { nodes { id } }'))).toBeNull()
  expect(shapeOf(messages('nodes { id }', 'viewerEntry { conversation { messages { nodes { id } } } }'))).toBeNull()
})
