import { z } from 'zod'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { validate } from '../building/validate.ts'

/** Of one report. More than these no honest client sees in the time between two. */
const maxEvents = 1_000_000
const maxAnomalies = 100

const count = (max: number) =>
  z
    .int()
    .min(0, 'a number from 0')
    .max(max, `a number up to ${String(max)}`)
const shape = z.object({
  eventCount: count(maxEvents),
  acksWithoutEvent: count(maxAnomalies),
  duplicateEvents: count(maxAnomalies),
  duplicateMessages: count(maxAnomalies),
  readsWentBack: count(maxAnomalies),
})

const ReportDiagnosticsInput = builder.inputType('ReportDiagnosticsInput', {
  description: `What a client has counted since its last report. Of what must never happen, up to ${String(maxAnomalies)}.`,
  fields: (t) => ({
    eventCount: t.int({
      required: true,
      description: `Events that came by subscriptions, up to ${String(maxEvents)}.`,
    }),
    acksWithoutEvent: t.int({
      required: true,
      description: 'Writes that were acknowledged and whose event did not come within 10 s, while the client was live.',
    }),
    duplicateEvents: t.int({ required: true, description: 'Events that one subscription delivered a second time.' }),
    duplicateMessages: t.int({ required: true, description: 'Messages that were there twice, by sender and key.' }),
    readsWentBack: t.int({ required: true, description: 'Read positions that became less than they were.' }),
  }),
})

builder.mutationField('reportDiagnostics', (t) =>
  t.boolean({
    description:
      'Tells the operator what a client saw of what must never happen. It is counted in the metrics, and stored nowhere. ' +
      'Answers false when it was not counted: one report of a person in a minute is.',
    args: { input: t.arg({ type: ReportDiagnosticsInput, required: true, description: 'What was counted.' }) },
    resolve: (_, { input }, context) =>
      context.domain.diagnostics.report(requireViewer(context), validate(shape, 'input', input)),
  }),
)
