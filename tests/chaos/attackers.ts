import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerAttacks } from '../attacks/answers.ts'
import { requestAttacks } from '../attacks/requests.ts'
import { socketAttacks } from '../attacks/sockets.ts'
import type { Chance } from './chance.ts'
import type { World } from './world.ts'

const program = join(import.meta.dirname, '../attacks/child.ts')
/** Those that need nothing but a server; the others fill the database first, for longer than a run takes. */
const attacks = [...answerAttacks, ...requestAttacks, ...socketAttacks]
const attackMs = 3_000
const maxPauseMs = 2_000
/** Milliseconds for an attack to make what it needs, on servers that come and go, and to end. */
const patienceMs = 15_000

/** Somebody who means harm, among those who write and read: one attack after the other, each on a server that is up. */
export class Attackers {
  readonly counts = new Map<string, number>()
  private stopped = false
  private child: ChildProcess | null = null

  constructor(
    private readonly world: World,
    private readonly chance: Chance,
    private readonly say: (what: string) => void,
  ) {}

  async run(): Promise<void> {
    let left: typeof attacks = []
    while (!this.stopped) {
      if (left.length === 0) left = this.chance.shuffled(attacks)
      await this.attack(left.pop()!.name)
      await sleep(this.chance.next() * maxPauseMs)
    }
  }

  stop(): void {
    this.stopped = true
    this.child?.kill('SIGKILL')
  }

  private async attack(name: string): Promise<void> {
    const httpUrl = this.world.anyUrl(this.chance)
    const target = { httpUrl, wsUrl: httpUrl.replace('http', 'ws'), databaseUrl: '' }
    const child = fork(program, [name, JSON.stringify(target)], { execArgv: ['--import', 'tsx'], stdio: 'ignore' })
    this.child = child
    const ended = once(child, 'exit')
    const late = setTimeout(() => child.kill('SIGKILL'), 2 * patienceMs)
    try {
      // What it needs cannot be made where the server is killed meanwhile.
      const isReady = await Promise.race([
        once(child, 'message').then(() => true),
        ended.then(() => false),
        sleep(patienceMs, false),
      ])
      if (!isReady || this.stopped) return
      child.send('begin')
      this.say(`attack: ${name}`)
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
      await Promise.race([sleep(attackMs), ended])
      if (child.connected) child.send('stop')
      await Promise.race([sleep(patienceMs), ended])
    } finally {
      clearTimeout(late)
      child.kill('SIGKILL')
      await ended
    }
  }
}
