import {
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql'

const sizes = ['first', 'last', 'ids', 'cursors', 'limit']
const lists = ['nodes', 'resync']

/** Names of the variables on which the number of rows of a document depends. Null: it has no page or list that counts. */
export function sizingVariables(schema: GraphQLSchema, document: DocumentNode): string[] | null {
  const names = new Set<string>()
  const addFrom = (node: ASTNode) => {
    visit(node, { Variable: ({ name }) => void names.add(name.value) })
  }
  const pages: string[] = []
  const typeInfo = new TypeInfo(schema)
  const visitor: ASTVisitor = {
    Field({ name, arguments: args = [] }) {
      const isPage = /Connection[\]!]*$/.test(String(typeInfo.getType()))
      if (!isPage && !lists.includes(name.value)) return
      pages.push(name.value)
      for (const argument of args) if (sizes.includes(argument.name.value)) addFrom(argument)
    },
    // A field that is left out does not count.
    Directive(directive) {
      addFrom(directive)
    },
  }
  visit(document, visitWithTypeInfo(typeInfo, visitor))
  return pages.length > 0 ? [...names] : null
}
