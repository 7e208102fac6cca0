import type { FileAddresses } from './addresses.ts'
import type { FileFolder } from './folder.ts'
import type { FileStore } from './store.ts'

/** Files in the data folder: they come and go through this server, by addresses that it signs. */
export function createFolderStore(folder: FileFolder, addresses: FileAddresses): FileStore {
  return {
    prepare: () => folder.prepare(),
    uploadUrl: ({ id }, until, baseUrl) => baseUrl() + addresses.sign('PUT', id, until),
    downloadUrl: ({ id }, { until }, baseUrl) => baseUrl() + addresses.sign('GET', id, until),
    async arrived({ id, byteSize }) {
      const kept = await folder.kept(id)
      return kept && kept.byteSize !== byteSize ? { byteSize: kept.byteSize, path: null } : kept
    },
    // They are in their place already: what comes later goes to another one.
    release: () => Promise.resolve(),
    publish: () => Promise.resolve(true),
    read: ({ id, hash }) => (hash === null ? Promise.resolve(null) : folder.read(id, hash)),
    put: ({ id }, draft) => folder.keep(draft, id),
    forgetUpload: () => Promise.resolve(),
    remove: (id, exceptHash) => folder.remove(id, exceptHash),
    removeAbandoned: () => folder.removeAbandoned(),
    close: () => undefined,
  }
}
