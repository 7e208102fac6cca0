import type { DeviceKind } from '../generated/graphql.ts'
import type { KeptValues } from '../storage/kept-values.ts'

export interface Device {
  /** 1 to 64 characters, the same for the same device. */
  id: string
  kind: DeviceKind
}

/** What kind of device this is, by what the platform says about itself. */
function deviceKind(): DeviceKind {
  if (typeof navigator === 'object' && (navigator as { product?: string }).product === 'ReactNative') return 'MOBILE'
  return typeof document === 'object' ? 'WEB' : 'DESKTOP'
}

/** This device: as given, else found out, and by the same id as the last time. */
export async function deviceIn(kept: KeptValues, given: Partial<Device> = {}): Promise<Device> {
  const kind = given.kind ?? deviceKind()
  if (given.id !== undefined) return { id: given.id, kind }
  const id = (await kept.read<string>('device').catch(() => null)) ?? crypto.randomUUID()
  await kept.write('device', id).catch(() => undefined)
  return { id, kind }
}
