import { isIP } from 'node:net'
import { connect, type PeerCertificate } from 'node:tls'
import type { RunConfig } from '../config/run-config'
import { HomeserverError, type Homeserver } from '../homeserver/homeserver'
import type { HomeserverInspection } from '../homeserver/inspection'
import { DAY } from '$lib/registration/time'
import { bounded, CHECK_MS, problemIn, type Report } from './finding'

/** What the checks read of the configuration. */
type Settings = Pick<RunConfig, 'synapse' | 'registration' | 'consent' | 'autoJoin' | 'matrixNotifications'>

interface World {
  config: Settings
  homeserver: Homeserver
  inspection: HomeserverInspection
  clock: () => number
  report: Report
}

const FEWEST_DAYS = 14
/** A Matrix server's own limit for a clock that is wrong is none, but codes and links go by the time. */
const LARGEST_DIFFERENCE_MS = 60_000
/** How many accounts that wait are asked which rooms they are in. */
const ACCOUNTS_ASKED = 3

const CONNECTION = [
  'homeserver.certificate',
  'homeserver.clock',
  'homeserver.admin_api',
  'homeserver.domain',
  'homeserver.token',
]
const SETTINGS = [
  'homeserver.password_login',
  'homeserver.own_registration',
  'homeserver.password_policy',
  'homeserver.consent',
  'homeserver.auto_join_rooms',
]
const ROOMS = ['rooms.auto_join', 'rooms.admin_room', 'rooms.welcome']

/** Whether the homeserver can be reached, is the right one, lets this program in, and is set as it must be. */
export async function checkHomeserver(world: World): Promise<void> {
  const { report } = world
  if (!(await checkConnection(world))) {
    report.notAsked(
      [...CONNECTION, 'homeserver.delegation', ...SETTINGS, ...ROOMS],
      'the homeserver did not answer',
    )
    return
  }
  await checkCertificate(world)
  await checkOwnRegistration(world)
  await checkPasswordLogin(world)
  const isDelegated = await checkDelegation(world)
  const userId = await checkToken(world)
  if (isDelegated || userId === null) {
    const why = isDelegated ? 'another service manages the accounts' : 'the access token is not right'
    report.notAsked([...SETTINGS.slice(2), ...ROOMS], why)
    return
  }
  await checkPasswordPolicy(world)
  await checkConsent(world)
  await checkSynapsesOwnRooms(world)
  await checkRooms(world, userId)
}

/** Runs a check; what it throws is its finding. */
async function look(
  { report }: Pick<World, 'report'>,
  check: string,
  key: string | null,
  task: () => Promise<void>,
  remedy: string,
): Promise<boolean> {
  try {
    await bounded(task())
    return true
  } catch (error) {
    const problem = problemIn(error)
    report.error(check, key, { found: problem.found, remedy: problem.remedy ?? remedy })
    return false
  }
}

const CHECK_ADDRESS =
  'Check synapse.server, that Synapse is running, and that this machine can reach it (curl it from here)'

async function checkConnection(world: World): Promise<boolean> {
  const { report, inspection, clock, config } = world
  let time: number | null = null
  const asked = clock()
  const reached = await look(
    world,
    'homeserver.address',
    'synapse.server',
    async () => {
      time = await inspection.time()
    },
    CHECK_ADDRESS,
  )
  if (!reached) return false
  report.ok('homeserver.address', 'synapse.server', `${new URL(config.synapse.server).origin} answers`)
  checkClock(report, time, asked, clock())
  return true
}

/** Its time is rounded down to a second, and was told between the question and the answer. */
function checkClock(report: Report, time: number | null, asked: number, answered: number): void {
  if (time === null) {
    report.ok('homeserver.clock', null, 'The homeserver does not say what time it is')
    return
  }
  const off = time > answered ? time - answered : Math.max(0, asked - (time + 999))
  if (off <= LARGEST_DIFFERENCE_MS) report.ok('homeserver.clock', null, 'Both clocks say the same')
  else
    report.warning('homeserver.clock', null, {
      found: `The clocks of this machine and of the homeserver differ by ${Math.round(off / 1000)} s`,
      remedy: 'Let both machines set their clocks by NTP (timedatectl shows whether they do)',
    })
}

async function checkCertificate({ report, config: { synapse }, clock }: World): Promise<void> {
  const url = new URL(synapse.server)
  if (url.protocol !== 'https:') {
    report.ok(
      'homeserver.certificate',
      'synapse.server',
      'The connection is not encrypted, so it has no certificate',
    )
    return
  }
  if (!synapse.verifyCert) {
    report.warning('homeserver.certificate', 'synapse.verify_cert', {
      found: 'Any certificate is accepted',
      remedy: 'Set synapse.verify_cert to true, or to the file of your own CA',
    })
    return
  }
  try {
    const { valid_to: end } = await bounded(certificateOf(url, synapse.ca))
    const days = Math.floor((Date.parse(end) - clock()) / DAY)
    if (days >= FEWEST_DAYS)
      report.ok('homeserver.certificate', 'synapse.server', `Its certificate is valid for ${days} more days`)
    else
      report.warning('homeserver.certificate', 'synapse.server', {
        found: `Its certificate ends in ${days} ${days === 1 ? 'day' : 'days'}`,
        remedy: 'Renew it, and find out why that does not happen by itself',
      })
  } catch (error) {
    report.error('homeserver.certificate', 'synapse.verify_cert', problemIn(error))
  }
}

function certificateOf({ hostname, port }: URL, ca: string | null): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect(
      {
        host,
        port: Number(port || 443),
        // RFC 6066, 3: an address is no server name.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        timeout: CHECK_MS,
        ...(ca === null ? {} : { ca }),
      },
      () => {
        resolve(socket.getPeerCertificate())
        socket.end()
      },
    )
    socket.once('error', reject)
    socket.once('timeout', () => socket.destroy(new Error('The connection was not made in time')))
  })
}

async function checkOwnRegistration(world: World): Promise<void> {
  const { report, inspection } = world
  const check = 'homeserver.own_registration'
  await look(
    world,
    check,
    null,
    async () => {
      const own = await inspection.ownRegistration()
      if (own === 'open')
        report.error(check, null, {
          found: 'Anybody can get an account at the homeserver itself, past this site and its moderators',
          remedy: 'Set enable_registration: false in homeserver.yaml',
        })
      else if (own === 'token')
        report.ok(check, null, 'At the homeserver itself, an account takes a registration token')
      else report.ok(check, null, 'Nobody can register at the homeserver itself')
    },
    CHECK_ADDRESS,
  )
}

async function checkPasswordLogin(world: World): Promise<void> {
  const { report, inspection } = world
  const check = 'homeserver.password_login'
  await look(
    world,
    check,
    null,
    async () => {
      if (await inspection.signsInByPassword()) report.ok(check, null, 'People sign in with a password')
      else
        report.error(check, null, {
          found: 'The homeserver lets nobody sign in with a password, which is all that new people have',
          remedy: 'Set password_config.enabled: true in homeserver.yaml',
        })
    },
    CHECK_ADDRESS,
  )
}

async function checkDelegation(world: World): Promise<boolean> {
  const { report, homeserver } = world
  let issuer: string | null = null
  const asked = await look(
    world,
    'homeserver.delegation',
    'synapse.server',
    async () => {
      issuer = await homeserver.delegatesTo()
    },
    CHECK_ADDRESS,
  )
  if (issuer !== null)
    report.error('homeserver.delegation', 'synapse.server', {
      found: `The homeserver leaves its accounts to another service (${String(issuer)}: MAS), where accounts made through Synapse cannot sign in`,
      remedy: 'Use a homeserver that manages its accounts itself; MAS is not supported yet',
    })
  else if (asked) report.ok('homeserver.delegation', null, 'The homeserver manages its accounts itself')
  return issuer !== null
}

const OTHER_TOKEN = "Set synapse.admin_token to a server administrator's access token"

/** The account of the token, or null if something about it is not right. */
async function checkToken(world: World): Promise<string | null> {
  const { report, homeserver } = world
  try {
    const { userId, admin, version } = await bounded(homeserver.identity())
    report.ok('homeserver.admin_api', 'synapse.server', `The admin API answers; Synapse ${version}`)
    const domain = userId.slice(userId.indexOf(':') + 1)
    if (domain !== homeserver.domain) {
      report.error('homeserver.domain', 'synapse.domain', {
        found: `It is ${homeserver.domain}, but the homeserver at synapse.server is ${domain}`,
        remedy: `Set synapse.domain to ${domain}, or synapse.server and synapse.admin_token to those of ${homeserver.domain}`,
      })
      report.notAsked(['homeserver.token'], 'it is the token of another homeserver')
      return null
    }
    report.ok('homeserver.domain', 'synapse.domain', `The homeserver is ${domain}`)
    if (!admin) {
      report.error('homeserver.token', 'synapse.admin_token', {
        found: `It belongs to ${userId}, who is not a server administrator`,
        remedy: OTHER_TOKEN,
      })
      return null
    }
    report.ok('homeserver.token', 'synapse.admin_token', `It belongs to ${userId}, a server administrator`)
    return userId
  } catch (error) {
    const isToken = error instanceof HomeserverError && error.kind === 'token'
    const { found, remedy } = problemIn(error)
    const [check, key, other] = isToken
      ? ['homeserver.token', 'synapse.admin_token', OTHER_TOKEN]
      : ['homeserver.admin_api', 'synapse.server', CHECK_ADDRESS]
    report.error(check, key, { found, remedy: remedy ?? other })
    const rest = isToken ? ['homeserver.admin_api'] : ['homeserver.token']
    report.notAsked(
      [...rest, 'homeserver.domain'],
      isToken ? 'the access token is not right' : 'the admin API did not answer',
    )
    return null
  }
}

async function checkPasswordPolicy(world: World): Promise<void> {
  const { report, homeserver } = world
  const check = 'homeserver.password_policy'
  await look(
    world,
    check,
    null,
    async () => {
      const { minimumLength, ...rules } = await homeserver.passwordPolicy()
      const asked = [
        ...(minimumLength === undefined ? [] : [`at least ${minimumLength} characters`]),
        ...Object.keys(rules).map((rule) => RULES[rule] ?? rule),
      ]
      report.ok(
        check,
        null,
        asked.length === 0
          ? 'The homeserver has no rules for passwords of its own'
          : `The homeserver wants ${asked.join(', ')} in a password, and applicants are told so`,
      )
    },
    CHECK_ADDRESS,
  )
}

const RULES: Record<string, string> = {
  requireDigit: 'a digit',
  requireSymbol: 'a symbol',
  requireLowercase: 'a lower-case letter',
  requireUppercase: 'an upper-case letter',
}

async function checkConsent(world: World): Promise<void> {
  const { report, homeserver, config } = world
  const check = 'homeserver.consent'
  const { consent } = config
  if (consent === null) {
    report.ok(check, 'consent_version', 'No consent is recorded in Synapse')
    return
  }
  await look(
    world,
    check,
    'consent_version',
    async () => {
      const problem = await homeserver.consentProblem(consent.version)
      if (problem === null)
        report.ok(check, 'consent_version', `Consent to version ${consent.version} can be recorded`)
      else {
        const key = problem.code === 'secret' ? 'form_secret' : 'consent_version'
        report.error(check, key, problemIn(new Error(problem.why)))
      }
    },
    CHECK_ADDRESS,
  )
}

/** Only accounts that wait show it: nothing tells Synapse's own setting. */
async function checkSynapsesOwnRooms(world: World): Promise<void> {
  const { report, homeserver, config } = world
  const check = 'homeserver.auto_join_rooms'
  if (config.registration.password === 'after_approval') {
    report.ok(check, 'registration.password', 'No account is there before its approval')
    return
  }
  await look(
    world,
    check,
    null,
    async () => {
      const { names } = await homeserver.lockedAccounts(null)
      const asked = names.slice(0, ACCOUNTS_ASKED)
      if (asked.length === 0) {
        report.notAsked([check], 'only an account that waits for a decision would show it')
        return
      }
      const rooms = (await Promise.all(asked.map((name) => homeserver.joinedRooms(name)))).flat()
      if (rooms.length === 0) report.ok(check, null, 'Accounts that wait for a decision are in no room')
      else
        report.warning(check, 'registration.password', {
          found:
            'Accounts that wait for a decision are in rooms already: Synapse has auto_join_rooms, or somebody locked accounts in use',
          remedy:
            'Set registration.password to after_approval, or move the rooms from auto_join_rooms in homeserver.yaml to auto_join in config.yaml',
        })
    },
    CHECK_ADDRESS,
  )
}

/** Each room that the configuration names: whether it is there, and this program can do there what it is for. */
async function checkRooms(world: World, userId: string): Promise<void> {
  const { report, config } = world
  const { adminRoom, welcome } = config.matrixNotifications
  if (config.autoJoin.length === 0)
    report.ok('rooms.auto_join', 'auto_join', 'New people join no room by themselves')
  for (const room of config.autoJoin)
    await checkRoom(world, { check: 'rooms.auto_join', key: 'auto_join', room, userId, to: 'invite' })
  if (adminRoom === null)
    report.ok('rooms.admin_room', 'matrix_notifications.admin_room.room_id', 'No room is told of requests')
  else
    await checkRoom(world, {
      check: 'rooms.admin_room',
      key: 'matrix_notifications.admin_room.room_id',
      room: adminRoom.room,
      userId,
      to: 'write',
      isPrivate: true,
    })
  if (welcome === null)
    report.ok('rooms.welcome', 'matrix_notifications.welcome.enabled', 'New people get no welcome message')
  else if (welcome.room === null)
    report.ok('rooms.welcome', 'matrix_notifications.welcome.room_id', 'Each welcome has its own direct chat')
  else
    await checkRoom(world, {
      check: 'rooms.welcome',
      key: 'matrix_notifications.welcome.room_id',
      room: welcome.room,
      userId,
      to: 'write',
    })
}

async function checkRoom(
  world: World,
  {
    check,
    key,
    room,
    userId,
    to,
    isPrivate = false,
  }: {
    check: string
    key: string
    room: string
    userId: string
    to: 'invite' | 'write'
    /** Whether what is said there is not for everybody. */
    isPrivate?: boolean
  },
): Promise<void> {
  const { report, inspection } = world
  await look(
    world,
    check,
    key,
    async () => {
      const seen = await inspection.room(room, userId)
      const isIn = seen.joined || (to === 'write' ? seen.mayJoin : seen.public)
      if (!isIn) {
        report.error(check, key, {
          found: `${userId} is not in ${room}`,
          remedy: 'Invite that account into the room and accept the invitation with it',
        })
        return
      }
      const may = to === 'invite' ? seen.mayInvite || seen.public : seen.mayWrite || !seen.joined
      if (!may)
        report.error(check, key, {
          found: `${userId} is in ${room}, but may not ${to === 'invite' ? 'invite anybody' : 'write'} there`,
          remedy: 'Give that account a higher power level in the room',
        })
      else if (to === 'write' && seen.encrypted)
        report.warning(check, key, {
          found: `${room} is encrypted, and what this program writes there is not`,
          remedy: 'Use a room without encryption, or mind that the homeserver can read these messages',
        })
      else if (isPrivate && seen.public)
        report.warning(check, key, {
          found: `Anybody can join ${room}, where moderators are told who requests an account`,
          remedy: 'Make the room private (by invitation)',
        })
      else
        report.ok(check, key, `${room} is there, and ${userId} may ${to === 'invite' ? 'invite' : 'write'}`)
    },
    'Check the room ID or alias, with quotes around it',
  )
}
