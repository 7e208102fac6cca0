import { expect, test } from 'vitest'
import { createPresence, type PresenceOptions } from '../../../src/domain/presence/presence.ts'

const viewer = { userId: 'ann', sessionId: 's', role: 'USER' as const }

test('who is visible again has what Redis knew of them forgotten before anybody may see or write it', async () => {
  const steps: string[] = []
  const presence = createPresence({
    states: { read: () => Promise.resolve([{ status: 'OFFLINE', device: null, lastSeenAtMs: 1 }]) },
    devices: { tell: ([change]: { type: string }[]) => Promise.resolve(steps.push(change!.type)) },
    store: { setSharing: () => Promise.resolve(steps.push('visible')) },
    presenceWatch: { changed: () => steps.push('told') },
  } as unknown as PresenceOptions)
  await presence.updateSharing(viewer, { presenceSharing: null, invisible: false })
  expect(steps).toEqual(['FORGET', 'visible', 'told'])
})
