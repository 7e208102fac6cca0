import type { Loaders } from '../domain/loaders.ts'
import type { Context, Group } from '../schema/building/context.ts'

/**
 * The context in which an event is executed for more than one viewer. It knows one of them, and notes what was asked of
 * that one: with nothing asked the result is everybody's; with only "are you X?" or "are you one of these?" asked it is that
 * of all who would answer the same; with anything else it is theirs alone. So no field has to say that it depends on the viewer to be safe.
 */
export class SharedContext implements Context {
  /** Of whom it was asked whether they are the viewer. */
  private readonly asked = new Set<string>()
  /** Of which people it was asked whether the viewer is among them. */
  private readonly askedGroups: Group[] = []
  /** Whether the result is one viewer's alone. */
  isExclusive = false

  constructor(
    private readonly own: Context,
    readonly loaders: Loaders,
  ) {}

  get viewer() {
    this.isExclusive = true
    return this.own.viewer
  }

  get authFailure() {
    this.isExclusive = true
    return this.own.authFailure
  }

  get client() {
    this.isExclusive = true
    return this.own.client
  }

  /** No part of a result: who pays changes nothing of it. */
  get payer() {
    return this.own.payer
  }

  get domain() {
    return this.own.domain
  }

  get goOnFrom() {
    return this.own.goOnFrom
  }

  get prisma() {
    return this.own.prisma
  }

  isViewer(userId: string): boolean {
    this.asked.add(userId)
    return userId === this.ownId
  }

  isViewerAmong(userIds: Group): boolean {
    this.askedGroups.push(userIds)
    return this.ownId !== undefined && userIds.has(this.ownId)
  }

  get ownId(): string | undefined {
    return this.own.viewer?.userId
  }

  /** Whether these two would answer all that was asked in the same way. */
  areAlike(oneId: string | undefined, otherId: string | undefined): boolean {
    if (oneId === otherId) return true
    if (this.isExclusive) return false
    for (const userId of this.asked) if ((userId === oneId) !== (userId === otherId)) return false
    const isAmong = (group: Group, id: string | undefined) => id !== undefined && group.has(id)
    return this.askedGroups.every((group) => isAmong(group, oneId) === isAmong(group, otherId))
  }

  /** Whether somebody else would get the same result, as far as it has been computed. */
  serves(viewerId: string | undefined): boolean {
    return this.areAlike(this.ownId, viewerId)
  }
}
