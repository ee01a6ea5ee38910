import { isSettled } from '$lib/registration/mail-standing'
import type { Api } from './router'

const LOOK_MS = 250
const PATIENCE_MS = 1000

/**
 * Waits a moment for what becomes of a mail, so that most people read the last word at once. It looks at the same moments
 * whoever the mail goes to.
 */
export async function awaitMail(
  { registration }: Pick<Api, 'registration'>,
  id: string | null,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  if (id === null) return
  for (let waited = 0; waited < patienceMs; waited += LOOK_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const { standing } = await registration.mail({ id })
    if (isSettled(standing) || standing === 'waiting') return
  }
}
