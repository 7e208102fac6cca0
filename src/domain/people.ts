import type { PeopleStore } from '../store/people.ts'
import type { Viewer } from './viewer.ts'

export interface People {
  updateSettings(viewer: Viewer, settings: { readReceiptsEnabled: boolean | null }): Promise<void>
}

export function createPeople(store: PeopleStore): People {
  return {
    async updateSettings(viewer, { readReceiptsEnabled }) {
      if (readReceiptsEnabled !== null) await store.setReadReceipts(viewer.userId, readReceiptsEnabled)
    },
  }
}
