import type { DeviceKind } from '../domain/viewer.ts'
import {
  idleAfterMs,
  lifeMs,
  maxDevices,
  savedForMs,
  steadyMs,
  sweepSize,
  type Change,
  type PresenceState,
  type PresenceStates,
  type Status,
} from './presence.ts'

interface Device {
  kind: DeviceKind
  said: Status
  activeAtMs: number
  expiresAtMs: number
  sessionId: string
}

interface Person {
  devices: Map<string, Device>
  /** The status that was announced last. */
  status: Status
  kind: DeviceKind | null
  /** When the newest of the devices that are gone gave its last sign. */
  seenAtMs: number
  isUnsaved: boolean
  /** When to look again: something expires, becomes idle, or need not be remembered any longer. */
  dueAtMs: number
}

export interface InProcessOptions {
  /** Called with the people whose presence has changed. */
  announce: (userIds: string[]) => void
  nowMs?: () => number
}

/** For a process that runs alone: the same rules as in the .lua files. One test suite checks both. */
export const createInProcessPresence = (options: InProcessOptions): PresenceStates => new InProcessPresence(options)

class InProcessPresence implements PresenceStates {
  readonly isReachable = true
  private readonly people = new Map<string, Person>()
  private readonly announce: InProcessOptions['announce']
  private readonly nowMs: () => number

  constructor({ announce, nowMs = Date.now }: InProcessOptions) {
    this.announce = announce
    this.nowMs = nowMs
  }

  async apply(changes: readonly Change[]): Promise<void> {
    const now = this.nowMs()
    for (const change of changes) applyTo(this.personOf(change.userId), change, now)
    this.settleAll(new Set(changes.map(({ userId }) => userId)), now)
  }

  async sweep() {
    const now = this.nowMs()
    const due: string[] = []
    for (const [userId, person] of this.people) {
      if (person.dueAtMs > now) continue
      if (person.devices.size === 0 && person.status === 'OFFLINE') this.people.delete(userId)
      else due.push(userId)
    }
    this.settleAll(due, now)
    const unsaved = [...this.people].filter(([, { isUnsaved }]) => isUnsaved).slice(0, sweepSize)
    return { isFull: false, unsaved: unsaved.map(([userId, { seenAtMs }]) => ({ userId, atMs: seenAtMs })) }
  }

  async saved(moments: Parameters<PresenceStates['saved']>[0]): Promise<void> {
    for (const { userId, atMs } of moments) {
      const person = this.people.get(userId)
      if (!person || person.seenAtMs !== atMs) continue
      person.isUnsaved = false
      if (person.devices.size === 0) person.dueAtMs = this.nowMs() + savedForMs
    }
  }

  async read(userIds: readonly string[]): Promise<(PresenceState | null)[]> {
    return userIds.map((userId) => {
      const person = this.people.get(userId)
      if (!person) return null
      const { status, kind, seenAtMs } = person
      return { status, device: kind, lastSeenAtMs: status === 'OFFLINE' && seenAtMs > 0 ? seenAtMs : null }
    })
  }

  onConnected(): void {
    // It is never away.
  }

  async close(): Promise<void> {
    this.people.clear()
  }

  private personOf(userId: string): Person {
    const known = this.people.get(userId)
    if (known) return known
    const person: Person = {
      devices: new Map(),
      status: 'OFFLINE',
      kind: null,
      seenAtMs: 0,
      isUnsaved: false,
      dueAtMs: Infinity,
    }
    this.people.set(userId, person)
    return person
  }

  private settleAll(userIds: Iterable<string>, now: number): void {
    const changed = [...userIds].filter((userId) => {
      const person = this.people.get(userId)
      return person !== undefined && this.settle(userId, person, now)
    })
    if (changed.length > 0) this.announce(changed)
  }

  /** Brings the published state in line with the devices. True if it changed. */
  private settle(userId: string, person: Person, now: number): boolean {
    for (const [id, device] of person.devices) if (device.expiresAtMs <= now) remove(person, id, device)
    const { status, kind, dueAtMs } = bestOf(person, now)
    const changed = status !== person.status || kind !== person.kind
    Object.assign(person, { status, kind, dueAtMs })
    if (changed && status === 'OFFLINE' && person.seenAtMs > 0) person.isUnsaved = true
    if (person.devices.size === 0 && !person.isUnsaved) {
      // Kept for a while, for readers that read the database before it was saved there; dropped at once if there is no
      // such time.
      if (person.seenAtMs === 0) this.people.delete(userId)
      else person.dueAtMs = now + savedForMs
    }
    return changed
  }
}

function applyTo(person: Person, change: Change, now: number): void {
  const { devices } = person
  switch (change.type) {
    case 'SIGN':
      applySign(person, change, now)
      break
    case 'LEFT': {
      const device = devices.get(change.deviceId)
      if (!device || device.said === 'OFFLINE') break
      device.said = 'OFFLINE'
      person.seenAtMs = now
      break
    }
    case 'USED':
      for (const device of devices.values()) if (device.sessionId === change.sessionId) device.activeAtMs = now
      break
    case 'SESSION_ENDED':
      for (const [id, device] of devices) if (device.sessionId === change.sessionId) remove(person, id, device)
      break
    case 'FORGET':
      devices.clear()
      person.seenAtMs = 0
      person.isUnsaved = false
  }
}

function applySign(person: Person, sign: Extract<Change, { type: 'SIGN' }>, now: number): void {
  const { devices } = person
  const known = devices.get(sign.deviceId)
  const isThere = known !== undefined && known.expiresAtMs > now
  const expiresAtMs = now - (sign.silentMs ?? 0) + lifeMs
  // The device has been silent for too long, so this does not count as a sign.
  if (expiresAtMs <= now) return
  if (!isThere) makeRoom(person)
  const usedAtMs = sign.idleMs === null ? 0 : now - sign.idleMs
  const says = sign.says === 'HERE' ? null : sign.says
  const said = isThere ? known.said : 'ONLINE'
  devices.set(sign.deviceId, {
    kind: isThere && says === null ? known.kind : sign.kind,
    said: says ?? (sign.says === 'HERE' && said === 'OFFLINE' ? 'ONLINE' : said),
    activeAtMs: isThere ? Math.max(known.activeAtMs, usedAtMs) : usedAtMs || now,
    expiresAtMs: isThere ? Math.max(known.expiresAtMs, expiresAtMs) : expiresAtMs,
    sessionId: sign.sessionId,
  })
}

function makeRoom({ devices }: Person): void {
  if (devices.size < maxDevices) return
  const [oldest] = [...devices].sort(([, one], [, other]) => one.expiresAtMs - other.expiresAtMs)
  if (oldest) devices.delete(oldest[0])
}

function remove(person: Person, deviceId: string, { said, expiresAtMs }: Device): void {
  person.devices.delete(deviceId)
  if (said !== 'OFFLINE') person.seenAtMs = Math.max(person.seenAtMs, expiresAtMs - lifeMs)
}

function bestOf(person: Person, now: number): { status: Status; kind: DeviceKind | null; dueAtMs: number } {
  let status: Status = 'OFFLINE'
  let dueAtMs = Infinity
  let candidates: [string, Device][] = []
  for (const each of person.devices) {
    const [, { said, activeAtMs, expiresAtMs }] = each
    const idleAtMs = activeAtMs + idleAfterMs
    if (said === 'OFFLINE') {
      dueAtMs = Math.min(dueAtMs, expiresAtMs)
      continue
    }
    const isAway = said === 'AWAY' || idleAtMs <= now
    dueAtMs = Math.min(dueAtMs, expiresAtMs, isAway ? Infinity : idleAtMs)
    const own = isAway ? 'AWAY' : 'ONLINE'
    if (own === status) candidates.push(each)
    else if (own === 'ONLINE' || status === 'OFFLINE') {
      status = own
      candidates = [each]
    }
  }
  const [newest] = candidates.sort(
    ([oneId, one], [otherId, other]) => other.activeAtMs - one.activeAtMs || (oneId < otherId ? -1 : 1),
  )
  if (!newest) return { status, kind: null, dueAtMs }
  const steadyFromMs = newest[1].activeAtMs - steadyMs
  const stays = candidates.some(([, { kind, activeAtMs }]) => kind === person.kind && activeAtMs >= steadyFromMs)
  return { status, kind: stays ? person.kind : newest[1].kind, dueAtMs }
}
