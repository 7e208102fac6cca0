import { medians, ratio } from '../harness/table.mjs'
import { bar, colours, line, logScale, picture, powersOfTen, swatch, text, where } from './svg.mjs'

const width = 960
const left = 250
const right = 70
const barHeight = 12
const groupGap = 14
const top = 118

const times = (value) => (value >= 9.95 ? `${Math.round(value)}×` : `${value.toFixed(1)}×`)

/** How many times better Parley is than each peer, for each path; left of the line it is worse. */
export function performancePlot(report) {
  const peers = report.contenders.filter(({ name }) => !name.startsWith('parley'))
  const groups = medians(report)
    .filter(({ plot }) => plot !== undefined)
    .map((row) => ({
      label: row.plot,
      bars: peers.flatMap((peer, place) => {
        const value = ratio(row, row.values.parley ?? null, row.values[peer.name] ?? null)
        return value === null ? [] : [{ value, colour: colours[place % colours.length] }]
      }),
    }))
    .filter(({ bars }) => bars.length > 0)
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value))
  const low = Math.min(0.5, ...values) / 1.2
  const high = Math.max(10, ...values) * 1.2
  const x = logScale(low, high, left, width - right)
  const height = top + groups.reduce((sum, { bars }) => sum + bars.length * barHeight + groupGap, 0) + 46

  const parts = [
    text('How many times better Parley is', { x: 24, y: 34, kind: 'title' }),
    text(
      'Same tables, durability, token check and operations; each result checked before it is timed. To the right of 1× Parley is better.',
      {
        x: 24,
        y: 56,
        kind: 'quiet',
      },
    ),
  ]
  let legendX = 24
  for (const [place, { label }] of peers.entries()) {
    parts.push(swatch(legendX, 82, colours[place % colours.length]), text(label, { x: legendX + 18, y: 82 }))
    legendX += 34 + label.length * 7.2
  }
  const bottom = height - 46
  for (const tick of [0.1, 0.2, 0.5, ...powersOfTen(1, high).flatMap((power) => [power, 2 * power, 5 * power])]) {
    if (tick < low || tick > high) continue
    parts.push(line(x(tick), top - 8, x(tick), bottom, tick === 1 ? 'axis' : 'rule'))
    parts.push(text(`${tick}×`, { x: x(tick), y: bottom + 16, anchor: 'middle', kind: 'quiet' }))
  }
  let y = top
  for (const { label, bars } of groups) {
    parts.push(text(label, { x: left - 14, y: y + (bars.length * barHeight) / 2 + 4, anchor: 'end' }))
    for (const { value, colour } of bars) {
      const from = Math.min(x(1), x(value))
      parts.push(bar(from, y + 1, Math.abs(x(value) - x(1)), barHeight - 2, colour))
      parts.push(text(times(value), { x: Math.max(x(1), x(value)) + 5, y: y + barHeight - 2, kind: 'quiet' }))
      y += barHeight
    }
    y += groupGap
  }
  parts.push(text(where(report), { x: 24, y: height - 12, kind: 'quiet' }))
  return picture(width, height, 'How many times better Parley is', parts)
}
