import { HomeserverError } from '../homeserver/homeserver'

/** `not_asked`: it depends on something that is not right. */
export const LEVELS = ['ok', 'warning', 'error', 'not_asked'] as const
export type Level = (typeof LEVELS)[number]

/** What one check of the set-up found. Contains no secret. */
export interface Finding {
  /** Its stable name, such as `homeserver.token`; what stands before the dot is its section. */
  check: string
  level: Level
  /** The setting in config.yaml that it is about, if any. */
  key: string | null
  /** What is so, as a sentence without a full stop. */
  found: string
  /** What to do about it, as a sentence without a full stop. */
  remedy: string | null
}

/** Whether it could not be checked, although it can be where everything is right. */
export const isUnchecked = ({ check, level }: Finding): boolean =>
  level === 'not_asked' && check !== 'homeserver.auto_join_rooms'

/** How long one check may take. */
export const CHECK_MS = 5_000

/** A problem with its remedy, as errors of servers tell both in one text. */
interface Problem {
  found: string
  remedy: string | null
}

export type Tell = ReturnType<typeof tellTo>
export type Report = ReturnType<typeof createReport>

/** What a check can tell, each in a word. */
function tellTo(add: (finding: Finding) => void) {
  return {
    ok(check: string, key: string | null, found: string): void {
      add({ check, level: 'ok', key, found, remedy: null })
    },
    warning(check: string, key: string | null, { found, remedy }: Problem): void {
      add({ check, level: 'warning', key, found, remedy })
    },
    error(check: string, key: string | null, { found, remedy }: Problem): void {
      add({ check, level: 'error', key, found, remedy })
    },
    /** `why`: which check has to be right first. */
    notAsked(checks: readonly string[], why: string): void {
      for (const check of checks) add({ check, level: 'not_asked', key: null, found: why, remedy: null })
    },
  }
}

/** Collects findings, in the order of the checks. `onFinding` is called with each. */
export function createReport(onFinding: (finding: Finding) => void = () => undefined) {
  const findings: Finding[] = []

  function add(finding: Finding): void {
    findings.push(finding)
    onFinding(finding)
  }

  return {
    ...tellTo(add),
    findings,
    /**
     * Runs a check, at most as long as one may take; what it throws is its finding, with `remedy` where the error names
     * none, and its own key. What it tells counts once it has ended in time. Answers whether it threw nothing.
     */
    async look(
      { check, key, remedy }: { check: string; key: string | null; remedy: string },
      task: (told: Tell) => Promise<void>,
    ): Promise<boolean> {
      const findings: Finding[] = []
      try {
        await bounded(task(tellTo((finding) => findings.push(finding))))
      } catch (error) {
        const problem = problemIn(error)
        const { found } = problem
        const own = error instanceof HomeserverError ? error.key : undefined
        add({ check, level: 'error', key: own ?? key, found, remedy: problem.remedy ?? remedy })
        return false
      }
      for (const finding of findings) add(finding)
      return true
    },
  }
}

/** Settles like `task`, or rejects with a sentence once a check has taken too long. */
export async function bounded<T>(task: Promise<T>, ms = CHECK_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`There was no answer within ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([task, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Where the remedy begins in what this program says of servers. */
const REMEDY =
  /(?:: |[;,.] |\. )(?=(?:check|set|make|let|add|give|run|invite|use|fix|restore|copy|remove|replace|name|free|wait|stop)\b)/i

/** Takes an error's message apart. */
export function problemIn(error: unknown): Problem {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
  const place = REMEDY.exec(message)
  if (place === null) return { found: message, remedy: null }
  const [, remedy = '', said = ''] =
    /^(.*?)( \([^()]*\))?$/s.exec(message.slice(place.index + place[0].length)) ?? []
  // What the server said belongs to what is so.
  const found = message.slice(0, place.index) + said
  return { found, remedy: remedy.charAt(0).toUpperCase() + remedy.slice(1) }
}
