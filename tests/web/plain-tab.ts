import type { Browser, CDPSession } from 'playwright-core'

interface Answer {
  id?: number
  result?: { result?: { value?: unknown } }
  error?: { message: string }
}

/** A tab without Playwright's hand on it: Playwright shows each of its tabs as if it were looked at, so that none can be frozen. */
export class PlainTab {
  private lastId = 0
  private readonly waiting = new Map<number, (answer: Answer) => void>()
  private constructor(
    private readonly devtools: CDPSession,
    private readonly sessionId: string,
  ) {
    devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
      const answer = JSON.parse(message) as Answer
      if (answer.id !== undefined) this.waiting.get(answer.id)?.(answer)
    })
  }

  static async open(browser: Browser, url: string): Promise<PlainTab> {
    const devtools = await browser.newBrowserCDPSession()
    const { targetId } = await devtools.send('Target.createTarget', { url })
    // Not flat: a session of Playwright's hears of its own messages alone.
    const { sessionId } = await devtools.send('Target.attachToTarget', { targetId, flatten: false })
    return new PlainTab(devtools, sessionId)
  }

  private async send(method: string, params: object): Promise<Answer> {
    const id = ++this.lastId
    const answered = new Promise<Answer>((resolve) => this.waiting.set(id, resolve))
    const message = JSON.stringify({ id, method, params })
    await this.devtools.send('Target.sendMessageToTarget', { sessionId: this.sessionId, message })
    const answer = await answered
    this.waiting.delete(id)
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
    return answer
  }

  /** The value of a text of JavaScript in the page. */
  async evaluate(expression: string): Promise<unknown> {
    return (await this.send('Runtime.evaluate', { expression, returnByValue: true })).result?.result?.value
  }

  /** Presses the first that has this in its text or label, as soon as there is one. */
  async click(selector: string, text: string): Promise<void> {
    const found = `[...document.querySelectorAll('${selector}')].find((one) => (one.ariaLabel ?? one.textContent).includes('${text}'))`
    const endMs = Date.now() + 30_000
    while ((await this.evaluate(`!!(${found})`)) !== true) {
      if (Date.now() > endMs) throw new Error(`There is no ${selector} with ${text}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await this.evaluate(`${found}.click()`)
  }

  async setState(state: 'frozen' | 'active'): Promise<void> {
    await this.send('Page.setWebLifecycleState', { state })
  }
}
