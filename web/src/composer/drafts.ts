import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
const prefix = 'parley.draft.'
/** What the browser does not keep is kept here until the page is closed. */
const here = new Map<string, string>()

const keyOf = (viewerId: string, conversationId: string) => `${prefix}${viewerId}.${conversationId}`

export function draftOf(viewerId: string, conversationId: string): string {
  const key = keyOf(viewerId, conversationId)
  try {
    return localStorage.getItem(key) ?? here.get(key) ?? ''
  } catch {
    return here.get(key) ?? ''
  }
}

export function keepDraft(viewerId: string, conversationId: string, text: string): void {
  const key = keyOf(viewerId, conversationId)
  here.delete(key)
  try {
    if (text.trim() === '') localStorage.removeItem(key)
    else localStorage.setItem(key, text)
  } catch {
    if (text.trim() !== '') here.set(key, text)
  }
  for (const changed of listeners) changed()
}

/** Drafts of a person who signs out are gone from this device. */
export function dropDrafts(viewerId: string): void {
  const begin = `${prefix}${viewerId}.`
  for (const key of here.keys()) if (key.startsWith(begin)) here.delete(key)
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(begin)) localStorage.removeItem(key)
  } catch {
    // None were kept.
  }
}

export function useDraft(viewerId: string, conversationId: string): string {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      window.addEventListener('storage', changed)
      return () => {
        listeners.delete(changed)
        window.removeEventListener('storage', changed)
      }
    },
    () => draftOf(viewerId, conversationId),
  )
}
