import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { GraphiQLOptions } from 'graphql-yoga'
import { Asset } from './assets.ts'
import { demoPassword, demoPeople, placeholders } from './demo.ts'
import { signedInTabs, starterHeaders, starterTabs } from './tabs.ts'

/** Off; as it is; or with a control that signs in as one of the demo people. */
export type GraphiqlMode = 'off' | 'plain' | 'demo'

export const graphiqlOptions = (mode: GraphiqlMode): GraphiQLOptions => ({
  title: 'Parley',
  subscriptionsProtocol: 'WS',
  defaultTabs: mode === 'demo' ? signedInTabs : starterTabs,
  headers: starterHeaders,
  defaultEditorToolsVisibility: 'headers',
})

const renderCall = 'YogaGraphiQL.renderYogaGraphiQL('
const script = ['<script>', '</script>'] as const
const style = ['<style>', '</style>'] as const

const ourStyle = `
/* On a fresh profile its tabs keep the offset with which they were once laid out. GraphiQL overrides that but for the tab that
   has the focus, which so jumps away between the press of a button and its release, and the click is lost. */
.graphiql-tab { transform: none !important }
.parley-sign-in { height: 36px; display: flex; align-items: center; gap: 8px; padding: 0 16px; font: 14px sans-serif;
  background: #eef1f6; color: #3b4b68 }
.parley-sign-in button { padding: 4px 12px; border: 1px solid #8a97ad; border-radius: 4px; background: #fff; cursor: pointer }
.parley-sign-in button[aria-pressed='true'] { background: #3b4b68; color: #fff }
.parley-sign-in ~ #root { height: calc(100vh - 36px) }
.parley-sign-in ~ #root .graphiql-container { height: 100% }
`

export interface GraphiqlPage {
  html: string
  /** With which it is sent. */
  headers: Readonly<Record<string, string>>
  assets: ReadonlyMap<string, Asset>
}

/**
 * Scripts come from here, and the one that stands in the page is known by its hash. The editor makes its workers of blobs, and
 * styles itself. Nobody frames the page: it keeps tokens.
 */
const contentSecurityPolicy = (inlineScript: string) =>
  [
    "default-src 'none'",
    `script-src 'self' 'sha256-${createHash('sha256').update(inlineScript).digest('base64')}'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: https:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

// Beside this module, in src/ as in dist/: the build copies it.
const readOurScript = () => readFileSync(new URL('./page.browser.js', import.meta.url), 'utf8')

/**
 * The page, and what it loads (9 MB) apart from it: so that the browser keeps that, and so that it works without the internet.
 * Their addresses are the page's own with another query, which leads here below any path and through any proxy.
 */
export async function renderGraphiqlPage(mode: GraphiqlMode): Promise<GraphiqlPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = graphiqlOptions(mode)
  const rendered = renderGraphiQL({ title: options.title })
  const scriptAt = rendered.indexOf(script[0])
  const callAt = rendered.lastIndexOf(renderCall)
  const styleAt = rendered.indexOf(style[0])
  const styleEndsAt = rendered.indexOf(style[1])
  if ([scriptAt, callAt, styleAt, styleEndsAt].includes(-1) || styleEndsAt > scriptAt || scriptAt > callAt) {
    throw new Error('GraphiQL is not rendered the way this wrapper expects.')
  }
  const text = (mediaType: string, extension: string, from: number, to: number) =>
    new Asset(`${mediaType}; charset=utf-8`, extension, Buffer.from(rendered.slice(from, to)))
  const js = text('text/javascript', 'js', scriptAt + script[0].length, callAt)
  const css = text('text/css', 'css', styleAt + style[0].length, styleEndsAt)
  const head = rendered.slice(0, styleAt)
  const [iconUrl = '', iconType, iconBase64] = /data:(image[^;]*);base64,([^"]*)/.exec(head) ?? []
  if (iconType === undefined || iconBase64 === undefined)
    throw new Error('GraphiQL has no icon to take out of its page.')
  const icon = new Asset(iconType, 'ico', Buffer.from(iconBase64, 'base64'))
  const demo = mode === 'demo' ? { people: demoPeople, password: demoPassword, placeholders } : null
  // No text of ours ends the script element.
  const settings = JSON.stringify({ options, demo }).replaceAll('<', '\\u003c')
  const inlineScript = `\nconst parley = ${settings}\n${readOurScript()}`
  const html = [
    head.replace(iconUrl, icon.address),
    `<link rel="stylesheet" href="${css.address}"><style>${ourStyle}</style>`,
    rendered.slice(styleEndsAt + style[1].length, scriptAt),
    `<script src="${js.address}"></script>\n<script type="module">`,
    inlineScript,
    '</script></body></html>\n',
  ].join('')
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy(inlineScript),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
  }
  return { html, headers, assets: new Map([js, css, icon].map((asset) => [asset.name, asset])) }
}
