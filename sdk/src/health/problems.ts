import { Value, type Store } from '../stores/store.ts'

/** What keeps the client from working as it should, one state each, with words for people. */
export interface Problem {
  code:
    /** The address is not that of a Parley server. */
    | 'WRONG_SERVER'
    /** The server's API is of another version than this client was made for. */
    | 'WRONG_VERSION'
    /** The server refuses this client for a reason that will be there again. */
    | 'REFUSED'
    /** The clock of this device is wrong by more than some minutes: times are shown as the server has them, and look odd. */
    | 'CLOCK_WRONG'
    /** The browser does not let this page store anything: it works, and forgets all when it is closed. */
    | 'STORAGE_REFUSED'
    /** There is no room left on this device. */
    | 'STORAGE_FULL'
  message: string
}

/** The problems of now. */
export class Problems {
  private readonly value = new Value<readonly Problem[]>([])

  get store(): Store<readonly Problem[]> {
    return this.value
  }

  /** Null: it is no more. */
  set(code: Problem['code'], message: string | null): void {
    const others = this.value.getSnapshot().filter((problem) => problem.code !== code)
    const known = this.value.getSnapshot().find((problem) => problem.code === code)
    if (known?.message === (message ?? undefined)) return
    this.value.set(message === null ? others : [...others, { code, message }])
  }
}
