import { createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { compose } from '$lib/server/app'
import { generatePassword } from '$lib/server/auth/moderators'
import { VARIABLE_PREFIX } from '$lib/server/config/environment'
import { WRONG_USE } from '$lib/server/config/exit-code'
import { runConfigOrExit } from '$lib/server/config/run-config'
import { startStandIn } from '../stand-in/homeserver'
import { createLog } from '$lib/server/logging/log'
import { openDependencies } from '$lib/server/dependencies'
import { listen, openMailbox } from './mailbox'
import { askForAccounts, LinkCatcher } from './requests'

const DOMAIN = 'example.org'
const SITE_PORT = 3000
const MAILBOX_PORT = 8025

/** Everything on one machine: a stand-in homeserver, an inbox, a dozen requests, and the built site. */
const folder = mkdtempSync(join(tmpdir(), 'synapse-registration-demo-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
// Until the built server is running, which shuts down by itself, nothing else would clean up on a signal.
const leave = () => process.exit(1)
process.on('SIGINT', leave).on('SIGTERM', leave).on('SIGHUP', leave)

const homeserver = await startStandIn({ domain: DOMAIN, token: 'demo-token' })
const mailbox = await openMailbox(MAILBOX_PORT)
const port = await freePort(wantedPort())
const url = `http://127.0.0.1:${port}`

writeFileSync(
  join(folder, 'config.yaml'),
  stringify({
    synapse: { server: homeserver.url, domain: DOMAIN, admin_token: 'demo-token' },
    site: { name: 'Example Community', url },
    hosts: ['127.0.0.1', 'localhost'],
    email: { host: '127.0.0.1', port: mailbox.smtpPort, from: `Example Community <desk@${DOMAIN}>` },
    admin: { email: `moderators@${DOMAIN}` },
    legal: [{ title: 'House rules', url: `${mailbox.url}/rules` }],
    database: { path: join(folder, 'registration.db') },
    rate_limit: { email_submission: 1000 },
    moderation: { undo_seconds: 10 },
    matrix_notifications: {
      enabled: true,
      admin_room: { room_id: `#moderators:${DOMAIN}` },
      welcome: { enabled: true, message_template: 'Welcome, {username}!' },
    },
    log: { level: 'warn', checks_at_start: false },
  }),
)
process.env.CONFIG = join(folder, 'config.yaml')
// Settings in the environment are those of a real installation.
for (const name of Object.keys(process.env))
  if (name.startsWith(VARIABLE_PREFIX)) Reflect.deleteProperty(process.env, name)

const password = generatePassword()
await fill()

process.env.PORT = String(port)
process.env.HOST = '127.0.0.1'
process.env.ORIGIN = url
process.once('sveltekit:shutdown', () => {
  void Promise.all([homeserver.close(), mailbox.close()])
})
await import(/* @vite-ignore */ new URL('../index.js', import.meta.url).href)
process.off('SIGINT', leave).off('SIGTERM', leave).off('SIGHUP', leave)

process.stdout.write(`
The demo is running. Everything stays on this machine and is deleted when it stops.

    The site      ${url}
    The inbox     ${mailbox.url}   (every email that the site sends)
    The queue     ${url}/admin   username: demo   password: ${password}

  Stop it with Ctrl+C.

`)

/** Creates the requests with the modules that serve the site, on a clock that is set back. */
async function fill(): Promise<void> {
  const config = runConfigOrExit()
  const world = await openDependencies(config, createLog(config))
  await world.database.migrate()
  let ago = 0
  const mailer = new LinkCatcher(world.mailer)
  const decided = { ...config, moderation: { ...config.moderation, undoMs: 0 } }
  const services = compose(decided, { ...world, mailer, clock: () => Date.now() - ago })
  const made = await services.moderators.create({ username: 'demo', email: `demo@${DOMAIN}`, password })
  if (!made.ok) throw new Error(made.problem)
  await askForAccounts(
    {
      services,
      standIn: homeserver,
      mailer,
      setClock: (milliseconds) => (ago = milliseconds),
      moderator: made.moderator,
    },
    generatePassword(),
  )
  mailer.close()
  world.database.close()
}

function wantedPort(): number {
  const port = process.env.PORT || String(SITE_PORT)
  if (/^[0-9]{1,5}$/.test(port) && Number(port) <= 65535) return Number(port)
  process.stderr.write('PORT in the environment must be a number from 0 to 65535\n')
  process.exit(WRONG_USE)
}

async function freePort(wanted: number): Promise<number> {
  const probe = createServer()
  const found = await listen(probe, wanted)
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return found
}
