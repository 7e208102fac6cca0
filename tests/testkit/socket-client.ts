import { createClient, type Client } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Person } from './person.ts'

/** A person's client on a socket that is opened at once, and only once: whoever uses it says what comes after its end. */
export const socketClient = (person: Person): Client =>
  createClient({
    url: person.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: person.connectionParams,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
  })
