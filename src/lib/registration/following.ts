import type { Policy } from './decision'
import type { NewJob } from './job'
import type { Registration } from './registration'
import { isOursUnopened } from './state'

/** Jobs that notify the moderators of a new request or answer. */
export function notices({ now: since, moderatorsRoom }: Policy): NewJob[] {
  return [
    { kind: 'notify_moderators', since, reminder: false },
    ...(moderatorsRoom ? [{ kind: 'notify_room', since } as const] : []),
  ]
}

/** Jobs that remove an account that was created here and never unlocked, or whose probation ended as a denial. */
export function removal({ account, username, approval }: Registration): NewJob[] {
  if (account === 'open' && approval !== null) return [{ kind: 'remove_account', username, opened: true }]
  return isOursUnopened(account) ? [{ kind: 'remove_account', username }] : []
}
