import { createHash } from 'node:crypto'
import { PersistedQueryNotFoundError } from '../../domain/errors.ts'
import { defaultDocumentLimits, isTooLong, tooLong } from '../../schema/building/parse.ts'
import { DocumentCache } from './document-cache.ts'
import { asGraphQLError, badRequest } from '../../transport/errors.ts'

const maxRegistered = 1_000
const maxTotalLength = 4_194_304

/** Documents that were there before the server started, by the SHA-256 of their text in hexadecimal digits. */
export interface TrustedDocuments {
  byHash: ReadonlyMap<string, string>
  /** Whether all other documents are refused. */
  only: boolean
}

/** What a client says about the document it wants: its text, its hash, or both. */
export interface DocumentRequest {
  query?: string | null
  extensions?: unknown
}

export interface PersistedDocuments {
  /**
   * The text that is asked for, kept when it came with its hash; undefined when there is neither. Throws a GraphQLError
   * when it is not known or not allowed.
   */
  textOf(request: DocumentRequest): string | undefined
}

/** Apollo's protocol of automatic persisted queries, with documents that clients register and those of the operator. */
export function createPersistedDocuments(
  trusted: TrustedDocuments | null,
  { byteSize: maxByteSize } = defaultDocumentLimits,
): PersistedDocuments {
  const registered = new DocumentCache<string>(maxRegistered, maxByteSize, maxTotalLength)
  const trustedTexts = new Set(trusted?.byHash.values())
  const trustedOnly = trusted?.only === true

  const register = (hash: string, text: string) => {
    if (registered.get(hash) === text) return
    if (sha256Of(text) !== hash) {
      throw badRequest(400, 'extensions.persistedQuery.sha256Hash is not the SHA-256 of the query.')
    }
    if (!trustedOnly) registered.set(hash, text, text)
  }

  return {
    textOf({ query, extensions }) {
      const hash = hashIn(extensions)
      // graphql-ws wants a text always: an empty one is none.
      if (query === undefined || query === null || query === '') {
        if (hash === null) return query ?? undefined
        const text = trusted?.byHash.get(hash) ?? registered.get(hash)
        if (text === undefined) throw asGraphQLError(new PersistedQueryNotFoundError())
        return text
      }
      // Of the wrong type: Yoga says so.
      if (typeof query !== 'string') return query
      if (isTooLong(query, maxByteSize)) throw tooLong(maxByteSize)
      if (trustedOnly && !trustedTexts.has(query)) {
        throw badRequest(400, 'This server runs the documents that its operator gave it, and no others.')
      }
      if (hash !== null) register(hash, query)
      return query
    },
  }
}

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Null: no persisted query is meant. */
function hashIn(extensions: unknown): string | null {
  const wanted = (extensions as { persistedQuery?: unknown } | null | undefined)?.persistedQuery
  if (wanted === undefined || wanted === null) return null
  const { version, sha256Hash } = wanted as { version?: unknown; sha256Hash?: unknown }
  if (version !== 1 || typeof sha256Hash !== 'string' || !/^[\da-f]{64}$/i.test(sha256Hash)) {
    throw badRequest(400, 'extensions.persistedQuery must be {"version": 1, "sha256Hash": "<64 hexadecimal digits>"}.')
  }
  return sha256Hash.toLowerCase()
}
