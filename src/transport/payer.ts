import { networkOf } from '../fairness/network.ts'

/** Whom the work for an address is charged to, where no person is known. */
export const addressPayer = (clientIp: string): string => `address:${networkOf(clientIp)}`
