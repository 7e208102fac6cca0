import type { Client } from 'graphql-ws'
import type { Answer, TopLevelError } from './api.ts'
import { atEndOfEachFile } from './at-end.ts'
import type { Person } from './person.ts'
import { socketClient } from './socket-client.ts'

export interface OpenSocket {
  /** Sends an operation on this socket. Errors that refuse the operation are returned like those of an answer. */
  ask(query: string, variables?: object): Promise<Pick<Answer, 'data' | 'errors'>>
  /** Resolves with the close code. */
  closed: Promise<number>
}

const opened = new Set<Client>()

atEndOfEachFile(() => {
  for (const client of opened) void client.dispose()
})

/** Opens a socket for a person and keeps it open: resolves once the server has acknowledged it. */
export async function openSocket(person: Person): Promise<OpenSocket> {
  const client = socketClient(person)
  opened.add(client)
  const closed = new Promise<number>((resolve) => {
    client.on('closed', (event) => {
      resolve((event as { code: number }).code)
    })
  })
  await new Promise<void>((resolve, reject) => {
    client.on('connected', () => {
      resolve()
    })
    void closed.then((code) => {
      reject(new Error(`closed with ${code}`))
    })
  })
  return {
    closed,
    async ask(query, variables = {}) {
      const results = client.iterate({ query, variables: variables as Record<string, unknown> })
      try {
        return ((await results.next()) as { value: Pick<Answer, 'data' | 'errors'> }).value
      } catch (error) {
        if (Array.isArray(error)) return { errors: error as TopLevelError[] }
        throw error
      }
    },
  }
}
