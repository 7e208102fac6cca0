import { parse, print, visit } from 'graphql'
import { textOf, type DocumentText, type TypedDocument } from '../../sdk/src/requests/document.ts'

/** The same document for a client that continues by the cursors of single streams: it does not select `resume`. */
export const withoutResume = <Data, Variables>(
  document: TypedDocument<Data, Variables>,
): DocumentText<Data, Variables> =>
  print(visit(parse(textOf(document)), { Field: ({ name }) => (name.value === 'resume' ? null : undefined) }))
