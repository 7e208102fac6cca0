import { GraphQLError, validate, type DocumentNode, type GraphQLSchema, type ValidationRule } from 'graphql'
import { LRUCache } from 'lru-cache'
import { RateLimitedError } from '../../domain/errors.ts'
import type { Work } from '../../fairness/work.ts'
import { defaultDocumentLimits, parseWithinLimits, type DocumentLimits } from '../../schema/building/parse.ts'
import { limited } from '../../telemetry/facts.ts'
import { refusedUnread } from '../../transport/errors.ts'
import { countNodes, sizeFault } from './document-bounds.ts'
import { validationRules } from '../costs/limits.ts'
import { Refusals } from '../refusals.ts'

/** More say no more to who sent it, and each takes time to find. */
const maxMistakes = 5
/** Measured: what is kept of a document by its nodes, from 290 bytes for many fields to 360 for small documents. */
const nodeByteSize = 360
const defaultCacheByteSize = 16 * 1_048_576

interface DocumentsOptions {
  schema: GraphQLSchema
  introspection: boolean
  work: Work
  /** Bytes that valid documents may take; what was used longest ago goes first. */
  cacheByteSize?: number
  limits?: DocumentLimits
}

/**
 * Texts made into valid documents, or what is wrong with them; both are remembered. Only what is new takes processor time,
 * which is charged to who sent it: anybody can think of any number of documents, also without a token.
 */
export class Documents {
  private readonly kept: LRUCache<string, DocumentNode>
  private readonly refusals = new Refusals()
  private readonly rules: readonly ValidationRule[]
  private readonly limits: DocumentLimits

  constructor(private readonly options: DocumentsOptions) {
    this.limits = options.limits ?? defaultDocumentLimits
    this.rules = validationRules(options.introspection, this.limits)
    this.kept = new LRUCache({ maxSize: options.cacheByteSize ?? defaultCacheByteSize })
  }

  get count(): number {
    return this.kept.size
  }

  /** The document of a text that was found valid before. */
  known(text: string): DocumentNode | undefined {
    return this.kept.get(text)
  }

  /** Throws what is wrong with it, and RATE_LIMITED when the payer has used up their time for reading new documents. */
  read(text: string, payer: string): DocumentNode {
    const known = this.kept.get(text)
    if (known) return known
    const { work } = this.options
    // Of its own: who has run much that is known may still send something new.
    const account = `documents of ${payer}`
    if (work.debtMs(account) > 0) {
      if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'reading-documents', payer })
      throw refusedUnread(429, new RateLimitedError(work.waitMs(account), 'Too many new documents.'))
    }
    const startMs = performance.now()
    try {
      return this.readNew(text)
    } finally {
      const tookMs = performance.now() - startMs
      work.charge(account, tookMs)
      work.charge(payer, tookMs)
    }
  }

  private readNew(text: string): DocumentNode {
    const remembered = this.refusals.of(text)
    if (remembered) throw new AggregateError(remembered)
    try {
      const document = parseWithinLimits(text, this.limits)
      const mistakes = this.mistakesIn(document)
      if (mistakes.length > 0) throw new AggregateError(mistakes)
      this.kept.set(text, document, { size: countNodes(document) * nodeByteSize + text.length })
      return document
    } catch (error) {
      const mistakes = error instanceof AggregateError ? (error.errors as GraphQLError[]) : [error]
      if (mistakes.every((one) => one instanceof GraphQLError)) this.refusals.remember(text, mistakes)
      throw error
    }
  }

  private mistakesIn(document: DocumentNode): readonly GraphQLError[] {
    const fault = sizeFault(document)
    if (fault) return [fault]
    const { schema, introspection } = this.options
    // What is suggested instead of an unknown name is the schema, which nobody is to see then.
    const options = { maxErrors: maxMistakes, hideSuggestions: !introspection }
    return validate(schema, document, this.rules, options).slice(0, maxMistakes)
  }
}
