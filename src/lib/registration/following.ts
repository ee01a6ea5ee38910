import type { Policy } from './decision'
import type { NewJob } from './job'
import type { Registration } from './registration'
import { isOursUnopened } from './state'

/** What tells the moderators of a request, or an answer, that is made now. */
export function notices({ now: since, moderatorsRoom }: Policy): NewJob[] {
  return [
    { kind: 'notify_moderators', since, reminder: false },
    ...(moderatorsRoom ? [{ kind: 'notify_room', since } as const] : []),
  ]
}

/** What takes an account away that was made here and never opened. */
export function removal({ account, username }: Registration): NewJob[] {
  return isOursUnopened(account) ? [{ kind: 'remove_account', username }] : []
}
