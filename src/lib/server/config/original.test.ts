import { describe, expect, test } from 'vitest'
import { configFile, configOf, loadText, problemsOf, warningsOf } from '../../../../tests/support/config-file'
import { loadConfig } from './load'
import { configSchema } from './cross-rules'
import { entriesOf } from './setting-paths'

// What config.yaml files of the Django program hold that ran there: each has to run here.

const LEGAL = [{ title: 'Terms', url: 'https://example.org/terms' }]

/** All settings that may be missing, each with this value. */
function allOptional(value: unknown): Record<string, unknown> {
  const { hosts, synapse, email, admin, ...optional } = entriesOf(configSchema) ?? {}
  expect([hosts, synapse, email, admin].every((entry) => entry !== undefined)).toBe(true)
  const filled = (entries: ReturnType<typeof entriesOf>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(entries ?? {}).map(([name, schema]) => {
        const group = entriesOf(schema)
        return [name, group === null ? value : filled(group)]
      }),
    )
  const more = { admin_token_file: value, verify_cert: value }
  return { ...filled(optional), synapse: more, email: { tls: value, from: value, password_file: value } }
}

test.each(['', '  ', null])('%j is none in every setting that may be missing', (empty) => {
  const settings = allOptional(empty)
  expect(Object.keys(settings).length).toBeGreaterThan(15)
  expect(loadText(configFile(settings))).toEqual(loadText(configFile()))
})

test('an empty list is none in every setting that is one', () => {
  const lists = { auto_join: [], legal: [], registration: { reserved_usernames: [], blocked_emails: [] } }
  expect(loadText(configFile(lists))).toEqual(loadText(configFile()))
})

test.each(['site', 'legal', 'retention', 'matrix_notifications', 'database', 'log', 'rate_limit'])(
  'a whole group can be empty: %s',
  (group) => {
    expect(loadText(`${configFile()}\n${group}: ""\n`)).toEqual(loadText(configFile()))
    expect(loadText(`${configFile()}\n${group}: []\n`)).toEqual(loadText(configFile()))
  },
)

test('lists do without the entries that say nothing', () => {
  const config = configOf(
    configFile({
      hosts: ['', 'register.example.org', null],
      auto_join: ['', '!a:example.org'],
      legal: [null, { title: '', url: '' }, ...LEGAL],
      admin: { email: ['admin@example.org', ''] },
    }),
  )
  expect(config).toMatchObject({
    hosts: ['register.example.org'],
    autoJoin: ['!a:example.org'],
    legal: LEGAL,
    admin: { email: ['admin@example.org'] },
  })
})

describe('a mail server that asks for no password', () => {
  const from = 'Example <desk@example.org>'
  test.each<[string, Record<string, unknown>, string[]]>([
    ['both empty', { username: '', password: '' }, []],
    ['both missing', { username: null, password: null }, []],
    ['the name empty', { username: '', password: null }, []],
    [
      'a name for the sender alone',
      { username: 'desk@example.org', password: '' },
      [
        'config.yaml: email.password is empty: the mail server is used without signing in, and email.username is only the sender',
      ],
    ],
    [
      'a password for nobody',
      { username: '', password: 'secret' },
      [
        'config.yaml: email.username is empty: the mail server is used without signing in, and email.password has no effect',
      ],
    ],
  ])('%s', (_, email, warnings) => {
    const text = configFile({ email: { ...email, from } })
    expect(configOf(text).email).toMatchObject({ username: null, password: null, from })
    expect(warningsOf(text)).toEqual(warnings)
  })

  test('the name that signs nobody in is still the sender', () => {
    expect(configOf(configFile({ email: { password: '' } })).email.from).toBe('desk@example.org')
  })

  test('a sender is wanted where the name is empty', () => {
    expect(problemsOf(configFile({ email: { username: '', password: '' } }))).toEqual([
      "config.yaml: email.from is missing: it must be the sender's email address, because email.username is not one",
    ])
  })

  test('empty text leaves room for the password from elsewhere', () => {
    const env = { SYNAPSE_REGISTRATION_EMAIL_PASSWORD: 'from the environment' }
    expect(configOf(configFile({ email: { password: '' } }), { env }).email.password).toBe(
      'from the environment',
    )
  })
})

test('no prefix stays no prefix', () => {
  expect(configOf(configFile({ email: { subject_prefix: '' } })).email.subjectPrefix).toBe('')
})

describe('consent', () => {
  test.each<[string, Record<string, unknown>, RegExp[]]>([
    ['without documents', { consent_version: '1.0', form_secret: 'x' }, [/until legal lists the documents/]],
    [
      'without documents, by its older name',
      { policy_version: '1.0', form_secret: 'x' },
      [/is now called/, /until legal lists the documents/],
    ],
    ['without the secret', { consent_version: '1.0', legal: LEGAL }, [/without Synapse's form_secret/]],
    [
      'with an empty secret',
      { consent_version: '1.0', form_secret: '', legal: LEGAL },
      [/without Synapse's form_secret/],
    ],
    [
      'without both',
      { consent_version: '1.0' },
      [/until legal lists the documents/, /without Synapse's form_secret/],
    ],
    ['without a version', { consent_version: '', form_secret: '', legal: LEGAL }, []],
  ])('%s is not recorded, and that is said', (_, settings, warnings) => {
    expect(configOf(configFile(settings)).consent).toBeNull()
    expect(warningsOf(configFile(settings))).toEqual(
      warnings.map((pattern) => expect.stringMatching(pattern) as unknown),
    )
  })

  test('is recorded with all three', () => {
    const settings = { policy_version: '1.0', form_secret: 'x', legal: LEGAL }
    expect(configOf(configFile(settings)).consent).toEqual({ version: '1.0', formSecret: 'x' })
  })
})

describe('where moderators get their mails', () => {
  test.each<[unknown, string[]]>([
    ['Admin <admin@example.org>', ['admin@example.org']],
    ['"Admin, the one" <admin@example.org>', ['admin@example.org']],
    ['<admin@example.org>', ['admin@example.org']],
    [
      ['Ada <ada@example.org>', 'bob@example.org'],
      ['ada@example.org', 'bob@example.org'],
    ],
    ['ada@example.org, Bob <bob@example.org>', ['ada@example.org', 'bob@example.org']],
  ])('%j', (email, addresses) => {
    expect(configOf(configFile({ admin: { email } })).admin.email).toEqual(addresses)
  })

  test.each(['Admin', 'Admin <admin>', 'Admin <a@b.org> <c@d.org>', 'admin @example.org'])(
    '%s is no address',
    (email) => {
      expect(problemsOf(configFile({ admin: { email } }))).toEqual([
        expect.stringMatching(/admin\.email entry 1 must be an email address/),
      ])
    },
  )
})

describe('a key that is none of ours', () => {
  test.each<[Record<string, unknown>, string]>([
    [
      { email: { usrname: 'a' } },
      'email.usrname is not a setting and is ignored; did you mean email.username?',
    ],
    [{ emial: { host: 'a' } }, 'emial is not a setting and is ignored; did you mean email?'],
    [{ zebra: 1 }, 'zebra is not a setting and is ignored; config.dist.yaml lists all settings'],
    [{ constructor: 1 }, 'constructor is not a setting and is ignored; config.dist.yaml lists all settings'],
    [
      { legal: [{ ...LEGAL[0], link: 1 }] },
      'legal entry 1: link is not a setting and is ignored; config.dist.yaml lists all settings',
    ],
    [
      { admin_token: 'syt_secret' },
      'admin_token is not a setting and is ignored; did you mean synapse.admin_token?',
    ],
  ])('%j is warned of', (settings, warning) => {
    expect(warningsOf(configFile(settings))).toEqual([`config.yaml: ${warning}`])
  })

  test('is told, too, where it may be why another is missing', () => {
    expect(
      problemsOf(configFile({ synapse: { server: null, sever: 'https://matrix.example.org' } })),
    ).toEqual([
      'config.yaml: synapse.sever is not a setting and is ignored; did you mean synapse.server?',
      'config.yaml: synapse.server is missing: it must be the address of your Synapse, like https://matrix.example.org',
    ])
  })
})

describe('the certificates of Synapse', () => {
  const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`
  const text = configFile({ synapse: { verify_cert: '/etc/ca' } })

  test('can lie in a folder, beside other things, under two names', () => {
    const files = {
      '/etc/ca/own.pem': pem('own'),
      '/etc/ca/5ed36f99.0': pem('own'),
      '/etc/ca/other.crt': pem('other'),
      '/etc/ca/README': 'nothing',
    }
    expect(configOf(text, { files }).synapse).toEqual(
      expect.objectContaining({ verifyCert: true, ca: `${pem('own')}\n${pem('other')}` }),
    )
  })

  test('a folder without any is told', () => {
    expect(problemsOf(text, { files: { '/etc/ca/README': 'nothing' } })).toEqual([
      'config.yaml: synapse.verify_cert names a folder without certificates: it must hold them as PEM (is "/etc/ca")',
    ])
  })
})

test('the file can be named by CONFIG_PATH, and CONFIG wins', () => {
  const named = (env: Record<string, string>) => {
    const read: string[] = []
    loadConfig({ env, readFile: (path) => (read.push(path), configFile()) })
    return read
  }
  expect(named({ CONFIG_PATH: '/etc/desk.yaml' })).toEqual(['/etc/desk.yaml'])
  expect(named({ CONFIG_PATH: '/etc/desk.yaml', CONFIG: 'mine.yaml' })).toEqual(['mine.yaml'])
  expect(named({ CONFIG_PATH: '', CONFIG: '' })).toEqual(['config.yaml'])
})
