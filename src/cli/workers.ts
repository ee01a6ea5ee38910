import cluster, { type Worker } from 'node:cluster'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { WRONG_USE } from '$lib/server/config/exit-code'
import { textOf } from '$lib/server/metrics/exposition'
import { listenForMetrics } from '$lib/server/metrics/listener'
import { createGathering } from '$lib/server/metrics/processes'
import type { NoListening } from './listening'

const RETRY_MS = 5_000
const NOT_FORKED =
  'A process could not be forked: the memory, or the number of processes or files that this user may have, is used up'

/** How many processes `workers` means: `auto` is one for each core that this program may use. */
export const countWorkers = (workers: number | 'auto'): number =>
  workers === 'auto' ? availableParallelism() : workers

/** Why several processes cannot share what the environment says to listen on; null: they can. */
export function findNoSharing({ SOCKET_PATH }: Record<string, string | undefined>): NoListening | null {
  // Each process would remove the socket of the others before it listens.
  if (!SOCKET_PATH) return null
  return {
    words:
      'workers in config.yaml needs a port: processes cannot share the socket that SOCKET_PATH in the environment names. Set HOST and PORT instead, or workers: 1.',
    code: WRONG_USE,
  }
}

/**
 * Runs several processes of this program that share its port (`node:cluster`): the first one alone until it listens,
 * as it prepares the database. One that ends by itself is replaced. SIGTERM, SIGINT and SIGHUP stop all of them;
 * SIGUSR2 replaces them one by one, each after the new one listens. Exits with the code of the first one if that does
 * not start, else with 0, or the code of one that failed to stop. Answers Prometheus at that host and port, for all of
 * them; null: not.
 */
export async function runWorkers(
  count: number,
  log: Pick<Logger, 'info' | 'error'>,
  { host, port }: { host: string; port: number | null },
): Promise<void> {
  let isStopping = false
  let exitCode = 0
  let replacing = Promise.resolve()
  const retired = new Set<Worker>()
  /** Those that answer requests, by the number that their metrics have: the lowest that is free. */
  const answering = new Map<number, Worker>()
  // One that could not be forked stands there for a while, and was never a process.
  const running = () =>
    Object.values(cluster.workers ?? {}).filter(
      (worker): worker is Worker => worker?.process.pid !== undefined,
    )

  function stop(): void {
    isStopping = true
    for (const worker of running()) worker.process.kill('SIGTERM')
    if (running().length === 0) process.exit(exitCode)
  }

  function forget(worker: Worker): void {
    for (const [number, one] of answering) if (one === worker) answering.delete(number)
  }

  function forkOne(): Worker | null {
    try {
      return cluster.fork()
    } catch (error) {
      log.error({ err: error }, NOT_FORKED)
      return null
    }
  }

  /** Null once the new process listens; its exit code if it ends before, or 1 if there is none. */
  async function start(): Promise<number | null> {
    const worker = forkOne()
    if (worker === null) return 1
    let isListening = false
    worker.once('exit', (code: number | null, signal: string | null) => {
      forget(worker)
      if (isStopping) {
        exitCode ||= code ?? 0
        if (running().length === 0) process.exit(exitCode)
      } else if (isListening && !retired.delete(worker)) {
        log.error({ code, signal }, 'A process ended unexpectedly and is started again')
        void startUntilListening()
      }
    })
    const failed = await new Promise<number | null>((resolve) => {
      worker.once('listening', () => resolve(null))
      worker.once('exit', (code: number | null) => resolve(code ?? 1))
      worker.on('error', (error: unknown) => {
        if (worker.process.pid !== undefined) {
          log.error({ err: error }, 'A signal or a message did not reach a process')
          return
        }
        // Then nothing tells that it exits.
        log.error({ err: error }, NOT_FORKED)
        resolve(1)
        if (isStopping && running().length === 0) process.exit(exitCode)
      })
    })
    isListening = failed === null
    if (isListening) {
      let number = 1
      while (answering.has(number)) number++
      answering.set(number, worker)
    }
    return failed
  }

  async function startUntilListening(): Promise<void> {
    while (!isStopping && (await start()) !== null) {
      log.error({}, 'A process did not start; the next try is in five seconds')
      await sleep(RETRY_MS)
    }
  }

  async function replaceAll(): Promise<void> {
    for (const worker of running()) {
      if (isStopping) return
      if ((await start()) !== null) {
        log.error({}, 'The new process did not start, so the running ones stay as they are')
        return
      }
      retired.add(worker)
      forget(worker)
      worker.process.kill('SIGTERM')
    }
    log.info({}, 'All processes were replaced')
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
  process.on('SIGUSR2', () => void (replacing = replacing.then(replaceAll)))
  const failed = await start()
  if (failed !== null) process.exit(failed)
  if (port !== null) {
    const gather = createGathering({ workers: () => answering, log })
    listenForMetrics({ host, port }, async () => textOf(await gather()), log).catch((error: unknown) =>
      log.error({ err: error, host, port }, 'Nobody can read the metrics: this program cannot listen there'),
    )
  }
  for (let more = 1; more < count; more++) void startUntilListening()
  log.info({ workers: count }, 'Several processes answer requests')
}
