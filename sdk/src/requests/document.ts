/**
 * An operation's text that knows the types of its data and its variables. They are where graphql-codegen's and gql.tada's
 * documents have them, so that the generated documents of any of these fit wherever one is asked for.
 */
export interface TypedDocument<Data = unknown, Variables = never> {
  toString(): string
  /** Not there at run time. */
  readonly __apiType?: (variables: Variables) => Data
}

/** One of the package's own: a text as it is, for whatever else takes the text of an operation. */
export type DocumentText<Data = unknown, Variables = never> = string & TypedDocument<Data, Variables>

/** Puts the texts of an operation and its fragments together. */
export function asDocument<Data, Variables>(...texts: string[]): DocumentText<Data, Variables> {
  return texts.join('')
}

/**
 * The text to send. Of a parsed document it is what it was parsed from, as the package has no GraphQL parser or printer in it;
 * throws a TypeError when that was not kept.
 */
export function textOf(document: Pick<TypedDocument, 'toString'>): string {
  if (typeof document === 'string' || document instanceof String) return document.toString()
  const { loc } = document as { loc?: { source: { body: string } } }
  if (!loc) throw new TypeError("A parsed document without its text: pass print(document) of the package 'graphql'")
  return loc.source.body
}
