import type { Draft } from './folder.ts'

/** A file as the places of its bytes know it. */
export interface StoredFile {
  id: string
  fileName: string
  /** As it was declared. */
  contentType: string
  byteSize: number
  /** SHA-256 of its bytes, in hexadecimal; null: they are not there, or not checked yet. */
  hash: string | null
}

/** Bytes that came for a file and are at a path of this machine until they are released. */
export interface Arrived extends Draft {
  /** The store's own name for these bytes. */
  tag?: string
}

/** Where clients reach this server, which is asked only if that matters. */
export type BaseUrl = () => string

/** Where the bytes of files are kept. What cannot be reached rejects with UNAVAILABLE, in time. */
export interface FileStore {
  /** Rejects, with words for the operator, when no bytes can be kept now. */
  prepare(): Promise<void>
  /** Where the bytes of this file can be put until then. */
  uploadUrl(file: StoredFile, until: Date, baseUrl: BaseUrl): Promise<string> | string
  /** Where its bytes can be got, in this time. The same for the same time. */
  downloadUrl(file: StoredFile, time: { from: Date; until: Date }, baseUrl: BaseUrl): Promise<string> | string
  /** The bytes that came for this file; or only how many they are, if they are not as many as were declared; null: none. */
  arrived(file: StoredFile): Promise<Arrived | { byteSize: number; path: null } | null>
  release(arrived: Arrived): Promise<void>
  /** From now on these bytes can be got, whatever comes for the file afterwards. False: what came is something else by now. */
  publish(file: StoredFile, arrived: Arrived): Promise<boolean>
  /** The bytes that can be got, read by ourselves; null: there are none. */
  read(file: StoredFile): Promise<AsyncIterable<Uint8Array> | null>
  /** Keeps bytes that are at a path of this machine, and were looked at, as those of this file. */
  put(file: StoredFile, draft: Draft): Promise<void>
  /** The file has its bytes: what is where they came may go. */
  forgetUpload(id: string): Promise<void>
  /** Removes all bytes that came for this file, but for those with the hash. */
  remove(id: string, exceptHash?: string): Promise<void>
  /** Removes what is of nobody: of processes that died, or put by an address that was used again. */
  removeAbandoned(): Promise<void>
  /** What is under way may fail from now on. */
  close(): void
}
