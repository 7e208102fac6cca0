import {
  TypeInfo,
  getNamedType,
  isObjectType,
  visit,
  visitWithTypeInfo,
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql'

const sizes = ['first', 'last', 'ids', 'cursors', 'resume', 'limit']
const lists = ['nodes', 'resync']

/** Whether a field of this type is a page: a connection, whatever its name, as it has edges and pageInfo. */
export function isPage(type: GraphQLOutputType): boolean {
  const named = getNamedType(type)
  if (!isObjectType(named)) return false
  const { edges, pageInfo } = named.getFields()
  return edges !== undefined && pageInfo !== undefined
}

/** Names of the variables on which it depends how many objects the operations of a document come to. */
export function sizingVariables(schema: GraphQLSchema, document: DocumentNode): string[] {
  const names = new Set<string>()
  const addFrom = (node: ASTNode) => {
    visit(node, { Variable: ({ name }) => void names.add(name.value) })
  }
  const typeInfo = new TypeInfo(schema)
  const visitor: ASTVisitor = {
    Field({ name, arguments: args = [] }) {
      const type = typeInfo.getType()
      if (!(type && isPage(type)) && !lists.includes(name.value)) return
      for (const argument of args) if (sizes.includes(argument.name.value)) addFrom(argument)
    },
    // A field that is left out does not count.
    Directive(directive) {
      addFrom(directive)
    },
  }
  visit(document, visitWithTypeInfo(typeInfo, visitor))
  return [...names]
}
