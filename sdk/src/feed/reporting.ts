import { ReportDiagnosticsDocument } from '../generated/graphql.ts'
import type { Requests } from '../requests/requests.ts'
import type { Diagnostics } from './diagnostics.ts'

/** Milliseconds until what has been counted is told. The server counts one report of a person in a minute. */
const intervalMs = 10 * 60_000
const deadlineMs = 10_000
/** What the server takes in one report. */
const maxEvents = 1_000_000
const maxAnomalies = 100

/** Tells the server now and then what was counted, so that its operator sees rates. Returns what ends it. */
export function startReporting(diagnostics: Diagnostics, requests: Requests, isOurs: () => boolean): () => void {
  const told = { ...diagnostics.counts, events: 0 }
  const report = async () => {
    const { counts, eventCount } = diagnostics
    const since = (kind: keyof typeof counts) => Math.min(maxAnomalies, counts[kind] - told[kind])
    const input = {
      eventCount: Math.min(maxEvents, eventCount - told.events),
      acksWithoutEvent: since('ACK_WITHOUT_EVENT'),
      duplicateEvents: since('DUPLICATE_EVENT'),
      duplicateMessages: since('DUPLICATE_MESSAGE'),
      readsWentBack: since('READ_WENT_BACK'),
    }
    if (!isOurs() || Object.values(input).every((count) => count === 0)) return
    const { reportDiagnostics: isCounted } = await requests.request(
      ReportDiagnosticsDocument,
      { input },
      { deadlineMs },
    )
    if (isCounted) Object.assign(told, counts, { events: eventCount })
  }
  // What was not told is told with the next one. A server of a former version has no such operation.
  const timer = setInterval(() => void report().catch(() => undefined), intervalMs)
  return () => clearInterval(timer)
}
