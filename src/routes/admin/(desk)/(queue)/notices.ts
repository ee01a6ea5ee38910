import { m } from '$lib/paraglide/messages'
import type { Server } from '$lib/registration/job'

/** A server that is unavailable. */
export interface OutageView {
  server: Server
  since: number
  reason: string
  waiting: number
}

/** Something about the setup that moderators should know. */
export interface NoticeView {
  key: string
  text: string
}

/** How many people were asked to try again because of too many at once. */
export interface CrowdView {
  since: number
  refused: number
}

/** A setting that an operator must fix; only administrators are told which. */
export type SetUpView =
  | { code: 'ask_administrator' }
  | { code: 'proxy_not_trusted'; peer: string; header: string }
  | { code: 'proxy_silent'; peer: string }
  | { code: 'consent'; why: string }

export function setUpWords(problem: SetUpView): string {
  switch (problem.code) {
    case 'ask_administrator':
      return m.desk_set_up_ask()
    case 'proxy_not_trusted':
      return m.desk_set_up_proxy_not_trusted(problem)
    case 'proxy_silent':
      return m.desk_set_up_proxy_silent(problem)
    case 'consent':
      return m.desk_set_up_consent(problem)
    default:
      return problem satisfies never
  }
}
