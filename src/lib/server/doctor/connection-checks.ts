import { isIP } from 'node:net'
import { connect, type PeerCertificate } from 'node:tls'
import { DAY } from '$lib/registration/time'
import { parseUsername } from '$lib/registration/username'
import { HomeserverError, type Account } from '../homeserver/homeserver'
import { identityProblem } from '../homeserver/set-up'
import { bounded, CHECK_MS, problemIn, type Tell } from './finding'
import { CHECK_ADDRESS, type HomeserverWorld } from './homeserver-world'

const FEWEST_DAYS = 14
/** Codes and links go by the time, and logs of both machines are compared by it. */
const LARGEST_DIFFERENCE_MS = 60_000
const WRONG_TOKEN = 'the access token is not right'
/** What the access token is had from. */
const TOKEN_KEYS = ['mas.account', 'synapse.admin_token']

/** Whether something answers at synapse.server; with its clock and its certificate. */
export async function checkConnection(world: HomeserverWorld): Promise<boolean> {
  const { report, inspection, clock, config } = world
  const subject = { check: 'homeserver.address', key: 'synapse.server' }
  const reached = await report.look({ ...subject, remedy: CHECK_ADDRESS }, async (told) => {
    const asked = clock()
    const time = await inspection.time()
    told.ok(subject.check, subject.key, `${new URL(config.synapse.server).origin} answers`)
    checkClock(told, time, asked, clock())
  })
  if (reached) await checkCertificate(world)
  return reached
}

/** Its time is rounded down to a second, and was told between the question and the answer. */
function checkClock(report: Tell, time: number | null, asked: number, answered: number): void {
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

async function checkCertificate({ report, config: { synapse }, clock }: HomeserverWorld): Promise<void> {
  const check = 'homeserver.certificate'
  const url = new URL(synapse.server)
  if (url.protocol !== 'https:')
    return report.ok(check, 'synapse.server', 'The connection is not encrypted, so it has no certificate')
  if (!synapse.verifyCert)
    return report.warning(check, 'synapse.verify_cert', {
      found: 'Any certificate is accepted',
      remedy: 'Set synapse.verify_cert to true, or to the file of your own CA',
    })
  const remedy = 'Check the certificate; with a CA of your own, set synapse.verify_cert to its file'
  await report.look({ check, key: 'synapse.verify_cert', remedy }, async (told) => {
    const { valid_to: end } = await certificateOf(url, synapse.ca)
    const days = Math.floor((Date.parse(end) - clock()) / DAY)
    if (days >= FEWEST_DAYS)
      told.ok(check, 'synapse.server', `Its certificate is valid for ${days} more days`)
    else
      told.warning(check, 'synapse.server', {
        found: `Its certificate ends in ${days} ${days === 1 ? 'day' : 'days'}`,
        remedy: 'Renew it, and find out why that does not happen by itself',
      })
  })
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

/** Whether the homeserver's accounts are managed where this program manages them. */
export async function checkDelegation({ report, homeserver }: HomeserverWorld): Promise<boolean> {
  const subject = { check: 'homeserver.delegation', key: 'synapse.server' }
  return report.look(
    { ...subject, remedy: 'Set mas.server, mas.client_id and mas.client_secret, or none of them' },
    async (told) => told.ok(subject.check, null, await homeserver.accountsManagedBy()),
  )
}

/** The account of the access token, or why it is not known to be right. */
export async function checkToken({
  report,
  homeserver,
  config,
}: HomeserverWorld): Promise<{ userId: string } | { why: string }> {
  const key = config.synapse.adminToken === null ? 'mas.account' : 'synapse.admin_token'
  let identity: Awaited<ReturnType<typeof homeserver.identity>>
  try {
    identity = await bounded(homeserver.identity())
  } catch (error) {
    const { found, remedy } = problemIn(error)
    if (error instanceof HomeserverError && error.kind === 'missing' && key === 'mas.account') {
      const why = 'the account of mas.account is created when the service starts'
      report.notAsked(['homeserver.admin_api', 'homeserver.domain', 'homeserver.token'], why)
      return { why }
    }
    const about = error instanceof HomeserverError ? error.key : undefined
    const isAboutToken = about !== undefined && TOKEN_KEYS.includes(about)
    if (isAboutToken || (error instanceof HomeserverError && error.kind === 'token')) {
      report.error('homeserver.token', about ?? key, { found, remedy })
      report.notAsked(['homeserver.admin_api', 'homeserver.domain'], WRONG_TOKEN)
      return { why: WRONG_TOKEN }
    }
    const why = 'the admin API has to be right first'
    report.error('homeserver.admin_api', about ?? 'synapse.server', {
      found,
      remedy: remedy ?? CHECK_ADDRESS,
    })
    report.notAsked(['homeserver.domain', 'homeserver.token'], why)
    return { why }
  }
  report.ok('homeserver.admin_api', 'synapse.server', `The admin API answers; Synapse ${identity.version}`)
  const problem = identityProblem(identity, homeserver.domain)
  if (problem?.kind === 'set_up') {
    report.error('homeserver.domain', 'synapse.domain', problemIn(problem))
    const why = 'it is the token of another homeserver'
    report.notAsked(['homeserver.token'], why)
    return { why }
  }
  report.ok('homeserver.domain', 'synapse.domain', `The homeserver is ${homeserver.domain}`)
  if (problem !== null) {
    report.error('homeserver.token', key, problemIn(problem))
    return { why: WRONG_TOKEN }
  }
  const { userId } = identity
  const belongs = `It belongs to ${userId}, a server administrator`
  await report.look({ check: 'homeserver.token', key, remedy: CHECK_ADDRESS }, async (told) => {
    const own = key === 'mas.account' ? parseUsername(userId, homeserver.domain) : null
    const entrances = own?.ok === true ? entrancesOf(await homeserver.account(own.value)) : []
    if (entrances.length === 0) told.ok('homeserver.token', key, belongs)
    else
      told.warning('homeserver.token', key, {
        found: `${belongs}, and somebody can sign in as it, or did: it has ${entrances.join(', ')}`,
        remedy: 'Set mas.account to a username that nobody has; that account is then made without any of it',
      })
  })
  return { userId }
}

/** By what people get into an account that only this program should use, as far as MAS tells. */
function entrancesOf(account: Account | null): string[] {
  if (account === null) return []
  return [
    ...(account.contacts > 0 ? ['email addresses'] : []),
    ...(account.externalIds > 0 ? ['identities at other services'] : []),
    ...(account.lastSeenAt !== null || account.devices > 0
      ? ['sessions that this program did not make']
      : []),
  ]
}
