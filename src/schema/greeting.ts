import { timeMs } from '../clock.ts'

/** Grows when clients made for the version before would misunderstand what the API says, or not be understood. */
const apiVersion = 1

export interface Greeting {
  apiVersion: number
  time: Date
}

/** What a client has to know before anything else: the field `server`, and the payload of connection_ack. */
export const greeting = (): Greeting => ({ apiVersion, time: new Date(timeMs()) })
