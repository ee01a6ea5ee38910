import { m } from '$lib/paraglide/messages'
import type { Server } from '$lib/registration/job'

/** A server that is out. */
export interface OutageView {
  server: Server
  since: number
  reason: string
  waiting: number
}

/** Something about the set-up that moderators should know. */
export interface NoticeView {
  key: string
  text: string
}

/** So many people were asked to come again, as too many came at once. */
export interface CrowdView {
  since: number
  refused: number
}

/** What in the set-up an operator has to mend; administrators are told what it is. */
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
