import { randomUUID } from 'node:crypto'
import { v5 } from 'uuid'
import type { DeliveriesRequest, WebhookDelivery, WebhookDeliveryStore } from '../../store/webhook-deliveries.ts'
import type { WebhookEndpoint, WebhookEndpointStore, WebhookWishes } from '../../store/webhook-endpoints.ts'
import type { LogPosition } from '../../store/webhook-log.ts'
import { ForbiddenError, NotFoundError, OpKeyReusedError, ValidationError } from '../errors.ts'
import { requestHash } from '../op-key.ts'
import type { Viewer } from '../viewer.ts'
import { newSecret } from './signature.ts'

/** Most endpoints of a deployment: each is a reader of the whole log. */
const maxEndpoints = 50
const overlapMs = 24 * 3_600_000
const removeBatchSize = 5_000

type Refusal = ForbiddenError | NotFoundError | ValidationError

/** What is to be sent again: one delivery, or everything from a place in the log on. */
export type Replay = { deliveryId: string } | { fromMs: number } | { position: LogPosition }

/** Endpoints, for those who run the server. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface Webhooks {
  /** Throws FORBIDDEN for everybody else. */
  requireAdmin(viewer: Viewer): void
  /** Rejects with FORBIDDEN for everybody else, as do all reads. */
  list(viewer: Viewer): Promise<WebhookEndpoint[]>
  /** Null for everybody else. */
  find(viewer: Viewer, id: string): Promise<WebhookEndpoint | null>
  findDelivery(viewer: Viewer, id: string): Promise<WebhookDelivery | null>
  deliveries(viewer: Viewer, request: DeliveriesRequest): Promise<WebhookDelivery[]>
  /** The answer has the secret, the same for the same key. */
  create(
    viewer: Viewer,
    wishes: WebhookWishes,
    opKey: string,
  ): Promise<WebhookEndpoint | ForbiddenError | ValidationError | OpKeyReusedError>
  update(viewer: Viewer, id: string, wishes: Partial<WebhookWishes>): Promise<WebhookEndpoint | Refusal>
  rotate(viewer: Viewer, id: string, opKey: string): Promise<WebhookEndpoint | Refusal>
  remove(viewer: Viewer, id: string): Promise<undefined | Refusal>
  pause(viewer: Viewer, id: string): Promise<WebhookEndpoint | Refusal>
  /** From where it was. What waits is attempted at once. */
  resume(viewer: Viewer, id: string): Promise<WebhookEndpoint | Refusal>
  test(viewer: Viewer, id: string): Promise<WebhookDelivery | Refusal>
  replay(viewer: Viewer, id: string, what: Replay): Promise<WebhookEndpoint | Refusal>
}

export interface WebhooksOptions {
  endpoints: WebhookEndpointStore
  deliveries: WebhookDeliveryStore
  /** Whether nothing would be sent to a URL because of the address in it. */
  isRefused: (url: string) => boolean
  /** This process has changed something. */
  onChanged: () => void
}

const forbidden = () => new ForbiddenError('Only an ADMIN of this server may see and change webhooks.')
const unknown = () => new NotFoundError('There is no such webhook endpoint here.')
const invalid = (field: string, reason: string) =>
  new ValidationError(`input.${field}: ${reason}`, [{ path: ['input', field], reason }])
const isAdmin = ({ role }: Viewer) => role === 'ADMIN'

export function createWebhooks({ endpoints, deliveries, isRefused, onChanged }: WebhooksOptions): Webhooks {
  const findAny = async (id: string) => (await endpoints.all()).find((endpoint) => endpoint.id === id) ?? null

  /** What is wrong with a URL: an address by its name is found out about when it is sent to. */
  const refusalOf = ({ url }: Partial<WebhookWishes>) =>
    url !== undefined && isRefused(url)
      ? invalid(
          'url',
          'Must be an address of the public internet: this one is private. WEBHOOK_ALLOW_PRIVATE can allow it.',
        )
      : null

  /** Runs a change, tells of it, and answers the row as it is then. */
  async function changing(
    viewer: Viewer,
    id: string,
    change: () => Promise<boolean>,
  ): Promise<WebhookEndpoint | ForbiddenError | NotFoundError> {
    if (!isAdmin(viewer)) return forbidden()
    const isThere = await change()
    onChanged()
    return (isThere ? await findAny(id) : null) ?? unknown()
  }

  return {
    requireAdmin(viewer) {
      if (!isAdmin(viewer)) throw forbidden()
    },
    list(viewer) {
      if (!isAdmin(viewer)) throw forbidden()
      return endpoints.all()
    },
    find: async (viewer, id) => (isAdmin(viewer) ? await findAny(id) : null),
    findDelivery: async (viewer, id) => (isAdmin(viewer) ? await deliveries.find(id) : null),
    deliveries(viewer, request) {
      if (!isAdmin(viewer)) throw forbidden()
      return deliveries.list(request)
    },
    async create(viewer, wishes, opKey) {
      if (!isAdmin(viewer)) return forbidden()
      const refused = refusalOf(wishes)
      if (refused) return refused
      const { url, types, kinds, includesText } = wishes
      // The key is in the id, so that two requests with one key make one endpoint.
      const id = v5(`webhook ${opKey}`, viewer.userId)
      const hash = requestHash('createWebhookEndpoint', [url, types.join(), kinds.join(), includesText])
      await endpoints.create({ id, requestHash: hash, ...wishes, secret: newSecret() }, maxEndpoints)
      const made = await findAny(id)
      if (!made)
        return invalid('url', `There are ${String(maxEndpoints)} endpoints, which is the most. Delete one first.`)
      if (!(await endpoints.requestHash(id))?.equals(hash)) return new OpKeyReusedError()
      onChanged()
      return made
    },
    async update(viewer, id, wishes) {
      return (isAdmin(viewer) ? refusalOf(wishes) : null) ?? changing(viewer, id, () => endpoints.update(id, wishes))
    },
    rotate: (viewer, id, opKey) => changing(viewer, id, () => endpoints.rotate(id, newSecret(), opKey, overlapMs)),
    async remove(viewer, id) {
      if (!isAdmin(viewer)) return forbidden()
      if (!(await endpoints.setState(id, 'DISABLED', 'It is being deleted.'))) return unknown()
      // In parts: all at once would take too long where there are many.
      while ((await deliveries.removeOf(id, removeBatchSize)) > 0);
      await endpoints.remove(id)
      onChanged()
      return undefined
    },
    pause: (viewer, id) => changing(viewer, id, () => endpoints.setState(id, 'PAUSED', 'An ADMIN has paused it.')),
    resume: (viewer, id) => changing(viewer, id, () => endpoints.setState(id, 'ACTIVE', null)),
    async test(viewer, id) {
      if (!isAdmin(viewer)) return forbidden()
      const endpoint = await findAny(id)
      if (!endpoint) return unknown()
      if (endpoint.state !== 'ACTIVE') return invalid('endpointId', 'This endpoint gets nothing now. Resume it first.')
      const deliveryId = `msg_${randomUUID()}`
      await deliveries.addTest(deliveryId, id, 'TEST')
      onChanged()
      return (await deliveries.find(deliveryId)) ?? unknown()
    },
    async replay(viewer, id, what) {
      if (!isAdmin(viewer)) return forbidden()
      if (!('deliveryId' in what)) {
        return changing(viewer, id, () => endpoints.seek(id, 'position' in what ? what.position : what))
      }
      const delivery = await deliveries.find(what.deliveryId)
      if (delivery?.endpointId !== id) return new NotFoundError('This endpoint has no such delivery.')
      await deliveries.repeat(what.deliveryId)
      onChanged()
      return (await findAny(id)) ?? unknown()
    },
  }
}
