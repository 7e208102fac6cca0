// Small pieces of SVG. The picture has a background of its own, light or dark as the reader's system is, so that it can be
// read on any page.

/** Colours that colour-blind people can tell apart too (Okabe and Ito). */
export const colours = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7', '#56b4e9', '#8a7f00', '#7f7f7f']

const style = `
  .panel { fill: #ffffff; stroke: #d0d7de; }
  text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; font-size: 13px; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 12px; }
  .rule { stroke: #d8dee4; stroke-width: 1; }
  .axis { stroke: #59636e; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    .panel { fill: #0d1117; stroke: #30363d; }
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .rule { stroke: #262c34; }
    .axis { stroke: #9198a1; }
  }`

const escaped = (text) =>
  String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const round = (value) => Number(value.toFixed(1))

/**
 * @param {string} content
 * @param {{ x: number, y: number, anchor?: 'start' | 'middle' | 'end', kind?: string }} at
 */
export const text = (content, { x, y, anchor = 'start', kind }) =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${kind ? ` class="${kind}"` : ''}>${escaped(content)}</text>`

export const line = (x1, y1, x2, y2, kind) =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${kind}"/>`

export const bar = (x, y, width, height, colour) =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(1, width))}" height="${round(height)}" rx="2" fill="${colour}"/>`

export const curve = (points, colour) =>
  `<polyline points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linejoin="round"/>` +
  points.map(([x, y]) => `<circle cx="${round(x)}" cy="${round(y)}" r="3.5" fill="${colour}"/>`).join('')

export const swatch = (x, y, colour) =>
  `<rect x="${round(x)}" y="${round(y - 10)}" width="12" height="12" rx="2" fill="${colour}"/>`

export const picture = (width, height, title, parts) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${style}
</style>
<rect class="panel" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${parts.join('\n')}
</svg>
`

/** The position of a value on a logarithmic axis. */
export const logScale = (low, high, from, to) => (value) =>
  from + ((Math.log10(value) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))) * (to - from)

/** 1, 10, 100 … between the two, both included. */
export function powersOfTen(low, high) {
  const powers = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) powers.push(10 ** power)
  return powers
}

export const where = ({ machine, at, versions }) =>
  `${at.slice(0, 10)}, ${machine.cpus} × ${machine.cpu}, node ${machine.node}${versions ? `, Parley ${versions.parley}` : ''}`
