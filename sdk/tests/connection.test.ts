import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Connection } from '../src/connection/connection.ts'
import type { Page } from '../src/connection/page.ts'
import { ParleyError, SessionEndedError } from '../src/requests/errors.ts'
import { FakeClock, settled } from './fake-clock.ts'
import { FakeServer } from './fake-server.ts'

/** A connection in a world of its own. */
class World {
  readonly clock = new FakeClock()
  readonly server = new FakeServer()
  readonly page = { window: new EventTarget(), document: new EventTarget() } satisfies Page
  token = 'token 1'
  renewals = 0
  renew: (() => Promise<string>) | null = null
  readonly connection = new Connection({
    url: 'http://localhost/graphql',
    authorization: {
      token: async () => this.token,
      renew: async () => {
        this.renewals++
        return (this.token = this.renew ? await this.renew() : `token ${this.renewals + 1}`)
      },
    },
    clock: this.clock,
    random: () => 0.5,
    openLink: this.server.openLink,
    page: this.page,
  })

  get state() {
    return this.connection.status.getSnapshot().state
  }
  page$(type: string, persisted = true) {
    this.page.window.dispatchEvent(Object.assign(new Event(type), { persisted }))
    this.page.document.dispatchEvent(new Event(type))
  }
  async closeAll(code: number) {
    for (const socket of this.server.open) this.server.close(socket, code)
    await settled()
  }
  async opened() {
    this.connection.start()
    await settled()
    expect(this.state).toBe('OPEN')
    return this
  }
}

describe('a connection', () => {
  test('comes back after 1, 2, 4 … 30 s, and at once where the server only restarts', async () => {
    const world = new World()
    world.server.refusal = 1006
    world.connection.start()
    const waits: number[] = []
    for (let attempt = 0; attempt < 7; attempt++) {
      await settled()
      waits.push((world.connection.status.getSnapshot().retryAtMs ?? 0) - world.clock.now())
      await world.clock.pass(waits.at(-1) ?? 0)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    world.server.refusal = null
    await world.clock.pass(45_000)
    expect(world.state).toBe('OPEN')
    await world.closeAll(1012)
    expect((world.connection.status.getSnapshot().retryAtMs ?? 0) - world.clock.now()).toBeLessThanOrEqual(500)
  })

  test('with a server that is half dead: not alive 20 s after its last answer, and opened anew', async () => {
    const world = await new World().opened()
    world.server.isSilent = true
    await world.clock.pass(14_000)
    expect(world.server.open).toHaveLength(1)
    await world.clock.pass(1_500)
    expect(world.connection.isAlive).toBe(false)
    expect(world.connection.status.getSnapshot().reason).toMatch(/does not answer/)
    world.server.isSilent = false
    await world.clock.pass(60_000)
    expect(world.connection.isAlive).toBe(true)
    expect(world.server.open).toHaveLength(1)
  })

  test('after a sleep: not alive until the server has answered again, whatever answer was under way before', async () => {
    const world = await new World().opened()
    await world.clock.pass(11_000)
    const [socket] = world.server.open
    world.server.isSilent = true
    await world.clock.sleep(3_600_000)
    expect(world.state).not.toBe('OPEN')
    expect(world.connection.isAlive).toBe(false)
    socket?.listener.pong(socket.pings[0])
    expect(world.connection.isAlive).toBe(false)
    world.server.isSilent = false
    await world.clock.pass(60_000)
    expect(world.connection.isAlive).toBe(true)
  })

  test.each([
    ['the back/forward cache', 'pagehide', 'pageshow'],
    ['a freeze', 'freeze', 'resume'],
  ])('%s: closes, and opens when the page is back', async (_, hide, show) => {
    const world = await new World().opened()
    world.page$(hide)
    expect(world.server.open).toHaveLength(0)
    expect(world.state).toBe('PAUSED')
    await world.clock.pass(600_000)
    expect(world.server.open).toHaveLength(0)
    world.page$(show)
    await settled()
    expect(world.state).toBe('OPEN')
    expect(world.server.open).toHaveLength(1)
  })

  test('a page that is left for good is not its business', async () => {
    const world = await new World().opened()
    world.page$('pagehide', false)
    expect(world.state).toBe('OPEN')
  })

  test('a network that is back ends the wait', async () => {
    const world = new World()
    world.server.refusal = 1006
    world.connection.start()
    await world.clock.pass(40_000)
    expect(world.state).toBe('WAITING')
    world.server.refusal = null
    world.page$('online')
    await settled()
    expect(world.state).toBe('OPEN')
  })

  test('a token that expired is renewed, and one that stays refused ends it', async () => {
    const world = await new World().opened()
    await world.closeAll(4403)
    await world.clock.pass(1_000)
    expect(world.state).toBe('OPEN')
    expect(world.server.open[0]?.options.connectionParams.authorization).toBe('Bearer token 2')
    world.renew = async () => 'token 2'
    await world.closeAll(4403)
    await settled()
    expect(world.state).toBe('ENDED')
  })

  test('a session that is over ends it, until somebody starts it again', async () => {
    const world = await new World().opened()
    await world.closeAll(4401)
    await world.clock.pass(600_000)
    expect([world.state, world.server.open.length]).toEqual(['ENDED', 0])
    expect(world.connection.status.getSnapshot().code).toBe(4401)
    await world.opened()
    world.renew = () => Promise.reject(new SessionEndedError('The session is over'))
    await world.closeAll(4403)
    await settled()
    expect([world.state, world.connection.status.getSnapshot().reason]).toEqual(['ENDED', 'The session is over'])
  })

  test('a subscription begins anew with each connection, with the variables of that moment', async () => {
    const world = await new World().opened()
    let after = 0
    const seen: unknown[] = []
    let begun = 0
    const stop = world.connection.subscribe('subscription', () => ({ after }), {
      next: (data) => seen.push(data),
      begun: () => begun++,
    })
    const [subscription] = world.server.open[0]?.subscriptions ?? []
    subscription?.sink.next('first')
    after = 7
    await world.closeAll(1006)
    subscription?.sink.next('of a socket that is gone')
    await world.clock.pass(2_000)
    const again = [...(world.server.open[0]?.subscriptions ?? [])]
    expect(again.map(({ variables }) => variables)).toEqual([{ after: 7 }])
    // Refused for a while: asked again. For good: the end.
    const refused = (retryable: boolean) =>
      new ParleyError([{ message: 'No', extensions: { code: 'NO', retryable, retryAfterMs: 1_000 } }])
    again[0]?.sink.error(refused(true))
    expect(world.server.open[0]?.subscriptions.size).toBe(0)
    await world.clock.pass(2_000)
    expect(world.server.open[0]?.subscriptions.size).toBe(1)
    expect([seen, begun]).toEqual([['first'], 3])
    stop()
    expect(world.server.open[0]?.subscriptions.size).toBe(0)
  })
})

/** What a command changes, as far as the outcome depends on it. */
interface Model {
  isWanted: boolean
  isShown: boolean
  /** The server ended it for good, and nobody has started it since. */
  hasEnded: boolean
}
type Command = fc.AsyncCommand<Model, World>

const command = (name: string, check: (model: Model) => boolean, run: (model: Model, world: World) => Promise<void>) =>
  ({
    check,
    async run(model, world) {
      await run(model, world)
      await settled()
      // One socket at most, none of a page that is not there, and subscriptions on it alone.
      const { open } = world.server
      expect(open.length).toBeLessThanOrEqual(1)
      if (!model.isShown || !model.isWanted) expect(open).toEqual([])
      for (const socket of world.server.sockets) {
        const isUsed = socket === open[0] && (world.state === 'OPEN' || world.state === 'PROBING')
        expect(socket.subscriptions.size).toBe(isUsed ? 1 : 0)
      }
      if (world.connection.isAlive) expect(open).toHaveLength(1)
    },
    toString: () => name,
  }) satisfies Command

const always = () => true
const codes = [1000, 1001, 1006, 1012, 1013, 4408, 4413, 4420, 4403]
const lastCodes = [1008, 1009, 4400, 4401, 4406, 4409, 4429, 4500]
const commands = [
  fc.constant(
    command('start', always, async (model, world) => {
      // Code that runs in a page that nothing was kept back for: it is there.
      if (!model.isWanted) model.isShown = true
      model.isWanted = true
      model.hasEnded = false
      world.connection.start()
    }),
  ),
  fc.constant(
    command('stop', always, async (model, world) => {
      model.isWanted = false
      world.connection.stop()
    }),
  ),
  fc.constantFrom(...codes).map((code) => command(`close ${code}`, always, (_, world) => world.closeAll(code))),
  fc.constantFrom(...lastCodes).map((code) =>
    command(`end ${code}`, always, async (model, world) => {
      if (world.server.open.length > 0) model.hasEnded = true
      await world.closeAll(code)
    }),
  ),
  fc.boolean().map((isSilent) =>
    command(isSilent ? 'silence' : 'sound', always, async (_, world) => {
      world.server.isSilent = isSilent
    }),
  ),
  fc.constantFrom(null, 1006, 1012, 4420, 4403).map((code) =>
    command(`refuse by ${code ?? 'nothing'}`, always, async (_, world) => {
      world.server.refusal = code
    }),
  ),
  fc.integer({ min: 1, max: 90_000 }).map((ms) => command(`pass ${ms}`, always, (_, world) => world.clock.pass(ms))),
  fc.integer({ min: 1, max: 9e6 }).map((ms) => command(`sleep ${ms}`, always, (_, world) => world.clock.sleep(ms))),
  fc
    .constantFrom('online', 'offline', 'visibilitychange')
    .map((type) => command(type, always, async (_, world) => world.page$(type))),
  fc.constant(
    command(
      'hide',
      ({ isShown }) => isShown,
      async (model, world) => {
        // A page that nobody wanted a connection in has nothing to pause.
        model.isShown = !model.isWanted || model.hasEnded
        world.page$('pagehide')
      },
    ),
  ),
  fc.constant(
    command('show', always, async (model, world) => {
      model.isShown = true
      world.page$('pageshow')
    }),
  ),
]

test('whatever happens: one socket at most, and a connection as soon as there can be one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40 }), async (sequence) => {
      const world = new World()
      world.connection.subscribe('subscription', {}, { next: () => undefined })
      const model: Model = { isWanted: false, isShown: true, hasEnded: false }
      await fc.asyncModelRun(() => ({ model, real: world }), sequence)
      // Then all is well again: within the longest wait the connection is there.
      world.server.isSilent = false
      world.server.refusal = null
      world.page$('pageshow')
      await world.clock.pass(90_000)
      expect(world.connection.isAlive).toBe(model.isWanted && !model.hasEnded)
      expect(world.server.open[0]?.subscriptions.size ?? 0).toBe(world.connection.isAlive ? 1 : 0)
      world.connection.close()
      expect(world.server.open).toEqual([])
    }),
    { numRuns: 300 },
  )
})
