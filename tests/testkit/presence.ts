import { expect, vi } from 'vitest'
import {
  HeartbeatDocument,
  PresenceEventsDocument,
  UpdateSettingsDocument,
  type DeviceKind,
  type PresenceEventsSubscription,
  type PresenceFieldsFragment,
  type PresenceStatus,
  type UpdateSettingsInput,
} from '../../sdk/generated/graphql.ts'
import { ask } from './api.ts'
import { signUpMany } from './crowd.ts'
import type { TestDatabase } from './database.ts'
import { Person } from './person.ts'
import { Reader } from './reader.ts'

export type SeenPresence = PresenceFieldsFragment
export type PresenceReader = Reader<PresenceEventsSubscription['presenceEvents']>

/** For what no device or a hidden one looks like. */
export const offline = { status: 'OFFLINE', device: null, lastSeenAt: null }

/** The uuid in an id of the API. */
export const uuidOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]!

/** Many people at once, for whom no password is hashed, with ids as the API gives them. */
export async function signUpPeople(database: TestDatabase, url: string, count: number): Promise<Person[]> {
  const people = await signUpMany(database, url, count)
  return people.map(({ id, session }) => {
    const user = { ...session.user, id: Buffer.from(`User:${id}`).toString('base64url') }
    return new Person({ ...session, user }, url)
  })
}

export async function presenceOf(viewer: Person, other: Person): Promise<SeenPresence> {
  const query = 'query ($id: ID!) { node(id: $id) { ... on User { presence { status device lastSeenAt } } } }'
  const { data, errors } = await ask<{ node: { presence: SeenPresence } }>(viewer, query, { id: other.id })
  if (!data) throw new Error(JSON.stringify(errors))
  return data.node.presence
}

/** Resolves when this is what the one sees of the other. */
export async function seesSoon(viewer: Person, other: Person, expected: object, timeoutMs = 10_000): Promise<void> {
  // Not expect.poll, which knows one test at a time: some of these are concurrent.
  await vi.waitFor(async () => expect(await presenceOf(viewer, other)).toMatchObject(expected), {
    timeout: timeoutMs,
    interval: 50,
  })
}

export const followPresence = (viewer: Person, people: readonly Person[]): Promise<PresenceReader> =>
  Reader.open(
    viewer,
    PresenceEventsDocument,
    { userIds: people.map(({ id }) => id) },
    ({ presenceEvents }) => presenceEvents,
  )

export const presencesOf = (reader: PresenceReader, person: Person) =>
  reader.events.filter(({ user }) => user.id === person.id).map(({ presence }) => presence)

export const statusesOf = (reader: PresenceReader, person: Person) =>
  presencesOf(reader, person).map(({ status }) => status)

export async function heartbeat(person: Person, status: PresenceStatus, deviceId = 'd', kind: DeviceKind = 'WEB') {
  return (await person.client.request(HeartbeatDocument, { input: { deviceId, kind, status } })).heartbeat
}

export const updateSettings = (person: Person, input: UpdateSettingsInput) =>
  person.client.request(UpdateSettingsDocument, { input })
