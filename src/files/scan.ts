import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { connect } from 'node:net'

/** What a scanner says of a file. UNAVAILABLE: nothing; the file is held back until it says something. */
export type Verdict =
  { verdict: 'CLEAN' } | { verdict: 'FOUND'; what: string } | { verdict: 'UNAVAILABLE'; why: string }

export type Scan = (path: string) => Promise<Verdict>

export interface ScanOptions {
  /** A command that gets the path of the file; exit code 0: clean, 1: something was found. */
  command: string | null
  /** Where clamd listens: host:port, or the path of a socket. */
  clamd: string | null
  timeoutMs: number
}

/** Longer answers are of no scanner. */
const maxAnswerLength = 4_096
const foundNothingSaid = 'something that must not be spread'

/** Null: nothing is to be scanned. With both, a file has to be clean for both. */
export function createScan({ command, clamd, timeoutMs }: ScanOptions): Scan | null {
  const scans: Scan[] = []
  if (command !== null) scans.push((path) => byCommand(command, path, timeoutMs))
  if (clamd !== null) scans.push((path) => byClamd(clamd, path, timeoutMs))
  if (scans.length === 0) return null
  return async (path) => {
    let verdict: Verdict = { verdict: 'CLEAN' }
    for (const scan of scans) {
      verdict = await scan(path)
      if (verdict.verdict !== 'CLEAN') break
    }
    return verdict
  }
}

/** Resolves with what the command's exit code says. Any other end, and no end in time, says nothing. */
function byCommand(command: string, path: string, timeoutMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    // The operator's own command, as a shell reads it; the path is an argument and no part of the text.
    const child = spawn('/bin/sh', ['-c', `${command} "$1"`, 'sh', path], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(0, maxAnswerLength)))
    const end = (verdict: Verdict) => {
      clearTimeout(timer)
      resolve(verdict)
    }
    const timer = setTimeout(() => {
      // Its children too.
      if (child.pid !== undefined) killGroup(child.pid)
      end({ verdict: 'UNAVAILABLE', why: `the command did not end within ${String(timeoutMs)} ms` })
    }, timeoutMs)
    child.once('error', (error) => end({ verdict: 'UNAVAILABLE', why: error.message }))
    child.once('close', (code, signal) => {
      if (code === 0) end({ verdict: 'CLEAN' })
      else if (code === 1) end({ verdict: 'FOUND', what: output.trim().split('\n')[0] || foundNothingSaid })
      else end({ verdict: 'UNAVAILABLE', why: `the command ended with ${String(code ?? signal)}` })
    })
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * The INSTREAM command of clamd. For a file over its StreamMaxLength clamd answers and hangs up in the middle of the file: the
 * answer counts then, and not the broken connection.
 */
function byClamd(address: string, path: string, timeoutMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const colonAt = address.lastIndexOf(':')
    const to = address.startsWith('/')
      ? { path: address }
      : { host: address.slice(0, colonAt), port: Number(address.slice(colonAt + 1)) }
    const socket = connect(to)
    const file = createReadStream(path)
    let answer = ''
    let failure = 'it hung up'
    let isOver = false
    const end = (verdict: Verdict) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      file.destroy()
      socket.destroy()
      resolve(verdict)
    }
    const timer = setTimeout(
      () => end({ verdict: 'UNAVAILABLE', why: `clamd did not answer within ${String(timeoutMs)} ms` }),
      timeoutMs,
    )
    const settle = () => end(verdictOf(answer, failure))
    socket.on('error', (error) => (failure = error.message))
    socket.once('close', settle)
    socket.on('data', (chunk) => {
      answer = (answer + chunk.toString()).slice(0, maxAnswerLength)
      if (answer.includes('\0')) settle()
    })
    file.on('error', (error) => end({ verdict: 'UNAVAILABLE', why: error.message }))
    socket.once('connect', () => {
      socket.write('zINSTREAM\0')
      file.on('data', (chunk) => {
        const bytes = Buffer.from(chunk)
        const length = Buffer.alloc(4)
        length.writeUInt32BE(bytes.byteLength)
        if (socket.write(Buffer.concat([length, bytes]))) return
        file.pause()
        socket.once('drain', () => file.resume())
      })
      file.once('end', () => socket.write(Buffer.alloc(4)))
    })
  })
}

function verdictOf(answer: string, failure: string): Verdict {
  const text = (answer.split('\0')[0] ?? '').trim()
  if (text === 'stream: OK') return { verdict: 'CLEAN' }
  const what = /^stream: (.*) FOUND$/.exec(text)?.[1]
  if (what !== undefined) return { verdict: 'FOUND', what }
  return { verdict: 'UNAVAILABLE', why: text === '' ? `clamd: ${failure}` : `clamd: ${text}` }
}
