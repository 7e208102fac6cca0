import { HttpConnection, postRequest } from '../client/http.mjs'
import { nowMs, percentiles } from '../client/clock.mjs'
import { source } from '../harness/services.mjs'
import { operations } from './operations.mjs'

const warmUps = 10
const counted = 5

/** Sends requests one after the other on one connection. */
export function createAsker(httpUrl, tokenOf) {
  const connection = new HttpConnection(httpUrl)
  const send = async ({ query, as, variables }, given) => {
    const request = postRequest(httpUrl, tokenOf(as), { query, variables: variables(given) })
    const startedAtMs = nowMs()
    const { body } = await connection.post(request)
    const elapsedMs = nowMs() - startedAtMs
    const { data, errors } = JSON.parse(body.toString())
    if (errors !== undefined) throw new Error(JSON.stringify(errors))
    return { data, elapsedMs }
  }
  return {
    send,
    ask: async (operation, given) => (await send(operation, given)).data,
    close: () => connection.destroy(),
  }
}

/** One operation at each size. The sizes take turns, so that noise of the machine affects all of them. */
async function measureOperation({ asker, query, statementsOf }, points, repeats) {
  const { ask, send } = asker
  for (const point of points) point.given = await point.operation.once?.(ask, point.operation)
  const run = async ({ operation, given, times }, isTimed) => {
    const prepared = operation.prepare ? await operation.prepare(ask) : given
    const { data, elapsedMs } = await send(operation, prepared)
    if (!operation.isRight(data)) throw new Error(`a wrong answer: ${JSON.stringify(data).slice(0, 300)}`)
    if (isTimed) times.push(elapsedMs)
  }
  for (let turn = 0; turn < warmUps + repeats; turn++) for (const point of points) await run(point, turn >= warmUps)
  for (const point of points) {
    const { operation } = point
    const prepared = []
    for (let turn = 0; turn < counted; turn++)
      prepared.push(operation.prepare ? await operation.prepare(ask) : point.given)
    const { calls, list } = await statementsOf({ query }, async () => {
      for (const given of prepared) await ask(operation, given)
    })
    const [{ spentMs }] = await query(
      `SELECT coalesce(sum(total_exec_time), 0) AS "spentMs" FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND toplevel AND query = ANY ($1)`,
      [list.map((statement) => statement.query)],
    )
    Object.assign(point, { statements: calls / counted, postgresMs: spentMs / counted })
  }
  return points.map(({ size, times, statements, postgresMs }) => {
    const { p50, p95 } = /** @type {import('../client/clock.mjs').Percentiles} */ (percentiles(times))
    return { size, medianMs: p50, p95Ms: p95, statements, postgresMs }
  })
}

/** All operations of a curve. */
export async function measureCurve(context, curve, sizes, repeats) {
  const { statementsOf } = await source('tests/testkit/statements.ts')
  const results = []
  for (const [label, operationAt] of Object.entries(operations[curve])) {
    const points = sizes.map((size, place) => ({ size, operation: operationAt(place, size), times: [] }))
    const measured = await measureOperation({ ...context, statementsOf }, points, repeats)
    results.push({ label, points: measured })
    console.log(
      `${curve}, ${label}: ${measured.map(({ size, medianMs }) => `${String(size)}: ${medianMs.toFixed(2)} ms`).join(', ')}`,
    )
  }
  return results
}
