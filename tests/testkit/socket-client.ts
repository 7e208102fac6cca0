import { createClient, type Client } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Person } from './person.ts'

/** A person's client on a socket that is opened at once, and never again: the test decides what follows its end. */
export const socketClient = (person: Person): Client =>
  createClient({
    url: person.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: person.connectionParams,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
  })
