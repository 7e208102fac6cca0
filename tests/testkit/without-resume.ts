import { visit, type DocumentNode } from 'graphql'

/** The same document for a client that continues by the cursors of single streams: it does not select `resume`. */
export const withoutResume = <Document extends DocumentNode>(document: Document): Document =>
  visit(document, { Field: ({ name }) => (name.value === 'resume' ? null : undefined) })
