import type { Api } from './router'

const LOOK_MS = 250
const PATIENCE_MS = 1000

/**
 * Waits a moment for an email's status, so that most people see the final one at once. It polls at the same moments
 * for any recipient.
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
    if (standing !== 'being_sent') return
  }
}
