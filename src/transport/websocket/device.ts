import { z } from 'zod'
import { deviceKinds, type Device } from '../../domain/viewer.ts'
import { deviceId, validate } from '../../schema/building/validate.ts'

const kinds = z.enum(deviceKinds, `Must be ${deviceKinds.join(', ')} or left out.`)
const shape = z.object({ deviceId, deviceKind: kinds.default('WEB') })

/** The device that connection_init names: `deviceId` and `deviceKind` (WEB when left out). Null when it names none. */
export function deviceIn(connectionParams: Record<string, unknown> | undefined): Device | null {
  if (connectionParams?.deviceId == null) return null
  const checked = validate(shape, 'connectionParams', {
    deviceId: connectionParams.deviceId,
    deviceKind: connectionParams.deviceKind ?? undefined,
  })
  return { id: checked.deviceId, kind: checked.deviceKind }
}
