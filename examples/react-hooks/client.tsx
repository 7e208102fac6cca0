import { StrictMode } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { createParley, indexedDbStorage } from '@parley/client'
import { App } from './app.tsx'

const url = new URLSearchParams(location.search).get('url') ?? '/graphql'
const parley = createParley({ url, storage: indexedDbStorage('react-hooks') })
// For trying things in the console: await parley.session.login({ handle: 'ada.demo', password: 'parley-demo' })
Object.assign(globalThis, { parley })

const root = document.querySelector('main')
if (root) {
  hydrateRoot(
    root,
    <StrictMode>
      <App parley={parley} />
    </StrictMode>,
  )
}
