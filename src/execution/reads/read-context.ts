import type { Basis } from '../../domain/basis.ts'
import type { Domain } from '../../domain/domain.ts'
import type { Loaders } from '../../domain/loaders.ts'
import type { Context } from '../../schema/building/context.ts'

/**
 * The context of a query whose answer may be kept for its viewer. What is taken from it besides the loaders, which note what they
 * read, and the page of the inbox, which does so too, is nothing that would be noticed to have moved: then the answer is not kept.
 */
export class ReadContext implements Context {
  readonly loaders: Loaders
  readonly domain: Domain

  constructor(
    private readonly own: Context,
    private readonly basis: Basis,
  ) {
    this.loaders = own.domain.newLoaders(own.payer, basis)
    this.domain = new Proxy(own.domain, {
      get(domain, name: keyof Domain) {
        if (name !== 'inbox') basis.open()
        return domain[name]
      },
    })
  }

  /** The answer is for this one alone, whatever is asked of them. */
  get viewer() {
    return this.own.viewer
  }

  get authFailure() {
    return this.own.authFailure
  }

  get payer() {
    return this.own.payer
  }

  get address() {
    return this.own.address
  }

  get goOnFrom() {
    return this.own.goOnFrom
  }

  get prisma() {
    this.basis.open()
    return this.own.prisma
  }

  get client() {
    this.basis.open()
    return this.own.client
  }
}
