import { GraphQLError } from 'graphql'
import { LRUCache } from 'lru-cache'
import { sha256Of } from './documents/persisted.ts'

const maxRefusals = 10_000
/** Bytes; an entry takes some 1,000 besides its messages. */
const maxTotalByteSize = 4 * 1_048_576
const entryByteSize = 1_000

/** What is wrong with documents, by the hash of their text: who sends one again costs no reading and no checking. */
export class Refusals {
  private readonly entries = new LRUCache<string, readonly GraphQLError[]>({
    max: maxRefusals,
    maxSize: maxTotalByteSize,
  })

  get count(): number {
    return this.entries.size
  }

  of(text: string): readonly GraphQLError[] | undefined {
    return this.entries.get(sha256Of(text))
  }

  remember(text: string, mistakes: readonly GraphQLError[]): void {
    const kept = mistakes.map(withoutDocument)
    const byteSize = kept.reduce((sum, { message }) => sum + message.length * 2 + entryByteSize, entryByteSize)
    this.entries.set(sha256Of(text), kept, { size: byteSize })
  }
}

/** An error's nodes hold the whole document; of these only their places are told. */
function withoutDocument({ message, originalError, extensions, locations }: GraphQLError): GraphQLError {
  return Object.assign(new GraphQLError(message, { originalError, extensions }), { locations })
}
