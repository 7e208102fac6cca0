import { randomBytes } from 'node:crypto'
import { timeMs } from '../../clock.ts'
import { hashToken } from './refresh-tokens.ts'

/** Whoever has it can become its person, once: it is nowhere but in the hands of who made it. */
export function newInvitationToken(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString('base64url')
  return { token, hash: hashToken(token) }
}

export const invitationDays = { least: 1, usual: 14, most: 90 } as const

export const invitationEnd = (days: number, nowMs = timeMs()) => new Date(nowMs + days * 24 * 60 * 60_000)
