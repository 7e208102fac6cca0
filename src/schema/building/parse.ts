import { MaxTokensParserWLexer } from '@escape.tech/graphql-armor-max-tokens'
import { GraphQLError, TokenKind, type DocumentNode, type Lexer, type ValidationContext } from 'graphql'
import { QueryTooComplexError } from '../../domain/errors.ts'
import { limited } from '../../telemetry/facts.ts'

const maxTokens = 2_000
/** Brackets of all kinds inside one another. The parser, and much that reads a document, calls itself for each. */
const maxBrackets = 64

const opening: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const closing: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Reads the text of an operation. Throws what is wrong with it; too long or too deep a one is given up on the way. */
export function parseWithinLimits(text: string): DocumentNode {
  const onReject = [
    (_context: ValidationContext | null, error: GraphQLError) => {
      throw tooComplex(error)
    },
  ]
  let depth = 0
  // Called for each token, when the lexer stands at it.
  const countBrackets = () => {
    const { kind } = (parser as unknown as { _lexer: Lexer })._lexer.token
    if (closing.has(kind)) depth--
    else if (opening.has(kind) && ++depth > maxBrackets) {
      throw tooComplex(new GraphQLError(`A document has up to ${String(maxBrackets)} brackets inside one another.`))
    }
  }
  const options = { exposeLimits: true, errorMessage: '', n: maxTokens, propagateOnRejection: true }
  const parser = new MaxTokensParserWLexer(text, { ...options, onAccept: [countBrackets], onReject })
  return parser.parseDocument()
}

export function tooComplex(error: GraphQLError): GraphQLError {
  if (limited.hasSubscribers) limited.publish({ code: 'QUERY_TOO_COMPLEX', limit: 'document' })
  const message = `${error.message.replace('Syntax Error: ', '')} Ask for less, or split the operation.`
  return new GraphQLError(message, { originalError: new QueryTooComplexError(message) })
}
