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
} from '../../sdk/src/generated/graphql.ts'
import { ask } from './api.ts'
import { signUpMany } from './crowd.ts'
import type { TestDatabase } from './database.ts'
import { Person } from './person.ts'
import { Reader } from './reader.ts'

export type SeenPresence = PresenceFieldsFragment
export type PresenceReader = Reader<PresenceEventsSubscription['presenceEvents']>

/** What others see of a person without a device, or who hides their presence. */
export const offline = { status: 'OFFLINE', device: null, lastSeenAt: null }

/** The uuid in an id of the API. */
export const uuidOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]!

/** Creates many people at once, without hashing passwords, with ids as in the API. */
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

/** Resolves when the viewer sees this presence of the other person. */
export async function seesSoon(viewer: Person, other: Person, expected: object, timeoutMs = 10_000): Promise<void> {
  // Not expect.poll, which supports one test at a time: some of these run concurrently.
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
