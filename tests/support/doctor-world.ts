import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, expect } from 'vitest'
import { startStandIn, type StandIn, type StandInOptions } from '../../src/stand-in/homeserver'
import { startMasWorld, type MasOptions } from '../../src/stand-in/mas'
import { fingerprintOf } from '$lib/server/config/fingerprint'
import type { RunConfig } from '$lib/server/config/run-config'
import { examineSetUp } from '$lib/server/doctor/doctor'
import type { Finding } from '$lib/server/doctor/finding'
import type { EmailAddress } from '$lib/registration/email'
import { makeCertificate } from './certificate'
import { configFile, configOf, loadText } from './config-file'

export const DOMAIN = 'example.test'
export const SECRETS = {
  token: 'the-access-token-itself',
  mailPassword: 'the-mail-password-itself',
  formSecret: 'the-form-secret-itself',
  clientSecret: 'the-client-secret-itself',
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A mail server, which takes everything from whoever signs in right. */
export async function aMailServer(options: SMTPServerOptions = {}): Promise<number> {
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ password }, _, done) =>
      password === SECRETS.mailPassword ? done(null, { user: 'desk' }) : done(new Error('Invalid login')),
    onData: () => {
      throw new Error('doctor sends no email')
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return address.port
}

export type Tree = Parameters<typeof configFile>[0]

interface Besides {
  clock?: () => number
  testMailTo?: EmailAddress
  /** The files that the settings name. */
  files?: Record<string, string>
  /** The changes that the running service was started with. They name a secret key. */
  running?: Tree
}

interface World {
  folder: string
  standIn: StandIn
  /** What the settings are, with these changes. */
  examine(changes?: Tree, besides?: Besides): Promise<Finding[]>
  /** Puts TLS in front of the homeserver, with a certificate for so many days; answers its URL and the certificate. */
  withTls(days: number): Promise<{ server: string; certificate: string }>
}

/** A homeserver, a mail server and a folder, all as they should be unless `options` say otherwise. */
export async function aDoctorWorld(
  options: Partial<StandInOptions> = {},
  mailOptions: SMTPServerOptions = {},
): Promise<World> {
  const standIn = await startStandIn({
    domain: DOMAIN,
    token: SECRETS.token,
    formSecret: SECRETS.formSecret,
    consentVersion: '1.0',
    ...options,
  })
  cleanUps.push(standIn.close)
  return worldOn(standIn, mailOptions)
}

const CLIENT_ID = '01J44RKQYM4G3TNVANTMTDYTX6'

/** The same with a homeserver that leaves its accounts to a MAS; answers also the settings for it. */
export async function aDoctorWorldWithMas(options: Partial<MasOptions> = {}) {
  const { mas, homeserver, close } = await startMasWorld({
    domain: DOMAIN,
    clientId: CLIENT_ID,
    clientSecret: SECRETS.clientSecret,
    ...options,
  })
  cleanUps.push(close)
  return {
    ...(await worldOn(homeserver, {})),
    mas,
    synapse: { server: homeserver.url, domain: DOMAIN, admin_token: null },
    client: { server: mas.url, client_id: CLIENT_ID, client_secret: SECRETS.clientSecret },
  }
}

async function worldOn(standIn: StandIn, mailOptions: SMTPServerOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const mailPort = await aMailServer(mailOptions)
  return {
    folder,
    standIn,
    async examine(changes = {}, { files = {}, running, ...besides } = {}) {
      const textOf = (settings: Tree) =>
        configFile({
          synapse: { server: standIn.url, domain: DOMAIN, admin_token: SECRETS.token },
          hosts: ['register.example.test'],
          email: {
            host: '127.0.0.1',
            port: mailPort,
            username: 'desk@example.test',
            password: SECRETS.mailPassword,
            tls: 'never',
            ssl: null,
          },
          admin: { email: 'moderators@example.test' },
          database: { path: join(folder, 'registration.db') },
          ...settings,
        })
      const loaded = loadText(textOf(changes), { files })
      const told: Finding[] = []
      const findings = await examineSetUp({
        loaded,
        program: 'synapse-registration 1.2.3',
        onFinding: (finding) => told.push(finding),
        running: running === undefined ? null : fingerprintOf(runConfigOf(textOf(running))),
        ...besides,
      })
      expect(told).toEqual(findings)
      for (const secret of Object.values(SECRETS)) expect(JSON.stringify(findings)).not.toContain(secret)
      return findings
    },
    async withTls(days) {
      const { key, chain, text } = makeCertificate(folder, '127.0.0.1', days)
      const credentials = { key: readFileSync(key), cert: readFileSync(chain) }
      const front = createServer(credentials, (incoming, outgoing) => {
        const { method, url = '', headers } = incoming
        const sent = request(standIn.url + url, { method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(outgoing)
        })
        incoming.pipe(sent)
      })
      front.listen(0, '127.0.0.1')
      await once(front, 'listening')
      cleanUps.push(() => {
        front.closeAllConnections()
        front.close()
      })
      const address = front.address()
      if (address === null || typeof address === 'string') throw new Error('No port')
      return { server: `https://127.0.0.1:${address.port}`, certificate: text }
    },
  }
}

function runConfigOf(text: string): RunConfig {
  const config = configOf(text)
  if (config.secretKey === null) throw new Error('There is no secret key')
  return { ...config, secretKey: config.secretKey }
}

/** What is not as it should be, in its order. */
export const wrong = (findings: Finding[]) =>
  findings
    .filter(({ level }) => level === 'error' || level === 'warning')
    .map(({ check, level, key }) => ({ check, level, key }))

export const notAsked = (findings: Finding[]) =>
  findings.filter(({ level }) => level === 'not_asked').map(({ check }) => check)

export const whyNotAsked = (findings: Finding[], check: string) =>
  findings.find((finding) => finding.check === check && finding.level === 'not_asked')?.found

/** What is told to be wrong, but not what to do. */
export const withoutRemedy = (findings: Finding[]) =>
  findings.filter(({ level, remedy }) => (level === 'error' || level === 'warning') && remedy === null)
