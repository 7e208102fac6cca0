import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, getNamedType, isInterfaceType, isObjectType, isUnionType, type GraphQLObjectType } from 'graphql'
import { describe, expect, test } from 'vitest'

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../../schema.graphql'), 'utf8'))
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
const objects = types.filter(isObjectType)
const fieldsOf = (type: GraphQLObjectType | null | undefined) => Object.values(type?.getFields() ?? {})
const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

describe('every mutation', () => {
  const mutations = fieldsOf(schema.getMutationType())

  test('with arguments takes one input, of a type of its own', () => {
    const taken = mutations.filter(({ args }) => args.length > 0)
    expect(taken.length).toBeGreaterThan(15)
    for (const { name, args } of taken) {
      expect(args.map((arg) => `${arg.name}: ${getNamedType(arg.type).name}`)).toEqual([
        `input: ${capitalized(name)}Input`,
      ])
    }
  })

  test('that can be refused says so in a union of its own, with members that are all of the interface Error but one', () => {
    const results = mutations.map(({ type }) => getNamedType(type)).filter(isUnionType)
    expect(new Set(results).size).toBe(results.length)
    for (const union of results) {
      const errors = union.getTypes().filter((type) => type.getInterfaces().some(({ name }) => name === 'Error'))
      expect(union.getTypes().length - errors.length, union.name).toBe(1)
    }
  })
})

test('every event of a durable stream is a StreamEvent, and says where it may come', () => {
  const events = types.filter(isInterfaceType).filter(({ name }) => name.endsWith('Event'))
  expect(events.map(({ name }) => name).sort()).toEqual([
    'ConversationEvent',
    'InboxEvent',
    'MessageEvent',
    'ReceiptEvent',
    'StreamEvent',
  ])
  for (const event of events) expect(Object.keys(event.getFields())).toEqual(['cursor', 'occurredAt', 'resume'])
  const possible = (name: string) =>
    schema
      .getPossibleTypes(events.find((event) => event.name === name)!)
      .map((type) => type.name)
      .sort()
  const personal = ['BlockChanged', 'InboxEntryChanged']
  expect(possible('InboxEvent')).toEqual(possible('StreamEvent'))
  expect(possible('ConversationEvent')).toEqual(possible('StreamEvent').filter((name) => !personal.includes(name)))
  expect(possible('ReceiptEvent')).toEqual(['ReceiptAdvanced', 'SnapshotRequired'])
  for (const name of ['MessageSent', 'MessageEdited', 'MessageDeleted', 'ReactionToggled', 'SnapshotRequired']) {
    expect(possible('MessageEvent')).toContain(name)
  }
})

/** Lists that are something of their own, and what they hold. */
const ofOtherKinds: Record<string, string> = { SupportQueue: 'Conversation', MessageSearch: 'Message' }

test('every connection is named by what it holds, as are its edges', () => {
  const connections = objects.filter(({ name }) => name.endsWith('Connection'))
  expect(connections.length).toBeGreaterThan(4)
  for (const connection of connections) {
    const { edges, nodes } = connection.getFields()
    const noun = connection.name.slice(0, -'Connection'.length)
    expect(getNamedType(edges!.type).name).toBe(`${noun}Edge`)
    expect(getNamedType(nodes!.type).name.startsWith(ofOtherKinds[noun] ?? noun), connection.name).toBe(true)
  }
})

test('what has an id is a Node', () => {
  const identified = objects.filter((type) => type.getFields().id)
  expect(identified.length).toBeGreaterThan(5)
  for (const type of identified) expect(type.getInterfaces().map(({ name }) => name)).toContain('Node')
})
