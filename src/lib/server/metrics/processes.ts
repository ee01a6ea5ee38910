import type { Worker } from 'node:cluster'
import * as v from 'valibot'
import { takenSchema, type Taken } from './exposition'

/** Prometheus gives up after ten seconds, unless it is told otherwise. */
const PATIENCE_MS = 5_000

const questionSchema = v.object({ metrics: v.literal('asked'), id: v.number(), stored: v.boolean() })
const answerSchema = v.object({ metrics: v.literal('taken'), id: v.number(), taken: takenSchema })

/** In a process that answers requests: gives its metrics to the one that started it, whenever that asks. */
export function answerFirstProcess(
  take: (what: { stored: boolean }) => Promise<Taken>,
  log: { error(details: object, words: string): void },
): void {
  process.on('message', (message) => {
    const asked = v.safeParse(questionSchema, message)
    if (!asked.success) return
    const { id, stored } = asked.output
    take({ stored }).then(
      (taken) => process.send?.({ metrics: 'taken', id, taken }),
      (error: unknown) => log.error({ err: error }, 'The metrics could not be collected'),
    )
  })
}

/** What is used of a process. */
export type Asked = Pick<Worker, 'send' | 'on' | 'off' | 'isConnected'>

/**
 * In the process that started the others: asks each for its metrics, and the first of them for what is in the
 * database. `workers`: those that answer requests, by their numbers. One that does not answer in time is left out.
 */
export function createGathering({
  workers,
  log,
  patienceMs = PATIENCE_MS,
}: {
  workers: () => ReadonlyMap<number, Asked>
  log: { error(details: object, words: string): void }
  patienceMs?: number
}) {
  let asked = 0

  function ask(worker: Asked, stored: boolean): Promise<Taken | null> {
    const id = ++asked
    return new Promise((resolve) => {
      const end = (taken: Taken | null) => {
        clearTimeout(timer)
        worker.off('message', listen)
        worker.off('exit', lost)
        resolve(taken)
      }
      const listen = (message: unknown) => {
        const answer = v.safeParse(answerSchema, message)
        if (answer.success && answer.output.id === id) end(answer.output.taken)
      }
      const lost = () => end(null)
      const timer = setTimeout(lost, patienceMs)
      worker.on('message', listen)
      worker.on('exit', lost)
      worker.send({ metrics: 'asked', id, stored }, (error) => {
        if (error !== null) lost()
      })
    })
  }

  return async (): Promise<{ worker: number; taken: Taken }[]> => {
    const connected = [...workers()].filter(([, worker]) => worker.isConnected())
    const answers = await Promise.all(
      connected.map(async ([number, worker], index) => ({
        worker: number,
        taken: await ask(worker, index === 0),
      })),
    )
    return answers.flatMap(({ worker, taken }) => {
      if (taken !== null) return [{ worker, taken }]
      log.error({ worker }, 'A process did not tell its metrics')
      return []
    })
  }
}
