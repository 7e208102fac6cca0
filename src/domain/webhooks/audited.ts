import type { Audit } from '../moderation/audit.ts'
import type { Viewer } from '../viewer.ts'
import type { Webhooks } from './webhooks.ts'

/**
 * Records who changes what is sent where. Before it is done, as what cannot be recorded is not done; a new endpoint once it has an id,
 * and a repetition with its key records what a crash left out.
 */
export function auditedWebhooks(webhooks: Webhooks, audit: Pick<Audit, 'record'>): Webhooks {
  const record = async ({ userId: actorId, role }: Viewer, what: string, data: Record<string, unknown>) => {
    if (role !== 'ADMIN') return
    await audit.record({ action: `webhook.${what}`, actorId, subjectId: null, conversationId: null, data })
  }
  return {
    ...webhooks,
    async create(viewer, wishes, opKey) {
      const made = await webhooks.create(viewer, wishes, opKey)
      if ('id' in made) await record(viewer, 'created', { endpointId: made.id })
      return made
    },
    async update(viewer, id, wishes) {
      await record(viewer, 'updated', { endpointId: id, fields: Object.keys(wishes) })
      return webhooks.update(viewer, id, wishes)
    },
    async rotate(viewer, id, opKey) {
      await record(viewer, 'rotated', { endpointId: id })
      return webhooks.rotate(viewer, id, opKey)
    },
    async remove(viewer, id) {
      await record(viewer, 'deleted', { endpointId: id })
      return webhooks.remove(viewer, id)
    },
    async pause(viewer, id) {
      await record(viewer, 'paused', { endpointId: id })
      return webhooks.pause(viewer, id)
    },
    async resume(viewer, id) {
      await record(viewer, 'resumed', { endpointId: id })
      return webhooks.resume(viewer, id)
    },
    async replay(viewer, id, what) {
      await record(viewer, 'replayed', { endpointId: id, ...what })
      return webhooks.replay(viewer, id, what)
    },
  }
}
