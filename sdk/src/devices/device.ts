import type { DeviceKind } from '../generated/graphql.ts'

export interface Device {
  /** 1 to 64 characters, the same for the same device. */
  id: string
  kind: DeviceKind
}

/** What kind of device this is, by what the platform says about itself. */
export function deviceKind(): DeviceKind {
  if (typeof navigator === 'object' && (navigator as { product?: string }).product === 'ReactNative') return 'MOBILE'
  return typeof document === 'object' ? 'WEB' : 'DESKTOP'
}

export const newDeviceId = (): string => crypto.randomUUID()
