import { useState } from 'react'

const storageKey = 'parley.notify'
const isSupported = () => 'Notification' in window

export function isNotifying(): boolean {
  try {
    return isSupported() && Notification.permission === 'granted' && localStorage.getItem(storageKey) === 'on'
  } catch {
    return false
  }
}

/** Whether this browser tells of new messages while the page is not looked at. */
export function useNotifying() {
  const [isOn, setIsOn] = useState(isNotifying)
  const [isRefused, setIsRefused] = useState(false)
  const set = (wanted: boolean) => {
    const turn = async () => {
      const permission = wanted && isSupported() ? await Notification.requestPermission() : 'denied'
      setIsRefused(wanted && permission !== 'granted')
      localStorage.setItem(storageKey, wanted ? 'on' : 'off')
      setIsOn(isNotifying())
    }
    turn().catch(() => setIsRefused(true))
  }
  return { isOn, isRefused, set }
}
