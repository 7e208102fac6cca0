import { StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { createParley } from '@parley/client'
import { App } from './app.tsx'

/** What a server sends: nobody is signed in there, and nothing is connected to. */
export async function html(url: string): Promise<string> {
  const parley = createParley({ url })
  const text = renderToString(
    <StrictMode>
      <App parley={parley} />
    </StrictMode>,
  )
  await parley.close()
  return text
}
