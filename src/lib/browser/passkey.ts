import {
  browserSupportsWebAuthn,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from '@simplewebauthn/browser'
import { trpc } from '$lib/trpc'

export const canUsePasskeys = browserSupportsWebAuthn

/**
 * The result of asking the browser: its answer as JSON, or why there is none. `lost`: this site could not be reached.
 */
export type Asked = { answer: string } | { answer: null; why: 'stopped' | 'there_already' | 'lost' }

/** Has the browser create a passkey for the signed-in moderator. */
export const makePasskey = (): Promise<Asked> =>
  ask(
    () => trpc.factors.startPasskey.mutate(),
    (optionsJSON) => startRegistration({ optionsJSON }),
  )

/** Has a passkey sign; the user chooses which. */
export const usePasskey = (): Promise<Asked> =>
  ask(
    () => trpc.session.startPasskey.mutate(),
    (optionsJSON) => startAuthentication({ optionsJSON }),
  )

async function ask<Options>(
  start: () => Promise<Options>,
  sign: (options: Options) => Promise<unknown>,
): Promise<Asked> {
  let options: Options
  try {
    options = await start()
  } catch {
    return { answer: null, why: 'lost' }
  }
  try {
    return { answer: JSON.stringify(await sign(options)) }
  } catch (error) {
    const again = error instanceof WebAuthnError && error.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED'
    return { answer: null, why: again ? 'there_already' : 'stopped' }
  }
}
