// What the main thread of a page does, by Chromium's own trace. Its tasks have the processor time they took besides the time that passed: on a
// machine that does other things too only the former says something about the page.

const categories = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline']

/**
 * The events of a trace while something is done.
 * @param {import('playwright-core').CDPSession} devtools
 * @param {() => Promise<unknown>} act
 */
export async function traced(devtools, act) {
  const events = []
  const collect = ({ value }) => events.push(...value)
  devtools.on('Tracing.dataCollected', collect)
  await devtools.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: categories, excludedCategories: ['*'] },
  })
  await act()
  const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve))
  await devtools.send('Tracing.end')
  await complete
  devtools.off('Tracing.dataCollected', collect)
  return events
}

/** Events of the thread that runs the page's code, in their order. */
function ofMainThread(events) {
  const renderers = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
  const counts = renderers.map(({ pid, tid }) => {
    const own = events.filter((one) => one.pid === pid && one.tid === tid && one.name !== 'thread_name')
    return own.sort((a, b) => a.ts - b.ts)
  })
  // Of several pages the one in which something happens.
  return counts.sort((a, b) => b.length - a.length)[0] ?? []
}

const isTask = ({ name, ph }) => name === 'RunTask' && ph === 'X'
const tasksMs = (tasks) => tasks.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000

/**
 * Milliseconds of work for each frame that the main thread handed over: that since the frame before.
 * @returns {number[]}
 */
export const framesOf = (events) => between(ofMainThread(events), ({ name }) => name === 'Commit', true)

/**
 * Milliseconds of work from each pressed key to the next one, with the frame that shows it.
 * @returns {number[]}
 */
export const keysOf = (events) =>
  between(ofMainThread(events), ({ name, args }) => name === 'EventDispatch' && args.data?.type === 'keydown', false)

/** Work of the tasks between one mark and the next; with `isEnd` a task in which a mark lies is of those before it. */
function between(events, isMark, isEnd) {
  const tasks = events.filter(isTask)
  const marks = events.filter(isMark).map(({ ts }) => ts)
  return marks.flatMap((mark, at) => {
    // The task in which a mark lies began before it.
    const beginOf = (ts) => tasks.findLast((task) => task.ts <= ts)?.ts ?? ts
    const [from, to] = isEnd
      ? [at === 0 ? null : beginOf(marks[at - 1]) + 1, beginOf(mark) + 1]
      : [beginOf(mark), at + 1 < marks.length ? beginOf(marks[at + 1]) : Infinity]
    return from === null ? [] : [tasksMs(tasks.filter(({ ts }) => ts >= from && ts < to))]
  })
}

export function figuresOf(list) {
  const sorted = [...list].sort((a, b) => a - b)
  const share = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
  return { median: share(0.5), p95: share(0.95), max: sorted.at(-1) ?? 0, count: sorted.length }
}
