// A plugin of graphql-codegen: the operations as texts, each typed by its data and its variables. A fragment's text is there once,
// and a bundler leaves out what a program does not use; the package's own documents need no `graphql` at run time.
import { Kind, print, stripIgnoredCharacters, visit } from 'graphql'

const nameOf = (definition) => definition.name.value
const constantOf = (fragment) => `${fragment[0].toLowerCase()}${fragment.slice(1)}`

/** The names of all fragments that a definition needs, each once. */
function fragmentsOf(definition, fragments, found = new Set()) {
  visit(definition, {
    FragmentSpread({ name: { value } }) {
      if (found.has(value)) return
      found.add(value)
      fragmentsOf(fragments.get(value), fragments, found)
    },
  })
  return found
}

export function plugin(_schema, documents) {
  const definitions = documents.flatMap(({ document }) => document.definitions)
  const fragments = new Map(
    definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).map((one) => [nameOf(one), one]),
  )
  const text = (definition) => JSON.stringify(stripIgnoredCharacters(print(definition)))
  const constants = [...fragments].map(([name, one]) => `const ${constantOf(name)} = ${text(one)};`)
  const operations = definitions
    .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map((one) => {
      const kind = `${one.operation[0].toUpperCase()}${one.operation.slice(1)}`
      const types = ['', 'Variables'].map((end) => `${nameOf(one)}${kind}${end}`).join(', ')
      const parts = [text(one), ...[...fragmentsOf(one, fragments)].map(constantOf)].join(', ')
      return `export const ${nameOf(one)}Document = /* @__PURE__ */ asDocument<${types}>(${parts});`
    })
  return {
    prepend: [`import { asDocument } from '../requests/document.ts';`],
    content: [...constants, ...operations].join('\n'),
  }
}
