import { chromium, type Browser, type LaunchOptions } from 'playwright-core'
import { atEndOfEachFile } from './at-end.ts'
import { ensureCommand } from './commands.ts'

export const chromiumFlags =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
    ' ',
  )

const running: Browser[] = []
atEndOfEachFile(async () => {
  for (const browser of running.splice(0)) await browser.close()
})

/** Starts Debian's Chromium with a new profile. */
export async function startBrowser(options: LaunchOptions = {}): Promise<Browser> {
  ensureCommand('chromium', 'chromium')
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: chromiumFlags, ...options })
  running.push(browser)
  return browser
}
