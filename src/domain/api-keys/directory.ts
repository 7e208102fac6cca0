import { createHash, randomBytes } from 'node:crypto'
import { timeMs } from '../../clock.ts'
import type { IdentityStore } from '../../store/identities.ts'
import { ForbiddenError, NotFoundError } from '../errors.ts'
import { newId } from '../ids.ts'
import { searchNameOf } from '../text/fold.ts'

export interface DirectoryEntry {
  externalId: string
  displayName: string
  handle: string | null
  /** Empty: none. Null: as it is. */
  avatarUrl: string | null
}

/** People whom the embedding product's back end makes and changes, by the ids that they have there. */
export interface Directory {
  /** The id of the person, who is the one that tokens with this id as their subject name. Repeating it changes nothing. */
  upsert(entry: DirectoryEntry): Promise<string | ForbiddenError | NotFoundError>
}

/** Without an issuer the ids are those of the back end alone. */
const issuerOfBackEnd = 'parley:api'

/** With one issuer of tokens the ids are its subjects. */
export function createDirectory(store: IdentityStore, issuer: string = issuerOfBackEnd): Directory {
  return {
    async upsert({ externalId, displayName, handle, avatarUrl }) {
      const named = { displayName, searchName: searchNameOf(displayName) }
      const key = createHash('sha256')
        .update(JSON.stringify([issuer, externalId]))
        .digest()
      const entered = await store.enter({
        ...{ key, issuer, subject: externalId, issuedAt: new Date(timeMs()), newUserId: newId(), handle },
        ...{
          spareHandle: `user_${randomBytes(6).toString('hex')}`,
          newName: named,
          name: named,
          avatarUrl,
          role: null,
        },
        ...{
          newSessionId: newId(),
          userAgent: null,
          address: '',
          isLogin: false,
          sessionKey: null,
          expiresAt: new Date(timeMs()),
        },
      })
      if (entered.outcome === 'ENTERED') return entered.session.userId
      if (entered.outcome === 'SUSPENDED') return new ForbiddenError('This person is suspended.')
      return new NotFoundError('This person was erased here.')
    },
  }
}
