import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql'

export interface Known {
  /** Global ids of what the asker can see. */
  ids: readonly string[]
  cursors: readonly object[]
}

export interface RandomOperation {
  query: string
  variables: Record<string, unknown>
}

/** In levels of fields; fragments add none. */
const maxDepth = 12
const maxAliases = 27
const maxFields = 130

/** Queries that are valid and within the limits of a document: all fields, aliases, fragments that are used again, pages of all sizes. */
export class RandomDocuments {
  private aliasCount = 0
  private fieldCount = 0
  private fragments = new Map<string, { type: string; text: string; depth: number }>()

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly random: () => number,
    private readonly known: Known,
  ) {}

  next(): RandomOperation {
    this.aliasCount = 0
    this.fieldCount = 0
    this.fragments = new Map()
    const root = this.schema.getQueryType()
    if (!root) throw new Error('no queries')
    const depth = 2 + Math.floor(this.random() * (maxDepth - 2))
    const selections = this.fields(root, depth)
    const all = [...this.fragments].map(([name, { type, text }]) => `fragment ${name} on ${type} { ${text} }`)
    const named = all.filter((one) => one !== '')
    const idCount = 1 + Math.floor(this.random() * 100)
    return {
      query: `query ($ids: [ID!]!, $size: Int, $cursors: [StreamCursorInput!]) { ${selections}
        sized: nodes(ids: $ids) { id } inbox(first: $size) { pageInfo { hasNextPage } }
        resumed: resync(cursors: $cursors, limit: $size) { resume } } ${named.join(' ')}`,
      variables: {
        ids: Array.from({ length: idCount }, () => this.pick(this.known.ids)),
        size: 1 + Math.floor(this.random() * 100),
        cursors: this.known.cursors,
      },
    }
  }

  private pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.random() * items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** Some fields of a type, by themselves or in a fragment that may come again elsewhere. */
  private fields(type: GraphQLCompositeType, depth: number): string {
    const known = [...this.fragments].filter(([, one]) => one.type === type.name && one.depth <= depth)
    if (known.length > 0 && this.random() < 0.6) return `...${this.pick(known)[0]}`
    const text = isAbstractType(type) ? this.abstractFields(type, depth) : this.objectFields(type, depth)
    if (this.random() < 0.5) return text
    const name = `F${String(this.fragments.size)}`
    this.fragments.set(name, { type: type.name, text, depth })
    return `...${name}`
  }

  private abstractFields(type: GraphQLCompositeType, depth: number): string {
    if (!isAbstractType(type)) return '__typename'
    const parts = ['__typename']
    for (const possible of this.schema.getPossibleTypes(type)) {
      if (this.random() < 0.5) parts.push(`... on ${possible.name} { ${this.fields(possible, depth)} }`)
    }
    if (isInterfaceType(type) && this.random() < 0.3)
      parts.push(Object.keys(type.getFields()).includes('id') ? 'id' : '__typename')
    return parts.join(' ')
  }

  private objectFields(type: GraphQLCompositeType, depth: number): string {
    if (!isObjectType(type)) return '__typename'
    const parts = ['__typename']
    for (const field of Object.values(type.getFields())) {
      const isLeaf = isLeafType(getNamedType(field.type))
      if (this.fieldCount > maxFields || (!isLeaf && depth <= 1)) continue
      // What goes on is what answers become large by.
      if (this.random() < (isLeaf ? 0.4 : 0.75)) parts.push(this.field(field, depth))
      while (!isLeaf && this.aliasCount < maxAliases && this.random() < 0.15) parts.push(this.field(field, depth))
    }
    return parts.join(' ')
  }

  private field(field: GraphQLField<unknown, unknown>, depth: number): string {
    this.fieldCount++
    const type = getNamedType(field.type)
    const args = field.args.flatMap((argument) => this.argument(argument)).join(', ')
    const call = args === '' ? field.name : `${field.name}(${args})`
    // Fields that differ in their arguments or in what is inside need names of their own; not each may have one.
    const isPlain = isLeafType(type) && args === ''
    const alias = isPlain ? '' : `a${String(this.aliasCount++)}_${String(this.fieldCount)}: `
    if (!isPlain && this.aliasCount > maxAliases) return '__typename'
    if (isLeafType(type)) return alias + call
    return `${alias}${call} { ${this.fields(type as GraphQLCompositeType, depth - 1)} }`
  }

  private argument(argument: GraphQLArgument): string[] {
    const { name, type } = argument
    const named = getNamedType(type)
    if (name === 'first') return [`first: ${String(Math.floor(this.random() ** 3 * 101))}`]
    if (name === 'cursors') return ['cursors: $cursors']
    if (name === 'limit') return [`limit: ${String(1 + Math.floor(this.random() * 1_000))}`]
    if (named.name === 'ID')
      return [
        isListType(getNullableType(type)) ? `${name}: $ids` : `${name}: ${JSON.stringify(this.pick(this.known.ids))}`,
      ]
    if (!isRequiredArgument(argument)) return []
    return [`${name}: "some text"`]
  }
}
