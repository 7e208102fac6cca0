import { limitLabels } from '../limits/index.mjs'

/** Median of the rounds that gave a right result; null when there is none. */
export function median(values) {
  const sorted = values.filter((value) => typeof value === 'number' && Number.isFinite(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Every metric of a report with the medians of all contenders. */
export const medians = (report) => mediansOf(report, 'metrics')

function mediansOf({ paths, contenders, rounds, limits }, kind) {
  return paths.flatMap((path) =>
    path[kind].map((metric) => {
      const { divideBy = 1 } = metric
      const values = Object.fromEntries(
        contenders.map((contender) => {
          const results = rounds[path.name]?.[contender.name] ?? []
          const value = median(results.map((result) => result[metric.key]))
          return [contender.name, value === null ? null : value / divideBy]
        }),
      )
      const limit = metric.limit === undefined ? null : (limits[metric.limit] ?? null)
      return { ...metric, path: path.name, values, limit }
    }),
  )
}

/** How many times better ours is: above 1 is better, whichever way the metric goes. */
export function ratio({ better }, ours, theirs) {
  if (ours === null || theirs === null || ours === 0 || theirs === 0) return null
  return better === 'more' ? ours / theirs : theirs / ours
}

/** The best of several. */
export function bestOf({ better, values }, names) {
  const known = names.map((name) => values[name]).filter((value) => value !== null && value !== undefined)
  if (known.length === 0) return null
  return better === 'more' ? Math.max(...known) : Math.min(...known)
}

function figure(value) {
  if (value === null || value === undefined) return '–'
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

const times = (value) => (value === null ? '–' : `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}×`)

export function printTable(report) {
  const rows = medians(report)
  const { contenders } = report
  const graphql = contenders
    .filter(({ name, kind }) => !name.startsWith('parley') && kind === 'graphql-ws')
    .map(({ name }) => name)
  const others = contenders.filter(({ kind }) => kind !== 'graphql-ws').map(({ name }) => name)
  const head = ['', ...contenders.map(({ label }) => label), 'limit', 'to GraphQL peers', 'to socket.io', 'of limit']
  const lines = rows.map((row) => {
    const ours = row.values.parley ?? null
    return [
      row.label,
      ...contenders.map(({ name }) => figure(row.values[name])),
      figure(row.limit),
      times(ratio(row, ours, bestOf(row, graphql))),
      times(ratio(row, ours, bestOf(row, others))),
      row.limit === null || ours === null ? '–' : times(ratio(row, ours, row.limit)),
    ]
  })
  printColumns([head, ...lines])
  printCosts(report)
  printLimits(report)
  printNotes(report)
}

/** Lines of cells, the first column to the left and the others to the right. */
export function printColumns(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  console.log()
  for (const line of lines) {
    console.log(
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
    )
  }
}

/** Processor time of the server's process: other work of the machine hardly affects it. */
function printCosts(report) {
  const rows = mediansOf(report, 'costs')
  if (rows.length === 0) return
  const { contenders } = report
  printColumns([
    ['Processor time of the server, µs', ...contenders.map(({ label }) => label)],
    ...rows.map(({ label, values }) => [label, ...contenders.map(({ name }) => figure(values[name]))]),
  ])
}

function printLimits({ limits }) {
  const known = Object.entries(limitLabels).filter(([name]) => typeof limits[name] === 'number')
  if (known.length === 0) return
  console.log(`\nRaw limits (statements by ${limits.statementsBy})`)
  for (const [name, label] of known) console.log(`${label.padEnd(55)}  ${figure(limits[name]).padStart(9)}`)
}

function printNotes({ rounds, postgres, machine, budget }) {
  console.log()
  const leftOut = []
  for (const [path, byContender] of Object.entries(rounds)) {
    for (const [contender, results] of Object.entries(byContender)) {
      const notes = results.flatMap(({ wrong, notes: own = [], reordered = 0 }) => [
        ...(wrong === undefined ? [] : [`wrong: ${wrong}`]),
        ...own,
        ...(reordered > 0 ? [`${String(reordered)} events came out of order`] : []),
      ])
      for (const text of new Set(notes)) console.log(`${path}, ${contender}: ${text}`)
      if (results.some((result) => result.leftOut)) leftOut.push(`${path} ${contender}`)
    }
  }
  if (leftOut.length > 0) console.log(`Left out in some round, as the time was over: ${leftOut.join(', ')}`)
  console.log(
    `Medians of ${String(budget.rounds)} round(s). PostgreSQL ${postgres.version}, fsync ${postgres.fsync}, ` +
      `synchronous_commit ${postgres.synchronousCommit}. ${String(machine.cpus)} × ${machine.cpu}, node ${machine.node}, load ${String(machine.loadBefore)} before.`,
  )
}
