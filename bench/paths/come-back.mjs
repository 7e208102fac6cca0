import { setTimeout as sleep } from 'node:timers/promises'
import { WrongResult } from '../harness/audience.mjs'

const ratePerSecond = 20
const awayMs = 500
const afterMs = 300

/**
 * All subscribers are cut off at once while 20 messages a second are sent, and come back together half a second later. A
 * subscriber is back when it has a message that was sent after the coming back began.
 */
const createComeBack = ({ name, group, label, plot }) => ({
  name,
  group,
  metrics: [
    { key: 'allBackMs', label, better: 'less', plot },
    { key: 'lostEvents', label: 'Events lost meanwhile', better: 'less' },
  ],
  async run({ watchers, writers, contender, budget, query }, audience) {
    await audience.settle()
    await writers.call('startRate', { ratePerSecond, count: 10_000, timeoutMs: budget.latencyDrainMs })
    await sleep(200)
    await watchers.call('drop')
    await sleep(awayMs)
    const [{ head }] = await query('SELECT head_seq AS head FROM conversations WHERE id = $1', [audience.uuid])
    const back = await watchers.call('comeBack', {
      resumes: contender.resumes,
      headSeqs: [head],
      timeoutMs: budget.comeBackTimeoutMs,
    })
    await sleep(afterMs)
    const { sent } = await writers.call('stopRate')
    const newest = Math.max(...sent.map(({ seq }) => seq))
    await watchers.call('waitFor', { seqs: [newest], timeoutMs: contender.resumes ? budget.comeBackTimeoutMs : 500 })
    const { missing, repeated, reordered } = await watchers.call('counts')
    if (back.back < audience.size) {
      throw new WrongResult(`${String(back.back)} of ${String(audience.size)} came back; ${back.reasons.join('; ')}`)
    }
    if (contender.resumes && (missing > 0 || repeated > 0)) {
      throw new WrongResult(`${String(missing)} events lost, ${String(repeated)} repeated`)
    }
    return {
      allBackMs: back.max,
      p50BackMs: back.p50,
      lostEvents: missing,
      repeated,
      reordered,
      notes: back.refusals > 0 ? [`${String(back.refusals)} attempts refused: ${back.reasons.join('; ')}`] : [],
    }
  },
})

export const comeBack = createComeBack({
  name: 'come-back',
  group: 'room',
  label: '1,000 back under load, ms',
  plot: '1,000 back under load',
})

export const comeBackLarge = createComeBack({
  name: 'come-back-5000',
  group: 'largeRoom',
  label: '5,000 back under load, ms',
  plot: '5,000 back under load',
})
