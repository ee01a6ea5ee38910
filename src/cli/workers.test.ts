import cluster, { type Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runWorkers } from './workers'

// Vitest's timers do not stand in for these.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}))

/** A process as `node:cluster` tells of it. */
class Forked extends EventEmitter {
  readonly process: { pid: number | undefined; kill: () => boolean }
  constructor(pid: number | undefined) {
    super()
    this.process = { pid, kill: () => true }
  }
}

/** How the next forks end; after them, each listens. */
let failures: ('at once' | 'later' | 'exit')[]
let forked: Forked[]
let logged: string[]
/** What ends with the program. */
let exits: unknown[]
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const
const others = new Map(signals.map((signal) => [signal, process.listeners(signal)]))

beforeEach(() => {
  failures = []
  forked = []
  logged = []
  exits = []
  vi.useFakeTimers()
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code)
    return undefined as never
  })
  vi.spyOn(cluster, 'workers', 'get').mockImplementation(() =>
    Object.fromEntries(forked.map((worker, index) => [index, worker as unknown as Worker])),
  )
  vi.spyOn(cluster, 'fork').mockImplementation(() => {
    const failure = failures.shift()
    if (failure === 'at once') throw Object.assign(new Error('spawn ENOMEM'), { code: 'ENOMEM' })
    const worker = new Forked(failure === 'later' ? undefined : forked.length + 1)
    forked.push(worker)
    queueMicrotask(() => {
      if (failure === undefined) worker.emit('listening')
      else if (failure === 'exit') end(worker)
      else {
        worker.emit('error', Object.assign(new Error('spawn node EAGAIN'), { code: 'EAGAIN' }))
        // Nothing tells that it exited, as it never was.
        setTimeout(() => forked.splice(forked.indexOf(worker), 1), 100)
      }
    })
    return worker as unknown as Worker
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  for (const signal of signals)
    for (const listener of process.listeners(signal))
      if (!others.get(signal)?.includes(listener)) process.off(signal, listener)
})

function end(worker: Forked): void {
  forked.splice(forked.indexOf(worker), 1)
  worker.emit('exit', 7, null)
}
const log = {
  info: (_: object, words?: string) => void logged.push(words ?? ''),
  error: (_: object, words?: string) => void logged.push(words ?? ''),
}
async function run(): Promise<void> {
  void runWorkers(2, log, { host: '127.0.0.1', port: null })
  await vi.advanceTimersByTimeAsync(1_000)
}
const alive = () => forked.filter(({ process: { pid } }) => pid !== undefined).length

test('the first process that does not start ends the program, with its code if it has one', async () => {
  failures = ['exit']
  await run()
  expect(exits[0]).toBe(7)
})

describe.each(['at once', 'later'] as const)('a process that cannot be forked, which fails %s', (failure) => {
  test('ends the program if it is the first', async () => {
    failures = [failure]
    await run()
    expect(exits[0]).toBe(1)
    expect(logged[0]).toContain('could not be forked')
  })

  test('is tried again otherwise, while the first one goes on', async () => {
    await run()
    expect(alive()).toBe(2)
    const [, second] = forked
    failures = [failure, failure]
    if (second !== undefined) end(second)
    await vi.advanceTimersByTimeAsync(4_000)
    expect([alive(), exits]).toEqual([1, []])
    await vi.advanceTimersByTimeAsync(10_000)
    expect([alive(), exits]).toEqual([2, []])
  })

  test('leaves those that run as they are when they were to be replaced, which can be asked for again', async () => {
    await run()
    const before = [...forked]
    failures = [failure]
    process.emit('SIGUSR2')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(forked).toEqual(before)
    expect(logged.join('\n')).toContain('the running ones stay')
    process.emit('SIGUSR2')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(forked.filter((worker) => !before.includes(worker))).toHaveLength(2)
  })

  test('keeps nobody from stopping the program', async () => {
    await run()
    const [, second] = forked
    failures = [failure]
    if (second !== undefined) end(second)
    await vi.advanceTimersByTimeAsync(0)
    process.emit('SIGTERM')
    for (const worker of [...forked]) if (worker.process.pid !== undefined) end(worker)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(exits.length).toBeGreaterThan(0)
    expect(alive()).toBe(0)
  })
})

test('an error of a process that runs ends nothing', async () => {
  await run()
  forked[0]?.emit('error', new Error('kill EPERM'))
  await vi.advanceTimersByTimeAsync(10_000)
  expect([alive(), exits]).toEqual([2, []])
})
