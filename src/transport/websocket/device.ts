import { z } from 'zod'
import { deviceKinds, type ConnectedDevice, type Device, type Viewer } from '../../domain/viewer.ts'
import { deviceId, validate } from '../../schema/building/validate.ts'
import type { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'

/** Called when a socket names its device. `silentMs`: milliseconds since that socket last gave a sign of life. */
export type ConnectDevice = (viewer: Viewer, device: Device, silentMs: () => number) => ConnectedDevice

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

/** From now on the socket is the viewer's device, which is there for as long as it answers. */
export function connectSocket(viewer: Viewer, named: Device, socket: BoundedSocket, connectDevice: ConnectDevice) {
  const device = connectDevice(viewer, named, () => performance.now() - socket.heardAtMs)
  socket.isDevice = true
  socket.once('close', (code) => {
    // Who says goodbye is there; of a connection that was lost, or cut by us, nobody knows.
    if (code !== closeCodes.LOST) socket.heardAtMs = performance.now()
    device.disconnected()
  })
  return device
}
