import type { Config } from '../config.ts'
import { createApiKeys, type ApiKeys } from '../domain/api-keys/api-keys.ts'
import { createDirectory, type Directory } from '../domain/api-keys/directory.ts'
import { createAuthenticate, withoutAccounts, type Authenticate } from '../domain/identity/authentication.ts'
import { createOutsideSessions, type OutsideSessions } from '../domain/identity/outside-sessions.ts'
import { createRenewToken, type RenewToken } from '../domain/identity/renewal.ts'
import { fixedKeys, remoteKeys } from '../domain/identity/token-keys.ts'
import type { SessionWatch } from '../domain/sessions/session-watch.ts'
import type { Sessions } from '../domain/sessions/sessions.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

/** Who people are: the accounts of Parley's own, if there are any, and those of the embedding product. */
export function openIdentity(
  { identity }: Config,
  own: Sessions,
  { storage, watch }: { storage: Storage; watch: SessionWatch },
  logger: Logger,
  stops: Stops,
): { sessions: Sessions; authenticate: Authenticate; renewToken: RenewToken; apiKeys: ApiKeys; directory: Directory } {
  const outside = openOutside(identity.outside, storage, watch, logger, stops)
  const sessions = identity.builtin ? own : withoutAccounts(own)
  const apiKeys = createApiKeys({ store: storage.apiKeys, watch })
  const directory = createDirectory(storage.identities, identity.outside?.issuers[0])
  const authenticate = createAuthenticate({ apiKeys, builtin: identity.builtin ? own : null, outside })
  return {
    sessions,
    authenticate,
    apiKeys,
    directory,
    renewToken: createRenewToken({ authenticate, store: storage.identities, watch }),
  }
}

function openOutside(
  rules: Config['identity']['outside'],
  storage: Storage,
  watch: SessionWatch,
  logger: Logger,
  stops: Stops,
): OutsideSessions | null {
  if (!rules) return null
  if (!rules.audiences && !rules.authorizedParties) {
    logger.warn(
      'Neither AUTH_AUDIENCE nor AUTH_AUTHORIZED_PARTY is set: every token of AUTH_ISSUER is taken, also those for others',
    )
  }
  const url = rules.jwksUrl
  if (url !== null && isOpenToOthers(new URL(url))) {
    logger.warn(
      'AUTH_JWKS_URL is read by plain HTTP: whoever is on the way there can put in keys of their own, and be anybody',
    )
  }
  const keys =
    url === null ? fixedKeys(rules.keys) : remoteKeys({ url, logger, onKeysGone: () => sessions.forgetVerified() })
  stops.add(() => keys.stop())
  const sessions = createOutsideSessions({ rules, keys, store: storage.identities, watch })
  return sessions
}

/** Whether others are on the way to an address, and can change what comes from it. */
const isOpenToOthers = ({ protocol, hostname }: URL) =>
  protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
