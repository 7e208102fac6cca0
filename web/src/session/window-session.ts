import { createParley, indexedDbStorage, isRequestError, Value, type Parley } from '@parley/client'
import { createChat, type Chat } from '../client/chat.ts'
import { put } from '../client/put.ts'
import { dropDrafts } from '../composer/drafts.ts'
import { apiUrl } from '../settings.ts'
import { forgetPerson, keepPerson, keptPerson, type Credentials, type Person } from './people.ts'

export type WindowState =
  | { status: 'SIGNED_OUT'; hasEnded: boolean }
  /** It is not known yet whether somebody is signed in. */
  | { status: 'OPENING' }
  | { status: 'OPEN'; chat: Chat }

/** A demo person has a place of their own; all others share one, as one of them at a time is signed in. */
const storageName = ({ handle, demo }: Person) => (demo ? `parley demo ${handle}` : 'parley')

const signedOut: WindowState = { status: 'SIGNED_OUT', hasEnded: false }

/** Who is signed in in this window, from the first sign-in to the last sign-out. */
export class WindowSession {
  readonly state = new Value<WindowState>(signedOut)
  private current: { person: Person; parley: Parley; stop: () => void } | null = null

  constructor() {
    const person = keptPerson()
    if (person) this.open(person)
  }

  /** Rejects with a RequestError, or with an Error that has the server's reason. */
  async signIn({ kind, handle, displayName, password }: Credentials): Promise<void> {
    const person = { handle, demo: kind === 'demo' }
    const { session } = this.open(person)
    const isNew = kind === 'register'
    let refusal = isNew
      ? await session.register({ handle, displayName, password })
      : await session.login({ handle, password })
    // Who is the first to be a demo person makes them.
    if (kind === 'demo' && refusal?.code === 'INVALID_CREDENTIALS') {
      refusal = await session.register({ handle, displayName, password })
    }
    if (refusal) throw new Error(refusal.reason)
    keepPerson(person)
  }

  /** As signIn, for somebody who has no password yet. */
  async acceptInvitation(token: string, password: string): Promise<void> {
    const { session } = this.open({ handle: '', demo: false })
    const refusal = await session.acceptInvitation({ token, password })
    if (refusal) throw new Error(refusal.reason)
    const state = session.state.getSnapshot()
    keepPerson({ handle: state.status === 'SIGNED_IN' ? state.user.handle : '', demo: false })
  }

  readonly signOut = (): void => {
    const { current } = this
    if (!current) return
    const state = this.state.getSnapshot()
    if (state.status === 'OPEN') dropDrafts(state.chat.viewerId)
    forgetPerson()
    this.close()
    void current.parley.session.logout().finally(() => current.parley.close())
  }

  private open(person: Person): Parley {
    if (this.current && storageName(this.current.person) === storageName(person)) return this.current.parley
    const former = this.current?.parley
    this.close()
    void former?.close()
    const parley = createParley({ url: apiUrl, storage: indexedDbStorage(storageName(person)), put })
    const look = () => this.look(parley)
    this.current = { person, parley, stop: parley.session.state.subscribe(look) }
    look()
    return parley
  }

  private close(): void {
    this.current?.stop()
    this.current = null
    this.state.set(signedOut)
  }

  private look(parley: Parley): void {
    const session = parley.session.state.getSnapshot()
    const before = this.state.getSnapshot()
    switch (session.status) {
      case 'LOADING':
        this.state.set({ status: 'OPENING' })
        break
      case 'SIGNED_OUT':
      case 'ENDED':
        this.state.set({ status: 'SIGNED_OUT', hasEnded: session.status === 'ENDED' })
        break
      case 'SIGNED_IN':
        if (before.status !== 'OPEN' || before.chat.viewerId !== session.user.id) {
          this.state.set({ status: 'OPEN', chat: createChat(parley, session.user.id, this.signOut) })
        }
    }
  }
}

/** Whether it is the network, or no Parley server, that keeps from signing in. */
export const isUnreachable = (error: unknown): boolean => isRequestError(error) && error.code === 'NETWORK'
