import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isUnionType,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql'

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../schema.graphql'), 'utf8'))

/** Rows of each page: few, because pages are nested. */
const pageSize = 3

/**
 * A subscription that selects every field of every type that its events can contain, `depth` objects deep: at that depth
 * it selects no more objects.
 */
export function wholeSubscription(fieldName: string, operationName: string, depth: number): string {
  const root = schema.getSubscriptionType()?.getFields()[fieldName]
  if (!root) throw new Error(`no subscription ${fieldName}`)
  const fragments = new Map<string, string>()

  const fieldText = (field: GraphQLField<unknown, unknown>, left: number): string | null => {
    const pages = ['first', 'last'].filter((name) => field.args.some((arg) => arg.name === name))
    const given = [
      ...pages.slice(-1).map((name) => `${name}: ${pageSize}`),
      ...field.args.filter(({ name }) => name === 'emoji').map(({ name }) => `${name}: "👍"`),
    ]
    const args = given.length > 0 ? `(${given.join(', ')})` : ''
    const type = getNamedType(field.type)
    if (isLeafType(type)) return field.name + args
    if (!isObjectType(type)) throw new Error(`${field.name} has a type this was not made for`)
    // Pages and positions are not counted as objects.
    const costs = /Connection$|Edge$|^PageInfo$|^StreamCursor$/.test(type.name) ? 0 : 1
    if (left < costs) return null
    return `${field.name}${args} { ...${fragmentFor(type, left - costs)} }`
  }

  const fragmentFor = (type: GraphQLObjectType, left: number): string => {
    const name = `${type.name}${left}`
    if (!fragments.has(name)) {
      fragments.set(name, '')
      const fields = Object.values(type.getFields()).map((field) => fieldText(field, left))
      const selection = ['__typename', ...fields.filter((text) => text !== null)].join(' ')
      fragments.set(name, `fragment ${name} on ${type.name} { ${selection} }`)
    }
    return name
  }

  const type = getNamedType(root.type)
  if (!isUnionType(type) && !isInterfaceType(type)) throw new Error(`${fieldName} gives no events`)
  const spreads = schema.getPossibleTypes(type).map((each) => `...${fragmentFor(each, depth)}`)
  const variables = root.args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ')
  const args = root.args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
  return (
    `subscription ${operationName}(${variables}) { ${fieldName}(${args}) { ${spreads.join(' ')} } } ` +
    [...fragments.values()].join(' ')
  )
}
