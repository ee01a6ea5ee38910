import { describe, expect, test } from 'vitest'
import { configFile, configOf, loadText, problemsOf, warningsOf } from '../../../../tests/support/config-file'
import { loadConfig } from './load'

const missing = () => {
  throw Object.assign(new Error('not found'), { code: 'ENOENT' })
}

describe('the file', () => {
  test('that is missing is told with what to copy and how to name another', () => {
    expect(loadConfig({ env: {}, readFile: missing })).toEqual({
      ok: false,
      from: 'config.yaml',
      placeholders: [],
      problems: [
        'config.yaml: cannot be read, no such file: copy config.dist.yaml to config.yaml and fill it in, or name another file in the environment variable CONFIG, or set everything in the environment (docs/settings.md)',
      ],
    })
  })

  test('is the one that CONFIG names', () => {
    const loaded = loadConfig({ env: { CONFIG: '/etc/desk.yaml' }, readFile: missing })
    expect(loaded.ok || loaded.problems[0]).toMatch(/^\/etc\/desk\.yaml: cannot be read/)
  })

  test('that is a folder is told', () => {
    const loaded = loadConfig({ env: {}, path: '.' })
    expect(loaded.ok || loaded.problems[0]).toMatch(/^\.: cannot be read, it is a folder/)
  })

  test('that is empty lacks what is required', () => {
    expect(problemsOf('').map((line) => line.split(' ')[1])).toEqual([
      'synapse.server',
      'synapse.domain',
      'email.host',
      'email.port',
      'admin.email',
      'hosts',
      'synapse.admin_token',
      'email.from',
    ])
  })

  test("of the original's form loads as it is", () => {
    const original = `
synapse:
  admin_token: syt_your_admin_token
  server: https://matrix.your.server
  domain: your.server
  verify_cert: true
hosts:
  - register.matrix.your.server
email:
  host: mail.your.server
  port: 587
  username: registrations@your.server
  password: your_password
  tls: true
admin:
  email: admin@your.server
trust_proxy: false
policy_version: "1.0"
form_secret: "your-form-secret"
auto_join:
  - "!your_room_id:your.server"
legal:
  - title: "Terms of Service"
    url: "https://matrix.your.server/_matrix/consent"
retention:
  - started: 3
  - completed: 31
logo_url: "https://matrix.your.server/logo.png"
mjml: {url: "https://mjml.your.server"}
matrix_notifications:
  enabled: true
  admin_room:
    room_id: "!adminRoomId:your.server"
    message_template: |
      New: @{username}:{matrix_domain} {email} {reason} {admin_url}
  welcome:
    enabled: true
    message_template: |
      Welcome @{username}:{matrix_domain}!
`
    const loaded = loadText(original)
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        retention: { started: 3, completed: 31, approved: 14 },
        consent: { version: '1.0', formSecret: 'your-form-secret' },
        site: { url: 'https://register.matrix.your.server', name: 'your.server' },
        email: { port: 587, from: 'registrations@your.server', tls: 'required' },
        admin: { email: ['admin@your.server'] },
        matrixNotifications: { welcome: { room: null, template: 'Welcome @{username}:{matrix_domain}!\n' } },
      },
      warnings: [
        'config.yaml: policy_version is now called consent_version',
        'config.yaml: mjml is no longer used: email is now rendered here, without another server',
      ],
    })
  })
})

describe('what is not set', () => {
  test('has a default', () => {
    expect(configOf(configFile())).toMatchObject({
      debug: false,
      secretKey: null,
      synapse: { verifyCert: true, ca: null },
      site: { name: 'example.org', url: 'https://register.example.org', language: 'en' },
      email: { from: 'desk@example.org', subjectPrefix: '[example.org] ' },
      trustProxy: false,
      workers: 1,
      autoJoin: [],
      legal: [],
      consent: null,
      retention: { started: 2, completed: 30, approved: 14, fingerprints: 180, audit: 365 },
      database: { url: 'file:data/registration.db', authToken: undefined, directory: 'data' },
      logoUrl: null,
      rateLimit: { emailSubmission: 3, emailSubmissionHours: 24 },
      matrixNotifications: { adminRoom: null, welcome: null },
      registration: { password: 'at_request', blockedUsernames: [], blockedEmails: [], blockedNetworks: [] },
      moderation: { remindAfterHours: 48 },
      log: { level: 'info' },
    })
  })

  test.each([
    [['localhost'], {}, 'http://localhost:3000'],
    [['127.0.0.1'], { PORT: '8080' }, 'http://127.0.0.1:8080'],
    [['[::1]'], { PORT: '80' }, 'http://[::1]'],
    [['*', '.example.org', 'Desk.Example.org'], {}, 'https://desk.example.org'],
  ])('site.url follows from hosts %j and port %j', (hosts, env, url) => {
    expect(configOf(configFile({ hosts }), { env }).site.url).toBe(url)
  })

  test('hosts follow from site.url', () => {
    const config = configOf(configFile({ hosts: null, site: { url: 'https://desk.example.org:8443/' } }))
    expect(config).toMatchObject({
      hosts: ['desk.example.org'],
      site: { url: 'https://desk.example.org:8443' },
    })
  })

  test('an empty value counts as none', () => {
    expect(configOf(`${configFile()}\nsite:\nlegal:\nretention:\n  started:\n`).retention.started).toBe(2)
  })

  test('debug fills the log', () => {
    expect(configOf(configFile({ debug: true })).log.level).toBe('debug')
    expect(configOf(configFile({ debug: true, log: { level: 'warn' } })).log.level).toBe('warn')
  })

  test('a welcome has words in the language of the site', () => {
    const matrix_notifications = { enabled: true, welcome: { enabled: true } }
    const config = configOf(configFile({ matrix_notifications, site: { language: 'de' } }))
    expect(config.matrixNotifications.welcome).toEqual({
      room: null,
      template: 'Willkommen, @{username}:{matrix_domain}!',
    })
  })
})

test('a wildcard and a domain with its subdomains cover the host of site.url', () => {
  for (const hosts of [['*'], ['.example.org']]) {
    expect(problemsOf(configFile({ hosts, site: { url: 'https://desk.example.org' } }))).toEqual([])
  }
})

test('names of our own and of the operator are reserved', () => {
  const { reservedUsernames } = configOf(
    configFile({ registration: { reserved_usernames: 'Boss' } }),
  ).registration
  expect(reservedUsernames).toEqual(expect.arrayContaining(['boss', 'admin', 'postmaster']))
})

test.each(['registration', 'desk'])('where MAS has it, nobody can request our own account, %s', (account) => {
  const mas = { server: 'https://mas.test', client_id: '01J44RKQYM4G3TNVANTMTDYTX6', client_secret: 'secret' }
  const { reservedUsernames } = configOf(configFile({ mas: { ...mas, account } })).registration
  expect(reservedUsernames).toContain(account)
})

test('a database file keeps its secret key in its folder, a remote database in data', () => {
  const database = (settings: Record<string, string>) => configOf(configFile({ database: settings })).database
  expect(database({ path: '/var/lib/desk/a b#1.db' })).toEqual({
    url: 'file:/var/lib/desk/a%20b%231.db',
    authToken: undefined,
    directory: '/var/lib/desk',
  })
  expect(database({ url: 'libsql://db.example.org', auth_token: 'ey' })).toEqual({
    url: 'libsql://db.example.org',
    authToken: 'ey',
    directory: 'data',
  })
})

test('verify_cert can name the certificates to trust', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'
  const text = configFile({ synapse: { verify_cert: 'ca.pem' } })
  expect(configOf(text, { files: { 'ca.pem': pem } }).synapse).toMatchObject({ verifyCert: true, ca: pem })
  expect(problemsOf(text, { files: { 'ca.pem': 'nothing' } })).toEqual([
    'config.yaml: synapse.verify_cert names a file without certificates: it must hold them as PEM (is "ca.pem")',
  ])
})

test('email.verify_cert can name the certificates to trust, too', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'
  const text = configFile({ email: { verify_cert: 'mail.pem' } })
  expect(configOf(text, { files: { 'mail.pem': pem } })).toMatchObject({
    email: { verifyCert: true, ca: pem },
    synapse: { ca: null },
  })
  expect(problemsOf(text, { files: { 'mail.pem': 'nothing' } })).toEqual([
    'config.yaml: email.verify_cert names a file without certificates: it must hold them as PEM (is "mail.pem")',
  ])
  expect(configOf(configFile({ email: { verify_cert: false } })).email.verifyCert).toBe(false)
})

test.each([
  ['', 'if_offered'],
  ['ssl: false', 'if_offered'],
  ['tls: false', 'never'],
  ['tls: false\n  ssl: false', 'never'],
  ['tls: off', 'never'],
  ['tls: no', 'never'],
  ['tls: never', 'never'],
  ['tls: true', 'required'],
  ['tls: yes\n  ssl: off', 'required'],
  ['tls: "required"', 'required'],
  ['tls: if_offered', 'if_offered'],
  ['ssl: true', 'implicit'],
  ['tls: false\n  ssl: true', 'implicit'],
  ['tls: implicit', 'implicit'],
  ['tls: implicit\n  ssl: true', 'implicit'],
  ['tls:\n  ssl: true', 'implicit'],
])('mail is encrypted by %j: %s', (lines, tls) => {
  const text = configFile({ email: { ssl: null } }).replace('  ssl: null\n', `  ${lines}\n`)
  expect(configOf(text).email.tls).toBe(tls)
})

test.each(['"[::1]"', '[::1]', '"::1"', '::1'])('the mail server can have the address %s', (host) => {
  const text = configFile().replace('host: mail.example.org', `host: ${host}`)
  expect(configOf(text).email.host).toBe('::1')
})

test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '"[::1]"', 'mail.localhost'])(
  'a sign-in that stays on this machine (%s) needs no encryption, and is not warned of',
  (host) => {
    const text = configFile({ email: { ssl: null, tls: false, port: 25 } })
    expect(warningsOf(text.replace('host: mail.example.org', `host: ${host}`))).toEqual([])
  },
)

test('a port in the environment that is none is told', () => {
  expect(problemsOf(configFile(), { env: { PORT: 'http' } })).toEqual([
    'PORT in the environment must be a number from 0 to 65535',
  ])
})

test('the configuration cannot be changed', () => {
  const config = configOf(configFile())
  expect(() => Object.assign(config.synapse, { domain: 'evil.org' })).toThrow(TypeError)
  expect(() => Object.assign(config.hosts, { 1: 'evil.org' })).toThrow(TypeError)
})

test('nothing is sent to Matrix while it is not enabled', () => {
  const matrix_notifications = {
    enabled: false,
    admin_room: { room_id: '!a:example.org' },
    welcome: { enabled: true },
  }
  expect(configOf(configFile({ matrix_notifications })).matrixNotifications).toEqual({
    adminRoom: null,
    welcome: null,
  })
})

test.each<[Record<string, unknown>, RegExp]>([
  [
    { matrix_notifications: { enabled: true } },
    /^config\.yaml: matrix_notifications\.enabled is true, but nothing is sent/,
  ],
  [{ matrix_notifications: { admin_room: { room_id: '!a:b' } } }, /matrix_notifications\.enabled is not set/],
  [{ synapse: { verify_cert: false } }, /synapse\.verify_cert is false/],
  [{ site: { url: 'http://register.example.org' } }, /site\.url starts with http/],
  [{ email: { ssl: false, tls: false, port: 25 } }, /email\.tls is false: the password is sent/],
  [{ email: { ssl: null, tls: 'never', port: 25 } }, /email\.tls is never: the password is sent/],
  [{ email: { ssl: null, port: 587 } }, /email\.tls is not set: if the mail server offers no STARTTLS/],
  [{ email: { ssl: null, tls: 'if_offered', port: 587 } }, /email\.tls is if_offered: if/],
  [{ email: { verify_cert: false } }, /email\.verify_cert is false/],
  [
    { email: { ssl: null, tls: 'never', port: 25, host: 'localhost', verify_cert: true } },
    /email\.verify_cert has no effect/,
  ],
  [{ email: { ssl: null, tls: true } }, /email\.port is 465/],
  [{ email: { port: 587 } }, /email\.port is 587/],
  [{ secret_key: 'short' }, /secret_key is short/],
  [
    { database: { url: 'libsql://db.example.org' } },
    /secret_key is not set.* data\/secret_key,.*; set it to the/,
  ],
  [{ form_secret: 'x' }, /form_secret has no effect/],
  [{ database: { auth_token: 'x' } }, /database\.auth_token has no effect/],
  [{ email: { mjml: { url: 'https://a.org' } } }, /email\.mjml is no longer used/],
])('%j is warned of', (changes, warning) => {
  expect(warningsOf(configFile(changes))).toEqual([expect.stringMatching(warning)])
})

test('a proof that browsers cannot make is warned of where it is always asked for', () => {
  const about = (url: string, proof_of_work: string) =>
    warningsOf(configFile({ site: { url }, hosts: [new URL(url).hostname], registration: { proof_of_work } }))
      .join()
      .includes('registration.proof_of_work')
  expect(about('http://register.example.org', 'on')).toBe(true)
  expect(about('http://register.example.org', 'automatic')).toBe(false)
  expect(about('http://localhost:3000', 'on')).toBe(false)
  expect(about('https://register.example.org', 'on')).toBe(false)
})

test('nothing is warned of without need', () => {
  expect(warningsOf(configFile())).toEqual([])
  const key = { secret_key: 'k'.repeat(43) }
  expect(warningsOf(configFile({ ...key, database: { url: 'libsql://db.example.org' } }))).toEqual([])
  expect(warningsOf(configFile({ database: { path: 'own/a.db' } }))).toEqual([])
})
