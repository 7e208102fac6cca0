import type { Loaders } from '../domain/loaders.ts'
import type { Context } from './context.ts'

/**
 * The context in which an event is executed for more than one viewer. It knows one of them, and notes what was asked of
 * that one: with nothing asked the result is everybody's; with only "are you X?" asked it is that of all who would answer
 * the same; with anything else it is theirs alone. So no field has to say that it depends on the viewer to be safe.
 */
export class SharedContext implements Context {
  private readonly answers = new Map<string, boolean>()
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

  get domain() {
    return this.own.domain
  }

  get prisma() {
    return this.own.prisma
  }

  isViewer(userId: string): boolean {
    const answer = userId === this.own.viewer?.userId
    this.answers.set(userId, answer)
    return answer
  }

  /** Whether somebody else would get the same result, as far as it has been computed. */
  serves(viewerId: string | undefined): boolean {
    if (viewerId === this.own.viewer?.userId) return true
    if (this.isExclusive) return false
    for (const [userId, answer] of this.answers) if ((userId === viewerId) !== answer) return false
    return true
  }
}
