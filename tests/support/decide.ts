import type { Services } from '$lib/server/app'
import { aModerator, type TestWorld } from './world'

type Words = { message?: string; silent?: boolean }

/** A moderator decides on a registration as it stands, and nothing that follows from it is done yet. */
export async function decideOnly(
  { services }: { services: Services },
  id: string,
  decision: 'approve' | 'probation' | 'deny',
  { message = '', silent = false }: Words = {},
) {
  const { api } = await aModerator(services)
  const { version } = await api.moderation.registration({ id })
  await api.moderation.decide({ id, version, decision, message, silent })
  return api
}

/** A moderator decides on a registration as it stands; answers what they see when all of it is done. */
export async function decideOn(
  world: TestWorld,
  id: string,
  decision: 'approve' | 'probation' | 'deny',
  words: Words = {},
) {
  const api = await decideOnly(world, id, decision, words)
  await world.drain()
  return api.moderation.registration({ id })
}
