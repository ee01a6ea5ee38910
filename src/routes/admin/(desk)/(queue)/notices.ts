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
