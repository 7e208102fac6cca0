import type { Texts } from '../texts/en.ts'

// The first that matches: most browsers also name those that they want to be taken for.
const browsers: readonly [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|HeadlessChrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const systems: readonly [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]
const first = (rules: readonly [RegExp, string][], agent: string) => rules.find(([rule]) => rule.test(agent))?.[1]

/** What a person calls the device of a User-Agent; the begin of it, when it is none that we know. */
export function deviceName(agent: string | null, { sessions }: Texts): string {
  if (!agent) return sessions.unknown
  const [browser, system] = [first(browsers, agent), first(systems, agent)]
  return browser && system ? sessions.device(browser, system) : agent.slice(0, 60)
}
