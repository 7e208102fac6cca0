import type { Basis } from './basis.ts'
import type { Loaders } from './loaders.ts'

/**
 * Loaders of a query whose answer may be kept. Those which note in the basis what they read are handed on; with any other one the
 * answer rests on something that nothing is known of. A new loader has to say here which it is.
 */
export class ReadLoaders implements Loaders {
  constructor(
    private readonly own: Loaders,
    readonly basis: Basis,
  ) {}

  get user() {
    return this.own.user
  }

  get conversation() {
    return this.own.conversation
  }

  get entry() {
    return this.own.entry
  }

  get message() {
    return this.own.message
  }

  get messagePage() {
    return this.own.messagePage
  }

  get horizon() {
    return this.own.horizon
  }

  /** Only whether something is withheld from the viewer, which their own stream tells. */
  get history() {
    return this.own.history
  }

  get inboxCounts() {
    return this.other().inboxCounts
  }

  get attachment() {
    return this.other().attachment
  }

  get attachmentsOf() {
    return this.other().attachmentsOf
  }

  get members() {
    return this.other().members
  }

  get member() {
    return this.other().member
  }

  get leastStandings() {
    return this.other().leastStandings
  }

  get muting() {
    return this.other().muting
  }

  get blocks() {
    return this.other().blocks
  }

  get othersProgress() {
    return this.other().othersProgress
  }

  get readBy() {
    return this.other().readBy
  }

  get reactions() {
    return this.other().reactions
  }

  get threads() {
    return this.other().threads
  }

  get revisions() {
    return this.other().revisions
  }

  get supportCase() {
    return this.other().supportCase
  }

  get request() {
    return this.other().request
  }

  get presence() {
    return this.other().presence
  }

  private other(): Loaders {
    this.basis.open()
    return this.own
  }
}
