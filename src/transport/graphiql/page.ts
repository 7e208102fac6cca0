import type { GraphiQLOptions } from 'graphql-yoga'
import { starterHeaders, starterTabs } from './tabs.ts'

export const graphiqlOptions: GraphiQLOptions = {
  title: 'Parley',
  subscriptionsProtocol: 'WS',
  defaultTabs: starterTabs,
  headers: starterHeaders,
  defaultEditorToolsVisibility: 'headers',
}

const renderCall = 'YogaGraphiQL.renderYogaGraphiQL('

// Runs in the browser, before GraphiQL. Functions cannot be among its options otherwise: those travel as JSON.
// - GraphiQL passes its headers to HTTP requests only. Its WebSocket client asks for connectionParams at each connect,
//   so the authorization is read from the header editor at that moment.
// - At a reload it looks for the tab that equals its initial values and opens an empty one when there is none, which
//   is always, unless it is told the values of the tab that was active.
const renderOurs = `
const readAuthorization = () => {
  const editors = globalThis.__MONACO.editor.getModels()
  const text = editors.find((model) => model.uri.path.endsWith('request-headers.json'))?.getValue() ?? ''
  const authorization = /"authorization"\\s*:\\s*"([^"]*)"/i.exec(text)?.[1]
  return authorization ? { authorization } : {}
}
const readActiveTab = () => {
  const { tabs = [], activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState') ?? '{}')
  const linkedQuery = new URLSearchParams(location.search).get('query')
  if (linkedQuery && !tabs.some((tab) => tab.query === linkedQuery)) return {}
  const { query, variables, headers } = tabs[activeTabIndex] ?? {}
  return query ? { initialQuery: query, initialVariables: variables, initialHeaders: headers } : {}
}
const renderOurs = (root, options) =>
  YogaGraphiQL.renderYogaGraphiQL(root, { ...options, ...readActiveTab(), connectionParams: readAuthorization })
renderOurs(`

// On a fresh profile its tabs keep the offset with which they were once laid out. GraphiQL overrides that but for the tab
// that has the focus, which so jumps away between the press of a button and its release, and the click is lost.
const ourStyle = '<style>.graphiql-tab { transform: none !important }</style>'

const endOfHead = '</head>'

/** The whole page with its scripts (9 MB), so that it works without the internet. Loaded when first asked for. */
export async function renderGraphiqlPage(options?: GraphiQLOptions): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const page = renderGraphiQL(options).replace(endOfHead, () => `${ourStyle}${endOfHead}`)
  const at = page.lastIndexOf(renderCall)
  if (at === -1 || !page.includes(ourStyle)) throw new Error('GraphiQL is not rendered the way this wrapper expects.')
  return page.slice(0, at) + renderOurs + page.slice(at + renderCall.length)
}
