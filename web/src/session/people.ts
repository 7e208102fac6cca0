/** What a person signs in with. Demo people are registered by whoever is the first to be one of them. */
export interface Credentials {
  handle: string
  displayName: string
  password: string
  kind: 'login' | 'register' | 'demo'
}

/** Whose chats a window shows. */
export interface Person {
  handle: string
  demo: boolean
}

const storageKey = 'parley.person'

// A demo person belongs to one window, so that two of them can talk side by side; anybody else to the whole browser.
const places = () => [sessionStorage, localStorage] as const

export function keptPerson(): Person | null {
  try {
    for (const place of places()) {
      const kept = place.getItem(storageKey)
      if (kept !== null) return JSON.parse(kept) as Person
    }
  } catch {
    // Nothing is kept by this browser.
  }
  return null
}

export function keepPerson(person: Person): void {
  try {
    const [window, browser] = places()
    ;(person.demo ? window : browser).setItem(storageKey, JSON.stringify(person))
  } catch {
    // Until the window is closed.
  }
}

export function forgetPerson(): void {
  try {
    for (const place of places()) place.removeItem(storageKey)
  } catch {
    // Nothing was kept.
  }
}
