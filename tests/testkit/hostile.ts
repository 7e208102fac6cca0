import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isUnionType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql'

/** Returns the same sequence of numbers from 0 to 1 for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const encode = (text: string) => Buffer.from(text).toString('base64url')
const texts = [
  '',
  ' ',
  'a',
  '\0',
  'a\0b',
  '\ud800',
  'x'.repeat(70_000),
  "'; drop table users; --",
  '%',
  '\\',
  '😀'.repeat(9),
]
const keys = ['12345678', 'k'.repeat(64), 'k'.repeat(65), '1234567']
const ints = [-2_147_483_648, -1, 0, 1, 2, 50, 100, 101, 1000, 1001, 2_147_483_647]
const uuid = '00000000-0000-7000-8000-000000000000'
const strangeIds = [
  '',
  'x',
  '\0',
  'x'.repeat(70_000),
  encode(`Conversation:${uuid}`),
  encode(`User:${uuid}`),
  encode('User:'),
]
const cursors = [
  encode('["inbox",true,9007199254740991,"x"]'),
  encode(`["inbox",false,-9e15,"${uuid}"]`),
  encode('["messages",0]'),
  encode('["messages",1]'),
  encode('["users","\\u0000"]'),
]
const moments = ['2099-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59.999-23:59', 'x', '', '-1']
const wrongTypes = [null, true, -1, 2_147_483_648, 1e300, 0.5, 'x', [], [[]], {}, { a: 1 }, [null]]

export interface HostileOptions {
  /** Ids of existing objects, so that some calls get further. */
  ids: readonly string[]
  /** Number of calls for each field. */
  rounds: number
  random: () => number
}

export interface HostileCall {
  field: string
  query: string
  variables: Record<string, unknown>
}

/** Calls of every query and mutation with hostile arguments. */
export function* callsOf(schema: GraphQLSchema, { ids, rounds, random }: HostileOptions): Generator<HostileCall> {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T

  const leaf = (type: ReturnType<typeof getNamedType>): unknown => {
    if (isEnumType(type)) return pick([...type.getValues().map((value) => value.name), 'STRANGE', ''])
    switch (type?.name) {
      case 'Boolean':
        return pick([true, false])
      case 'Int':
        return pick(ints)
      case 'ID':
        return pick([...ids, ...ids, ...strangeIds])
      case 'DateTime':
        return pick(moments)
      default:
        return pick([...texts, ...keys, ...keys, ...cursors])
    }
  }

  const valueOf = (type: GraphQLInputType): unknown => {
    if (isNonNullType(type)) return valueOf(type.ofType)
    // Seldom, because most such calls end at once.
    if (random() < 0.03) return pick(wrongTypes)
    if (isListType(type)) {
      const length = pick([0, 1, 2, 3, 1001])
      const value = valueOf(type.ofType)
      return Array.from({ length }, () => (length > 3 ? value : valueOf(type.ofType)))
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields())
      const given = fields.filter((field) => isNonNullType(field.type) || random() < 0.6)
      return Object.fromEntries(given.map((field) => [field.name, valueOf(field.type)]))
    }
    return leaf(getNamedType(type))
  }

  const selectionOf = ({ type }: GraphQLField<unknown, unknown>) => {
    const named = getNamedType(type)
    if (isLeafType(named)) return ''
    return isUnionType(named) ? '{ __typename ... on Error { code reason } }' : '{ __typename }'
  }

  for (const [kind, root] of [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
  ] as const) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      for (let round = 0; round < (field.args.length > 0 ? rounds : 1); round++) {
        const given = field.args.filter((arg) => isNonNullType(arg.type) || random() < 0.7)
        const declared = given.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ')
        const passed = given.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
        const args = given.length > 0 ? `(${passed})` : ''
        yield {
          field: field.name,
          query: `${kind} ${declared && `(${declared})`} { ${field.name}${args} ${selectionOf(field)} }`,
          variables: Object.fromEntries(given.map((arg) => [arg.name, valueOf(arg.type)])),
        }
      }
    }
  }
}
