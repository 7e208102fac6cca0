import type { ConnectionEvent } from './table.ts'

/** SHOWN: it can be seen again, having run on meanwhile with timers held back. */
export type PageEvent = Extract<ConnectionEvent, 'DOUBT' | 'ONLINE' | 'PAUSE' | 'RESUME'> | 'SHOWN'

type Target = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>

/** What tells about the page. In Node and React Native there is none of it. */
export interface Page {
  window?: Target
  document?: Target & { visibilityState?: string }
}

const ownPage = (): Page => ({
  ...(typeof window === 'object' && typeof window.addEventListener === 'function' && { window }),
  ...(typeof document === 'object' && { document }),
})

/** Tells what happens to the page, as far as it concerns a connection. */
export function watchPage(tell: (event: PageEvent) => void, page: Page = ownPage()): () => void {
  const listened: (() => void)[] = []
  const on = (target: Target | undefined, type: string, listener: (event: Event) => void) => {
    target?.addEventListener(type, listener)
    listened.push(() => target?.removeEventListener(type, listener))
  }
  const isKept = (event: Event) => (event as PageTransitionEvent).persisted
  // A page in the back/forward cache keeps its socket: the browser answers the server's pings there, and drops what comes.
  on(page.window, 'pagehide', (event) => isKept(event) && tell('PAUSE'))
  on(page.window, 'pageshow', (event) => isKept(event) && tell('RESUME'))
  on(page.document, 'freeze', () => tell('PAUSE'))
  on(page.document, 'resume', () => tell('RESUME'))
  on(page.window, 'online', () => tell('ONLINE'))
  on(page.window, 'offline', () => tell('DOUBT'))
  on(page.document, 'visibilitychange', () => page.document?.visibilityState !== 'hidden' && tell('SHOWN'))
  return () => {
    for (const stop of listened) stop()
  }
}
