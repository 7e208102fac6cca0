import pLimit from 'p-limit'
import { timeMs } from '../../clock.ts'
import type { Draft } from '../../files/folder.ts'
import type { Inspection } from '../../files/inspection.ts'
import type { Scan } from '../../files/scan.ts'
import type { Arrived, FileStore } from '../../files/store.ts'
import { within } from '../../flow/deadline.ts'
import type { AttachmentStore } from '../../store/attachments.ts'
import type { Attachment } from '../../store/rows.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { NotFoundError, UnavailableError } from '../errors.ts'

/** What the bytes that came for a file were found to be. */
export type Checked =
  /** In order: the file can be attached. */
  | { outcome: 'READY'; hash: string }
  /** Not checked yet. */
  | { outcome: 'HELD'; reason: string }
  /** None that can be attached. */
  | { outcome: 'REFUSED'; reason: string }
  /** The file has other bytes already. */
  | { outcome: 'CONFLICT' }

export interface Checking {
  /** Looks at bytes that came, and makes them those of the file if they are in order. */
  check(attachment: Attachment, arrived: Arrived): Promise<Checked>
  /**
   * Looks at files of this person whose bytes are there and were not found to be in order. Rejects with UNAVAILABLE when that
   * takes too long: it goes on, and the next one who asks finds it done.
   */
  settle(uploaderId: string, ids: readonly string[]): Promise<void>
}

export interface CheckingOptions {
  store: AttachmentStore
  files: FileStore
  inspect: (path: string, contentType: string) => Promise<Inspection>
  scan: Scan | null
  logger: Logger
}

type Faulty = { outcome: 'REFUSED' | 'HELD'; reason: string }
type Seen = { outcome: 'SEEN'; width: number | null; height: number | null; blurHash: string | null }

const held = 'It is held back until it has been scanned, which is not possible at the moment. Try again in a minute.'

/** Files that are looked at on demand at once, in all and of one person: each may have to come from another machine. */
const maxAtOnce = 8
const maxAtOncePerPerson = 2
/** How long a send waits for its files. */
const settleTimeoutMs = 15_000
const retryAfterMs = 2_000
/** How often the bytes of a file may become others while they are looked at. */
const maxLooks = 3

export function createChecking({ store, files, inspect, scan, logger }: CheckingOptions): Checking {
  /** Why these bytes cannot be attached, now or ever; null when they can. */
  async function fault({ path, byteSize }: Draft, { id, contentType }: Attachment): Promise<Faulty | Seen> {
    const { refusal, ...seen } = { width: null, height: null, blurHash: null, ...(await inspect(path, contentType)) }
    if (refusal !== null) return { outcome: 'REFUSED', reason: refusal }
    const scanned = scan === null ? null : await scan(path)
    if (scanned?.verdict === 'FOUND') {
      logger.warn({ attachmentId: id, byteSize, found: scanned.what }, 'an upload was refused by the scanner')
      return { outcome: 'REFUSED', reason: `The scanner found ${scanned.what} in it.` }
    }
    if (scanned?.verdict === 'UNAVAILABLE') {
      logger.warn({ attachmentId: id, why: scanned.why }, 'an upload is held back: the scanner does not answer')
      return { outcome: 'HELD', reason: held }
    }
    return { outcome: 'SEEN', ...seen }
  }

  async function refuse({ id }: Attachment, found: Faulty): Promise<Checked> {
    await store.markRefused(id, found.reason)
    if (found.outcome === 'REFUSED') await files.remove(id)
    return found
  }

  /** Null: the bytes are others by now. */
  async function tryCheck(attachment: Attachment, arrived: Arrived): Promise<Checked | null> {
    const { id } = attachment
    const found = await fault(arrived, attachment)
    if (found.outcome !== 'SEEN') return refuse(attachment, found)
    if (!(await files.publish(attachment, arrived))) return null
    const now = await store.markReady(id, { hash: arrived.hash, ...found })
    if (!now?.hash) {
      await files.remove(id)
      throw new NotFoundError('There is no such file here any more.')
    }
    if (now.hash !== arrived.hash) {
      await files.remove(id, now.hash)
      return { outcome: 'CONFLICT' }
    }
    await files.forgetUpload(id)
    return { outcome: 'READY', hash: now.hash }
  }

  async function check(attachment: Attachment, arrived: Arrived): Promise<Checked> {
    const checked = await tryCheck(attachment, arrived)
    if (checked) return checked
    throw new UnavailableError('The bytes of the file became others while they were checked.', retryAfterMs)
  }

  async function look(attachment: Attachment): Promise<void> {
    for (let looks = 0; looks < maxLooks; looks++) {
      const arrived = await files.arrived(attachment)
      if (!arrived) return
      if (arrived.path === null) {
        const { byteSize } = attachment
        const reason = `It was created for ${String(byteSize)} bytes, and ${String(arrived.byteSize)} came. Create an upload for all of them.`
        await refuse(attachment, { outcome: 'REFUSED', reason })
        return
      }
      try {
        if (await tryCheck(attachment, arrived)) return
      } finally {
        await files.release(arrived)
      }
    }
    throw new UnavailableError('The bytes of the file became others while they were checked.', retryAfterMs)
  }

  const turns = pLimit(maxAtOnce)
  const turnsOf = new Map<string, ReturnType<typeof pLimit>>()
  const underWay = new Map<string, Promise<void>>()

  /** The same look for all who ask meanwhile. */
  function lookOnce(attachment: Attachment): Promise<void> {
    const { id, uploaderId } = attachment
    const already = underWay.get(id)
    if (already) return already
    const own = turnsOf.get(uploaderId) ?? pLimit(maxAtOncePerPerson)
    turnsOf.set(uploaderId, own)
    const looking = own(() => turns(() => look(attachment))).finally(() => {
      underWay.delete(id)
      if (own.activeCount + own.pendingCount === 0) turnsOf.delete(uploaderId)
    })
    underWay.set(id, looking)
    return looking
  }

  return {
    check,
    async settle(uploaderId, ids) {
      const nowMs = timeMs()
      const waiting = (await store.byIds(ids)).filter(
        (each) => each.uploaderId === uploaderId && each.hash === null && each.expiresAt.getTime() > nowMs,
      )
      if (waiting.length === 0) return
      await within(
        settleTimeoutMs,
        Promise.all(waiting.map(lookOnce)),
        () => new UnavailableError('The files are still being checked. Try again.', retryAfterMs),
      )
    },
  }
}
