import { checkConnection, checkDelegation, checkToken } from './connection-checks'
import { checkHomeserverSettings, HOMESERVER_SETTINGS_CHECKS } from './homeserver-settings-checks'
import type { HomeserverWorld } from './homeserver-world'
import { checkMas, MAS_CHECKS, MAS_FIRST } from './mas-checks'
import { checkRooms, ROOM_CHECKS } from './room-checks'

const TOKEN_CHECKS = ['homeserver.admin_api', 'homeserver.domain', 'homeserver.token']
const CONNECTION_CHECKS = ['homeserver.clock', 'homeserver.certificate', 'homeserver.delegation']

/** Whether the homeserver can be reached, is the right one, lets this program in, and is set as it must be. */
export async function checkHomeserver(world: HomeserverWorld): Promise<void> {
  const { report } = world
  const rest = [...HOMESERVER_SETTINGS_CHECKS, ...ROOM_CHECKS]
  if (!(await checkConnection(world)))
    return report.notAsked(
      [...CONNECTION_CHECKS, ...(world.mas === null ? [] : MAS_CHECKS), ...TOKEN_CHECKS, ...rest],
      'the address of the homeserver has to be right first',
    )
  if (world.mas !== null && !(await checkMas(world, world.mas)))
    return report.notAsked(['homeserver.delegation', ...TOKEN_CHECKS, ...rest], MAS_FIRST)
  if (!(await checkDelegation(world)))
    return report.notAsked([...TOKEN_CHECKS, ...rest], 'who manages its accounts has to be right first')
  const token = await checkToken(world)
  if ('why' in token) return report.notAsked(rest, token.why)
  await checkHomeserverSettings(world)
  await checkRooms(world, token.userId)
}
