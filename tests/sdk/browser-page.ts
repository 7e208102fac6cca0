import { createParley, indexedDbStorage, type Parley } from '@parley/client'

/** What the tests in a browser ask of a page: see browser.heavy.test.ts. */
export interface PageChat {
  parley: Parley
  texts(conversationId: string): (string | null)[]
}

/** All sockets of this page, the ended ones too. */
const sockets: WebSocket[] = []
globalThis.WebSocket = class extends WebSocket {
  constructor(...all: ConstructorParameters<typeof WebSocket>) {
    super(...all)
    sockets.push(this)
  }
}

const url = new URLSearchParams(location.search).get('url') ?? ''
const parley = createParley({ url, storage: indexedDbStorage('chat') })
const chat: PageChat = {
  parley,
  texts(conversationId) {
    const timeline = parley.timeline(conversationId)
    timeline.subscribe(() => undefined)
    return timeline.getSnapshot().items.map((item) => (item.kind === 'message' ? item.message.text : null))
  },
}
Object.assign(globalThis, { chat, sockets })
