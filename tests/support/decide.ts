import { aModerator, type TestWorld } from './world'

/** A moderator decides on a registration as it stands; answers what they see then. */
export async function decideOn(
  world: TestWorld,
  id: string,
  decision: 'approve' | 'deny',
  { message = '', silent = false }: { message?: string; silent?: boolean } = {},
) {
  const { api } = await aModerator(world.services)
  const { version } = await api.moderation.registration({ id })
  await api.moderation.decide({ id, version, decision, message, silent })
  await world.drain()
  return api.moderation.registration({ id })
}
