import { HomeserverError } from '$lib/server/homeserver/homeserver'

/** The error of a call to the homeserver that has to fail. */
export async function errorOf(call: Promise<unknown>): Promise<HomeserverError> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof HomeserverError))
    throw new Error('It did not fail as a homeserver does', { cause: error })
  return error
}
