import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { configFile, configOf, loadText, problemsOf, warningsOf } from '../../../../tests/support/config-file'
import { configSchema } from './cross-rules'
import { variableOf, VARIABLE_PREFIX } from './environment'
import { isGroup } from './group'
import { loadConfig } from './load'
import { readYaml } from './read-yaml'
import { SECRETS } from './secrets'
import { listedEntriesOf, settingPaths, settingsOf, takes, type Setting } from './setting-paths'

const SETTINGS = settingsOf(configSchema)
const PEM = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'
const FILES = {
  '/run/secrets/admin_token': 'syt_file',
  '/run/secrets/email_password': 'file',
  '/run/secrets/form_secret': 'file',
  '/run/secrets/mas_client_secret': 'file',
  '/run/secrets/auth_token': 'file',
  '/run/secrets/bot_token': 'file',
  '/run/secrets/secret_key': 'a key of more than thirty-two characters',
  '/etc/ca.pem': PEM,
}

/** What config.dist.yaml shows for a setting, whether it is on or off. */
function example({ path }: Setting): unknown {
  const dist = readFileSync('config.dist.yaml', 'utf8').replaceAll(/^( *)#(?=\S| {2,}\S)/gm, '$1')
  const read = readYaml(dist)
  let value: unknown = read.ok ? read.value : null
  for (const name of path) value = isGroup(value) ? value[name] : undefined
  return value
}

/** Values for settings of which config.dist.yaml shows the default, or none that fits the rest. */
const MORE: Readonly<Record<string, unknown>> = {
  'synapse.verify_cert': '/etc/ca.pem',
  'email.verify_cert': '/etc/ca.pem',
  'site.accent': '#123456',
  'site.url': 'https://other.example.org',
  'site.apps': [{ title: 'A, "B"', url: 'https://a.org', platform: 'phone' }],
  'database.path': 'other.db',
  'mas.account': 'desk',
  'metrics.host': '10.0.0.7',
  'matrix_notifications.admin_room.decide': 'reactions',
  'registration.invitations': 'optional',
  'registration.disposable_emails': 'hold',
  trust_proxy: ['10.0.0.0/8', 'loopback'],
}

/** Values that the file takes: each choice, both booleans, the example, another number, and lists of none to many. */
function samples(setting: Setting): unknown[] {
  const { schema } = setting
  const inner = v.is(v.object({ wrapped: v.object({ options: v.array(v.string()) }) }), schema)
    ? schema.wrapped.options
    : []
  const shown = example(setting)
  const number = typeof shown === 'string' && /^[0-9]+$/.test(shown) ? [String(Number(shown) + 7)] : []
  const list = [MORE[setting.path.join('.')] ?? shown].flat()
  const lists = takes(schema).list ? [list.slice(0, 1), [...list, ...list], []] : []
  const all = [true, false, ...inner, shown, MORE[setting.path.join('.')], ...number, ...lists]
  return all.filter((value) => value !== undefined && v.is(schema, value))
}

const CASES = SETTINGS.flatMap((setting) =>
  samples(setting).map((value): [string, unknown, Setting] => [setting.path.join('.'), value, setting]),
)

/** What else must be set or not, for a setting to be right. */
const BESIDE: Readonly<Record<string, Record<string, unknown>>> = {
  'synapse.admin_token': { synapse: { admin_token: null } },
  'synapse.admin_token_file': { synapse: { admin_token: null } },
  'mas.server': { mas: { client_id: 'A', client_secret: 'x' } },
  'mas.client_id': { mas: { server: 'https://a.org', client_secret: 'x' } },
  'mas.client_secret': { mas: { server: 'https://a.org', client_id: 'A' } },
  'mas.client_secret_file': { mas: { server: 'https://a.org', client_id: 'A' } },
  'mas.account': { mas: { server: 'https://a.org', client_id: 'A', client_secret: 'x' } },
  'email.password_file': { email: { password: null } },
  'email.tls': { email: { ssl: null } },
  form_secret_file: { consent_version: '1', legal: [{ title: 'A', url: 'https://a.org' }] },
  form_secret: { consent_version: '1', legal: [{ title: 'A', url: 'https://a.org' }] },
  consent_version: { form_secret: 'x', legal: [{ title: 'A', url: 'https://a.org' }] },
  'database.auth_token': { database: { url: 'libsql://db.example.org' } },
  'database.auth_token_file': { database: { url: 'libsql://db.example.org' } },
  hosts: { site: { url: 'https://register.your.server' } },
  'site.url': { hosts: ['*', 'register.example.org'] },
  'matrix_notifications.admin_room.room_id': { matrix_notifications: { enabled: true } },
  'matrix_notifications.admin_room.message_template': {
    matrix_notifications: { enabled: true, admin_room: { room_id: '!a:example.org' } },
  },
  'matrix_notifications.admin_room.decide': {
    matrix_notifications: { enabled: true, bot: 'room-bot', admin_room: { room_id: '!a:example.org' } },
  },
  'matrix_notifications.admin_room.details': {
    matrix_notifications: { enabled: true, admin_room: { room_id: '!a:example.org' } },
  },
  'matrix_notifications.welcome.enabled': { matrix_notifications: { enabled: true } },
  'matrix_notifications.welcome.message_template': {
    matrix_notifications: { enabled: true, welcome: { enabled: true } },
  },
  'matrix_notifications.welcome.room_id': {
    matrix_notifications: { enabled: true, welcome: { enabled: true } },
  },
  'matrix_notifications.bot': { matrix_notifications: { enabled: true } },
  'matrix_notifications.bot_token': { matrix_notifications: { enabled: true } },
  'matrix_notifications.bot_token_file': { matrix_notifications: { enabled: true } },
  'matrix_notifications.enabled': { matrix_notifications: { admin_room: { room_id: '!a:example.org' } } },
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** `{ email: { port: value } }` for the path of email.port. */
const nested = (path: readonly string[], value: unknown): Record<string, unknown> =>
  path.reduceRight<Record<string, unknown>>(
    (inner, name, index) => ({ [name]: index === path.length - 1 ? value : inner }),
    {},
  )

function merged(one: Record<string, unknown>, other: Record<string, unknown>): Record<string, unknown> {
  const result = { ...one }
  for (const [name, value] of Object.entries(other)) {
    const before = result[name]
    result[name] = isGroup(before) && isGroup(value) ? merged(before, value) : value
  }
  return result
}

describe('the environment', () => {
  test('has a variable of its own for every setting, and for no group', () => {
    const variables = SETTINGS.map(({ path }) => variableOf(path))
    expect(new Set(variables).size).toBe(variables.length)
    expect(variables).toContain('SYNAPSE_REGISTRATION_EMAIL_PORT')
    // Entries in lists have none: the rest is groups, and what is below a list.
    const lists = SETTINGS.filter(({ schema }) => listedEntriesOf(schema) !== null).map(({ path }) =>
      path.join('.'),
    )
    const all = settingPaths(configSchema).filter(
      (path) => !lists.some((list) => path.startsWith(`${list}.`)),
    )
    const groups = all.filter((path) => all.some((other) => other.startsWith(`${path}.`)))
    expect(SETTINGS.map(({ path }) => path.join('.'))).toEqual(all.filter((path) => !groups.includes(path)))
  })

  test('is tried for every setting', () => {
    expect(new Set(CASES.map(([key]) => key))).toEqual(new Set(SETTINGS.map(({ path }) => path.join('.'))))
  })

  test.each(CASES)('sets %s to %j as the file does', (key, value, { path }) => {
    const beside = BESIDE[key] ?? {}
    const inFile = configOf(configFile(merged(beside, nested(path, value))), { files: FILES })
    const env = { [variableOf(path)]: asText(value) }
    expect(configOf(configFile(beside), { env, files: FILES })).toEqual(inFile)
  })

  test.each(SETTINGS.map((setting) => [setting.path.join('.'), setting] as const))(
    'has an effect on %s, and wins over the file',
    (key, setting) => {
      const beside = BESIDE[key] ?? {}
      const configs = [null, ...samples(setting)].map((inFile) => {
        const text = configFile(merged(beside, inFile === null ? {} : nested(setting.path, inFile)))
        return samples(setting).map((value) =>
          loadText(text, { env: { [variableOf(setting.path)]: asText(value) }, files: FILES }),
        )
      })
      for (const one of configs) expect(one).toEqual(configs[0])
      const untouched = loadText(configFile(beside), { files: FILES })
      expect(
        configs[0]?.some((one) => JSON.stringify(one) !== JSON.stringify({ ...untouched, from: one.from })),
      ).toBe(true)
    },
  )

  test.each(SETTINGS.map(({ path }) => variableOf(path)))('counts an empty %s as not set', (variable) => {
    for (const empty of ['', '  '])
      expect(loadText(configFile(), { env: { [variable]: empty } })).toEqual(loadText(configFile()))
  })

  test('can set everything without a file', () => {
    const env = {
      SYNAPSE_REGISTRATION_SYNAPSE_ADMIN_TOKEN: 'syt_token',
      SYNAPSE_REGISTRATION_SYNAPSE_SERVER: 'https://matrix.example.org',
      SYNAPSE_REGISTRATION_SYNAPSE_DOMAIN: 'example.org',
      SYNAPSE_REGISTRATION_HOSTS: 'register.example.org',
      SYNAPSE_REGISTRATION_EMAIL_HOST: 'mail.example.org',
      SYNAPSE_REGISTRATION_EMAIL_PORT: '465',
      SYNAPSE_REGISTRATION_EMAIL_SSL: 'true',
      SYNAPSE_REGISTRATION_EMAIL_USERNAME: 'desk@example.org',
      SYNAPSE_REGISTRATION_EMAIL_PASSWORD: 'hunter2',
      SYNAPSE_REGISTRATION_ADMIN_EMAIL: 'admin@example.org',
    }
    expect(loadConfig({ env, readFile: missing })).toEqual({
      ...loadText(configFile()),
      from: 'the environment',
    })
    const loaded = loadConfig({ env: { ...env, CONFIG: 'config.yaml' }, readFile: missing })
    expect(loaded.ok || loaded.problems).toEqual([
      expect.stringMatching(/^config\.yaml: cannot be read, no such file/),
    ])
  })
})

const missing = () => {
  throw Object.assign(new Error('not found'), { code: 'ENOENT' })
}

describe('a list in the environment', () => {
  const hosts = (text: string) =>
    configOf(configFile({ site: { url: 'https://a.org' } }), { env: { SYNAPSE_REGISTRATION_HOSTS: text } })
      .hosts
  test.each([
    ['a.org', ['a.org']],
    ['a.org, b.org,,c.org ', ['a.org', 'b.org', 'c.org']],
    ['["a.org", "b.org"]', ['a.org', 'b.org']],
    ['[a.org, b.org]', ['a.org', 'b.org']],
    ['- a.org\n- b.org\n', ['a.org', 'b.org']],
  ])('can be %j', (text, list) => expect(hosts(text)).toEqual(list))

  test.each([
    ['SYNAPSE_REGISTRATION_ADMIN_EMAIL', '"Doe, Jo" <jo@a.org>', { admin: { email: ['jo@a.org'] } }],
    [
      'SYNAPSE_REGISTRATION_ADMIN_EMAIL',
      'jo@a.org; al@a.org',
      { admin: { email: ['jo@a.org', 'al@a.org'] } },
    ],
    [
      'SYNAPSE_REGISTRATION_ADMIN_EMAIL',
      'Jo <jo@a.org>, al@a.org',
      { admin: { email: ['jo@a.org', 'al@a.org'] } },
    ],
    [
      'SYNAPSE_REGISTRATION_REGISTRATION_BLOCKED_USERNAMES',
      'a{1,3},b{2,}',
      { registration: { blockedUsernames: ['a{1,3}', 'b{2,}'] } },
    ],
    ['SYNAPSE_REGISTRATION_TRUST_PROXY', '10.0.0.0/8', { trustProxy: ['10.0.0.0/8'] }],
    ['SYNAPSE_REGISTRATION_TRUST_PROXY', 'yes', { trustProxy: true }],
    ['SYNAPSE_REGISTRATION_EMAIL_HOST', '[::1]', { email: { host: '::1' } }],
    ['SYNAPSE_REGISTRATION_EMAIL_SUBJECT_PREFIX', '""', { email: { subjectPrefix: '' } }],
    ['SYNAPSE_REGISTRATION_EMAIL_PASSWORD', 'true', { email: { password: 'true' } }],
    ['SYNAPSE_REGISTRATION_EMAIL_PASSWORD', ' a b ', { email: { password: ' a b ' } }],
    ['SYNAPSE_REGISTRATION_SITE_NAME', ' [Example]: yes ', { site: { name: '[Example]: yes' } }],
  ])('or a text: %s=%j', (variable, text, config) => {
    expect(configOf(configFile(), { env: { [variable]: text } })).toMatchObject(config)
  })
})

describe('a problem in the environment', () => {
  test.each([
    [{ EMAIL_PORT: 'smtp' }, ['EMAIL_PORT in the environment must be a number from 1 to 65535 (is "smtp")']],
    [{ DEBUG: '1' }, ['DEBUG in the environment must be true or false, without quotes (is 1)']],
    [
      { AUTO_JOIN: '!a:b.org, nonsense' },
      [
        'entry 2 of AUTO_JOIN in the environment must be a room ID like "!abc:example.org" or an alias like "#room:example.org", in quotes (is "nonsense")',
      ],
    ],
    [
      { LEGAL: '[{title: A}]' },
      [
        'entry 1 of LEGAL in the environment: url is missing: it must be the address of the document, like https://example.org/terms',
      ],
    ],
    [
      { LEGAL: 'terms' },
      ['LEGAL in the environment must be a list of documents, each with title and url (is "terms")'],
    ],
    [
      { HOSTS: '["a.org"' },
      [
        'HOSTS in the environment cannot be read, line 1, column 9: a quote or bracket before this point is not closed',
      ],
    ],
    [
      { EMAIL_SSL: 'false', EMAIL_TLS: 'implicit' },
      [
        'EMAIL_SSL in the environment is false, but email.tls is implicit (TLS from the start): remove email.ssl',
      ],
    ],
  ])('names the variable: %j', (given, lines) => {
    const named = (name: string) => name.replace(/([A-Z_]{5,} in the environment)/, `${VARIABLE_PREFIX}$1`)
    const env = Object.fromEntries(
      Object.entries(given).map(([name, text]) => [VARIABLE_PREFIX + name, text]),
    )
    expect(problemsOf(configFile(), { env })).toEqual(lines.map(named))
  })

  test('is told at once with those of the file', () => {
    expect(
      problemsOf(configFile({ email: { host: null } }), { env: { SYNAPSE_REGISTRATION_EMAIL_PORT: 'x' } }),
    ).toEqual([
      expect.stringMatching(/^config\.yaml: email\.host is missing/),
      expect.stringMatching(/^SYNAPSE_REGISTRATION_EMAIL_PORT in the environment must be/),
    ])
  })

  test('takes the place of one of the file', () => {
    const text = configFile({ email: { port: 'x' }, legal: [{ titel: 'A' }] })
    const env = { SYNAPSE_REGISTRATION_EMAIL_PORT: '465', SYNAPSE_REGISTRATION_LEGAL: '[]' }
    expect(problemsOf(text, { env })).toEqual([])
  })

  test('names variables for all that is missing where there is no file', () => {
    const loaded = loadConfig({ env: { SYNAPSE_REGISTRATION_EMAIL_PORT: '465' }, readFile: missing })
    const [first, ...more] = loaded.ok ? [] : loaded.problems
    expect(first).toBe('There is no config.yaml, so all settings come from the environment')
    expect(more.length).toBeGreaterThan(5)
    for (const line of more)
      expect(line).toMatch(/^SYNAPSE_REGISTRATION_[A-Z_]+ in the environment is missing: it must be /)
  })

  test.each(SECRETS.map(variableOf))('never shows the value of %s', (variable) => {
    const loaded = loadText(configFile({ email: { port: 0 } }), { env: { [variable]: 'tell\nnobody' } })
    expect(loaded.ok).toBe(false)
    expect(JSON.stringify(loaded)).not.toContain('nobody')
  })
})

test('a warning about a setting in the environment names the variable', () => {
  const loaded = loadText(configFile(), { env: { SYNAPSE_REGISTRATION_SYNAPSE_VERIFY_CERT: 'false' } })
  expect(loaded).toMatchObject({
    warnings: [
      expect.stringMatching(/^SYNAPSE_REGISTRATION_SYNAPSE_VERIFY_CERT in the environment is false: /),
    ],
  })
})

describe('a variable that is no setting', () => {
  test.each([
    ['EMIAL_PORT', 'did you mean SYNAPSE_REGISTRATION_EMAIL_PORT?'],
    ['email_port', 'did you mean SYNAPSE_REGISTRATION_EMAIL_PORT?'],
    ['ADMIN_TOKEN', 'did you mean SYNAPSE_REGISTRATION_SYNAPSE_ADMIN_TOKEN?'],
    ['EMAIL_PORT_FILE', 'did you mean SYNAPSE_REGISTRATION_EMAIL_PORT?'],
    ['SOMETHING_ELSE_ALTOGETHER', 'docs/settings.md lists all variables'],
  ])('%s is warned of, without its value', (name, hint) => {
    const env = { [VARIABLE_PREFIX + name]: 'hunter2' }
    const line = `${VARIABLE_PREFIX}${name} in the environment is not a setting and is ignored; ${hint}`
    expect(loadText(configFile(), { env })).toMatchObject({ ok: true, warnings: [line] })
    expect(problemsOf(configFile({ hosts: null }), { env })[0]).toBe(line)
  })

  test('of a list of groups is warned of, too', () => {
    const env = { SYNAPSE_REGISTRATION_LEGAL: '[{title: A, url: "https://a.org", titel: B}]' }
    expect(loadText(configFile(), { env })).toMatchObject({
      warnings: [
        'entry 1 of SYNAPSE_REGISTRATION_LEGAL in the environment: titel is not a setting and is ignored; did you mean title?',
      ],
    })
  })

  test.each([
    ['SYNAPSE_REGISTRATION_SERVICE_HOST', '10.0.0.1'],
    ['SYNAPSE_REGISTRATION_SERVICE_PORT_HTTP', '3000'],
    ['SYNAPSE_REGISTRATION_PORT', 'tcp://10.0.0.1:3000'],
    ['SYNAPSE_REGISTRATION_PORT_3000_TCP_ADDR', '10.0.0.1'],
    ['SYNAPSE_REGISTRATION_EMIAL_PORT', ''],
    ['SYNAPSE_SERVER_NAME', 'example.org'],
  ])('is nothing to warn of if it is %s=%j', (name, value) => {
    expect(loadText(configFile(), { env: { [name]: value } })).toMatchObject({ warnings: [] })
  })
})

test('nothing is said of an environment without settings', () => {
  expect(warningsOf(configFile())).toEqual([])
})
