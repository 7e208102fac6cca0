import { MaxTokensParserWLexer } from '@escape.tech/graphql-armor-max-tokens'
import { GraphQLError, TokenKind, type DocumentNode, type Lexer, type ValidationContext } from 'graphql'
import { QueryTooComplexError } from '../../domain/errors.ts'
import { limited } from '../../telemetry/facts.ts'

/** What the text of a document may come to, and what is in it. */
export interface DocumentLimits {
  byteSize: number
  tokens: number
  /** Levels of fields. */
  depth: number
  aliases: number
}

/** The largest document of our own clients has 2 KB, 371 tokens and 8 levels, GraphiQL's introspection 2 KB and 190 tokens. */
export const defaultDocumentLimits: DocumentLimits = { byteSize: 20_480, tokens: 1_000, depth: 12, aliases: 30 }
type TextLimits = Pick<DocumentLimits, 'byteSize' | 'tokens'>
/** graphql-js counts the lines before each position that an error names. */
const maxLines = 2_000
/** Characters of a name, which may be repeated in each row of an answer. Generated operation names have 80 and more. */
const maxNameLength = 128
/** Nested brackets of all kinds. The parser and most visitors of a document recurse for each. */
const maxBrackets = 64

const opening: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const closing: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Whether a text is longer than any document may be. To be checked before anything else is done with the text. */
export const isTooLong = (text: string, maxByteSize: number): boolean =>
  text.length > maxByteSize ||
  // A character takes up to three bytes.
  (text.length * 3 > maxByteSize && Buffer.byteLength(text) > maxByteSize)

export const tooLong = (maxByteSize: number): GraphQLError =>
  tooComplex(new GraphQLError(`A document has up to ${String(maxByteSize)} bytes.`))

/** Parses the text of an operation. Throws a GraphQLError for a fault; stops early if the text is too long or too deep. */
export function parseWithinLimits(text: string, { byteSize, tokens }: TextLimits): DocumentNode {
  if (isTooLong(text, byteSize)) throw tooLong(byteSize)
  if (countLines(text) > maxLines) {
    throw tooComplex(new GraphQLError(`A document has up to ${String(maxLines)} lines.`))
  }
  const onReject = [
    (_context: ValidationContext | null, error: GraphQLError) => {
      throw tooComplex(error)
    },
  ]
  let depth = 0
  // Called for each token, while the lexer is at that token.
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
  const options = { exposeLimits: true, errorMessage: '', n: tokens, propagateOnRejection: true }
  const parser = new MaxTokensParserWLexer(text, { ...options, onAccept: [checkToken], onReject })
  return parser.parseDocument()
}

/** Counts lines as graphql-js does. */
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
