import { MaxTokensParserWLexer } from '@escape.tech/graphql-armor-max-tokens'
import { GraphQLError, TokenKind, type DocumentNode, type Lexer, type ValidationContext } from 'graphql'
import { QueryTooComplexError } from '../../domain/errors.ts'
import { limited } from '../../telemetry/facts.ts'

/** The largest document of our own clients has 2 KB and 270 tokens, GraphiQL's introspection 2 KB and 190. */
export const maxDocumentByteSize = 32_768
const maxTokens = 2_000
/** For each place in a document that an error names, graphql-js counts the lines before it. */
const maxLines = 2_000
/** Characters of a name, which may come back with each row of an answer. Generated names of operations have 80 and more. */
const maxNameLength = 128
/** Brackets of all kinds inside one another. The parser, and much that reads a document, calls itself for each. */
const maxBrackets = 64

const opening: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const closing: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Whether a text is longer than any document may be: to be asked before anything is done with it. */
export const isTooLong = (text: string): boolean =>
  text.length > maxDocumentByteSize ||
  // A character takes up to three bytes.
  (text.length * 3 > maxDocumentByteSize && Buffer.byteLength(text) > maxDocumentByteSize)

export const tooLong = (): GraphQLError =>
  tooComplex(new GraphQLError(`A document has up to ${String(maxDocumentByteSize)} bytes.`))

/** Reads the text of an operation. Throws what is wrong with it; too long or too deep a one is given up on the way. */
export function parseWithinLimits(text: string): DocumentNode {
  if (isTooLong(text)) throw tooLong()
  if (countLines(text) > maxLines) {
    throw tooComplex(new GraphQLError(`A document has up to ${String(maxLines)} lines.`))
  }
  const onReject = [
    (_context: ValidationContext | null, error: GraphQLError) => {
      throw tooComplex(error)
    },
  ]
  let depth = 0
  // Called for each token, when the lexer stands at it.
  const checkToken = () => {
    const { kind, start, end } = (parser as unknown as { _lexer: Lexer })._lexer.token
    if (kind === TokenKind.NAME && end - start > maxNameLength) {
      throw tooComplex(new GraphQLError(`A name has up to ${String(maxNameLength)} characters.`))
    }
    if (closing.has(kind)) depth--
    else if (opening.has(kind) && ++depth > maxBrackets) {
      throw tooComplex(new GraphQLError(`A document has up to ${String(maxBrackets)} brackets inside one another.`))
    }
  }
  const options = { exposeLimits: true, errorMessage: '', n: maxTokens, propagateOnRejection: true }
  const parser = new MaxTokensParserWLexer(text, { ...options, onAccept: [checkToken], onReject })
  return parser.parseDocument()
}

/** As graphql-js counts them. */
function countLines(text: string): number {
  let count = 1
  for (const end of text.matchAll(/\r\n|[\n\r]/g)) if (end[0] !== '') count++
  return count
}

export function tooComplex(error: GraphQLError): GraphQLError {
  if (limited.hasSubscribers) limited.publish({ code: 'QUERY_TOO_COMPLEX', limit: 'document' })
  const message = `${error.message.replace('Syntax Error: ', '')} Ask for less, or split the operation.`
  return new GraphQLError(message, { originalError: new QueryTooComplexError(message) })
}
