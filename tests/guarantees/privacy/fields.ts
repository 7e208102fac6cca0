import { getNamedType, isLeafType, type GraphQLObjectType, type GraphQLSchema } from 'graphql'
import { ask } from '../../testkit/api.ts'
import type { Cell } from './operations.ts'
import type { Ids, ViewerName, World } from './world.ts'

const encode = (type: string, key: string) => Buffer.from(`${type}:${key}`).toString('base64url')
const keyOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''

/** The object of each type of which the fields are tried: always the same one, whoever looks. */
export const objectsOf: Record<string, (ids: Ids, world: World) => string | Promise<string>> = {
  Conversation: ({ conversation }) => conversation,
  Message: ({ message }) => message,
  User: ({ bob }) => bob,
  Member: ({ conversation, bob }) => encode('Member', `${keyOf(conversation)}/${keyOf(bob)}`),
  InboxEntry: ({ conversation }, { people }) =>
    encode('InboxEntry', `${keyOf(conversation)}/${keyOf(people.member.id)}`),
  Viewer: (_, { people }) => encode('Viewer', keyOf(people.member.id)),
  Report: (_, { report }) => report,
  ActiveSession: async (_, { people }) => {
    const { data } = await ask<{ viewer: { sessions: { id: string }[] } }>(
      people.member,
      '{ viewer { sessions { id } } }',
    )
    return data?.viewer.sessions[0]?.id ?? ''
  },
}

const valueOf: Record<string, string> = { emoji: '"👍"' }

function fail(message: string): never {
  throw new Error(message)
}

/** Each field of an object, for one viewer, in one request. */
export async function cellsOfFields(
  schema: GraphQLSchema,
  typeName: string,
  [world, ids, viewerName]: [World, Ids, ViewerName],
): Promise<Record<string, Cell>> {
  const type = schema.getType(typeName) as GraphQLObjectType
  const id = await objectsOf[typeName]!(ids, world)
  const names = Object.keys(type.getFields())
  const selection = Object.values(type.getFields()).map(({ name, type: of, args }) => {
    const required = args.filter((arg) => String(arg.type).endsWith('!'))
    const given = required.map((arg) => `${arg.name}: ${valueOf[arg.name] ?? fail(`${name} needs ${arg.name}`)}`)
    return `${name} ${given.length > 0 ? `(${given.join(', ')})` : ''} ${isLeafType(getNamedType(of)) ? '' : '{ __typename }'}`
  })
  const query = `query ($id: ID!) { node(id: $id) { ... on ${typeName} { ${selection.join(' ')} } } }`
  const { data, errors } = await ask<{ node: Record<string, unknown> | null }>(world.people[viewerName], query, { id })
  return Object.fromEntries(
    names.map((name) => {
      const error = errors?.find(({ path }) => path === undefined || path.length < 2 || path[1] === name)
      const value = data?.node?.[name]
      return [name, error ? error.extensions.code : value == null ? 'null' : 'value']
    }),
  )
}
