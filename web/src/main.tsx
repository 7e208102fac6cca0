import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './style/base.css'
import './style/sign-in.css'
import './style/chat.css'
import './style/timeline.css'
import './style/parts.css'
import { App } from './app.tsx'
import { openOffline } from './offline.ts'
import { TextsProvider } from './texts/texts.tsx'

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <TextsProvider>
        <App />
      </TextsProvider>
    </StrictMode>,
  )
}
openOffline()
