interface DemoPeople {
  people: { handle: string; displayName: string }[]
  password: string
}

/** What the server wrote into the page; with Vite's own server it writes nothing. */
function readSettings(): { demo: DemoPeople | null } {
  const written = document.getElementById('settings')?.textContent
  return written ? (JSON.parse(written) as { demo: DemoPeople | null }) : { demo: null }
}

export const { demo } = readSettings()
/** Below which everything is: '' or '/chat'. */
export const basePath = new URL(document.baseURI).pathname.replace(/\/[^/]*$/, '')
export const apiUrl = new URL('graphql', document.baseURI).href
