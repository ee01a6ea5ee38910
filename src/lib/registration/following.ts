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

/** Jobs that remove an account that was created here and never unlocked. */
export function removal({ account, username }: Registration): NewJob[] {
  return isOursUnopened(account) ? [{ kind: 'remove_account', username }] : []
}
