import { describe, expect, test } from 'vitest'
import { DEFAULT_APPS } from '$lib/registration/matrix-apps'
import { configFile, configOf, problemsOf, warningsOf } from '../../../../tests/support/config-file'

const LIST = 'registration.blocked_emails'

/** What is changed in a right config.yaml, and the one line that this must give. */
const wrong: [Record<string, unknown>, string][] = [
  [{ email: { port: 'smtp' } }, 'email.port must be a number from 1 to 65535 (is "smtp")'],
  [{ email: { port: 0 } }, 'email.port must be a number from 1 to 65535 (is 0)'],
  [{ email: { port: 65536 } }, 'email.port must be a number from 1 to 65535 (is 65536)'],
  [{ email: { port: 25.5 } }, 'email.port must be a number from 1 to 65535 (is 25.5)'],
  [{ email: { port: null } }, 'email.port is missing: it must be a number from 1 to 65535'],
  [{ email: { port: [25] } }, 'email.port must be a number from 1 to 65535 (is a list)'],
  [
    { email: { host: 'smtp://a' } },
    'email.host must be the host name of your mail server, like mail.example.org, or its address (is "smtp://a")',
  ],
  [{ email: { ssl: 'true' } }, 'email.ssl must be true or false, without quotes (is "true")'],
  [
    { email: { tls: 1 } },
    'email.tls must be required or if_offered or never or implicit, or true or false without quotes (is 1)',
  ],
  [
    { email: { tls: 'true' } },
    'email.tls must be required or if_offered or never or implicit, or true or false without quotes (is "true")',
  ],
  [
    { email: { tls: 'if_offered' } },
    'email.ssl is true (TLS from the start), but email.tls is if_offered: keep one of the two',
  ],
  [
    { email: { tls: 'never' } },
    'email.ssl is true (TLS from the start), but email.tls is never: keep one of the two',
  ],
  [
    { email: { tls: 'implicit', ssl: false } },
    'email.ssl is false, but email.tls is implicit (TLS from the start): remove email.ssl',
  ],
  [
    { email: { verify_cert: 'ca.pem' } },
    'email.verify_cert names a file that cannot be read, no such file (is "ca.pem")',
  ],
  [
    { email: { tls: true } },
    'email.ssl and email.tls cannot both be true: ssl means TLS from the start (usually port 465), tls means STARTTLS (usually port 587)',
  ],
  [
    { email: { username: 'apikey' } },
    "email.from is missing: it must be the sender's email address, because email.username is not one",
  ],
  [
    { email: { password: null } },
    'email.password is missing: email.username is set; set both, or neither if the mail server requires no password',
  ],
  [
    { email: { username: null, from: 'a@b.org' } },
    'email.username is missing: email.password is set; set both, or neither if the mail server requires no password',
  ],
  [
    { email: { from: 'Example, Inc. <a@b.org>' } },
    'email.from must be an email address, or a name and an address like Example <registrations@example.org> (is "Example, Inc. <a@b.org>")',
  ],
  [
    { email: { subject_prefix: 'a\r\nBcc: x' } },
    'email.subject_prefix must be one line of text (is "a\\r\\nBcc: x")',
  ],
  [{ synapse: 'syt_secret' }, 'synapse must be a group of settings: put its settings below it, indented'],
  [
    { synapse: { admin_token: null } },
    'synapse.admin_token is missing: it must be the access token of a Synapse admin (or give admin_token_file)',
  ],
  [
    { synapse: { admin_token: 'syt_\nsecret' } },
    'synapse.admin_token must be the access token of a Synapse admin (or give admin_token_file), in quotes and on one line (its value is not shown here)',
  ],
  [
    { synapse: { server: 'matrix.example.org' } },
    'synapse.server must be the address of your Synapse, like https://matrix.example.org (is "matrix.example.org")',
  ],
  [
    { synapse: { server: 'https://admin:secret@matrix.example.org' } },
    'synapse.server must be the address of your Synapse, like https://matrix.example.org (is "https://…@matrix.example.org")',
  ],
  [
    { synapse: { domain: '@me:example.org' } },
    'synapse.domain must be the name of the homeserver, the part after the colon in a Matrix ID, like example.org (is "@me:example.org")',
  ],
  [
    { synapse: { verify_cert: 'false' } },
    'synapse.verify_cert must be true or false without quotes, or the path of a file with CA certificates (is "false")',
  ],
  [
    { synapse: { verify_cert: 'ca.pem' } },
    'synapse.verify_cert names a file that cannot be read, no such file (is "ca.pem")',
  ],
  [
    { hosts: ['https://register.example.org'] },
    'hosts entry 1 must be a host name without https:// and port, like register.example.org; or .example.org, or * (is "https://register.example.org")',
  ],
  [
    { hosts: null },
    "hosts is missing: it must be a list of this site's host names, like register.example.org",
  ],
  [
    { hosts: ['*'] },
    'site.url is missing: it must be the address of this site, because hosts contains no full host name to build links with',
  ],
  [
    { site: { url: 'https://desk.example.org' } },
    'hosts must contain the host of site.url ("desk.example.org" is missing): requests for it would be refused',
  ],
  [
    { site: { url: 'https://register.example.org/desk' } },
    'site.url must not have a path (is "https://register.example.org/desk"): the site must be at the root of its host',
  ],
  [
    { site: { accent: 'bluish' } },
    'site.accent must be a CSS color like "#00814a" or teal, in quotes (is "bluish")',
  ],
  [{ site: { language: 'tlh' } }, 'site.language must be en or de or fr or es or ar (is "tlh")'],
  [
    { admin: { email: ['admin'] } },
    'admin.email entry 1 must be an email address like admin@example.org (is "admin")',
  ],
  [
    { admin: { email: [] } },
    'admin.email must contain at least one email address, which is notified of new requests',
  ],
  [
    { trust_proxy: 'true' },
    'trust_proxy must be true or false without quotes, or a list of the addresses or networks of your proxies (is "true")',
  ],
  [
    { trust_proxy: ['loopback', '0.0.0.0/0'] },
    'trust_proxy entry 2 must be an address or a network like 10.0.0.0/8, or loopback, linklocal, uniquelocal (is "0.0.0.0/0")',
  ],
  [
    { trust_proxy: ['10.0.0.0/33'] },
    'trust_proxy entry 1 must be an address or a network like 10.0.0.0/8, or loopback, linklocal, uniquelocal (is "10.0.0.0/33")',
  ],
  [{ workers: 'many' }, 'workers must be auto, or a number of processes from 1 to 64 (is "many")'],
  [{ workers: 0 }, 'workers must be auto, or a number of processes from 1 to 64 (is 0)'],
  [
    { auto_join: ['!a:example.org', 'lobby'] },
    'auto_join entry 2 must be a room ID like "!abc:example.org" or an alias like "#room:example.org", in quotes (is "lobby")',
  ],
  ...(
    [
      [
        { url: 'http://a.org' },
        'url must be the https:// address of an app, like https://app.element.io (is "http://a.org")',
      ],
      [
        { url: 'javascript:alert(1)' },
        'url must be the https:// address of an app, like https://app.element.io (is "javascript:alert(1)")',
      ],
      [
        { url: 'https://{server}/' },
        'url must be the https:// address of an app, like https://app.element.io (is "https://{server}/")',
      ],
      [
        { url: 'https://a.org/{mxid}' },
        'url has an unknown placeholder {mxid}; available are {matrix_id}, {server}, {localpart}',
      ],
      [
        { url: 'https://a.org/{localpar}' },
        'url has an unknown placeholder {localpar}; did you mean {localpart}?',
      ],
      [{ platform: 'web' }, 'platform must be phone or browser or desktop (is "web")'],
      [{ platform: null }, 'platform is missing: it must be phone or browser or desktop'],
      [{ title: '' }, 'title is missing: it must be the name of the app'],
    ] as const
  ).map(([change, told]): [Record<string, unknown>, string] => [
    { site: { apps: [{ title: 'A', url: 'https://a.org', platform: 'phone', ...change }] } },
    `site.apps entry 1: ${told}`,
  ]),
  [
    { site: { apps: 'https://a.org' } },
    'site.apps must be a list of apps, each with title, url and platform (is "https://a.org")',
  ],
  [
    { site: { support: 'example.org' } },
    'site.support must be an email address like help@example.org, or a room like "#help:example.org", in quotes (is "example.org")',
  ],
  [
    { site: { other_servers: 'none' } },
    'site.other_servers must be the address of a list of servers, or false for none (is "none")',
  ],
  [
    { legal: [{ url: 'https://a.org' }] },
    'legal entry 1: title is missing: it must be the name of the document',
  ],
  [
    { legal: [{ title: 'A', url: 'javascript:alert(1)' }] },
    'legal entry 1: url must be the address of the document, like https://example.org/terms (is "javascript:alert(1)")',
  ],
  [{ retention: { started: 0 } }, 'retention.started must be a number from 1 to 3650 (is 0)'],
  [{ retention: { audit: 29 } }, 'retention.audit must be a number from 30 to 3650 (is 29)'],
  [{ retention: [{ started: 2 }, { started: 3 }] }, 'retention.started is given twice: keep one'],
  [
    { database: { path: 'a.db', url: 'libsql://db.example.org' } },
    'database.url and database.path cannot both be set: keep url for a libSQL server, or path for a file',
  ],
  [
    { database: { url: 'file:a.db?authToken=secret' } },
    'database.url must be the address of a libSQL server, like libsql://db.example.org; a file goes into database.path',
  ],
  [
    {
      policy_version: '1',
      consent_version: '1',
      form_secret: 'x',
      legal: [{ title: 'A', url: 'https://a.org' }],
    },
    'consent_version is given twice: keep one',
  ],
  [
    { matrix_notifications: { admin_room: { message_template: 'by {user_name}' } } },
    'matrix_notifications.admin_room.message_template has an unknown placeholder {user_name}; did you mean {username}?',
  ],
  [
    { matrix_notifications: { welcome: { message_template: '{reason}' } } },
    'matrix_notifications.welcome.message_template has an unknown placeholder {reason}; available are {username}, {matrix_domain}',
  ],
  [
    { registration: { password: 'later' } },
    'registration.password must be at_request or after_approval (is "later")',
  ],
  [
    { registration: { max_waiting: -1 } },
    'registration.max_waiting must be a number from 0 to 100000 (is -1)',
  ],
  [
    { registration: { max_per_day: 'many' } },
    'registration.max_per_day must be a number from 0 to 100000 (is "many")',
  ],
  [
    { registration: { username_characters: 'some' } },
    'registration.username_characters must be basic or all (is "some")',
  ],
  [
    { registration: { invitations: 'maybe' } },
    'registration.invitations must be off or optional or required (is "maybe")',
  ],
  [
    { registration: { blocked_emails: ['(?=a)'] } },
    `${LIST} entry 1 must be a regular expression in RE2 syntax, without lookahead or backreferences: invalid or unsupported Perl syntax: \`(?=\` (is "(?=a)")`,
  ],
  [
    { registration: { blocked_networks: ['10.0.0.1', '10.0.0.0/8/8'] } },
    'registration.blocked_networks entry 2 must be an address or a network like 203.0.113.0/24 (is "10.0.0.0/8/8")',
  ],
  [
    { registration: { proof_of_work: 'always' } },
    'registration.proof_of_work must be off or on or automatic (is "always")',
  ],
  [
    { log: { level: 'loud' } },
    'log.level must be trace or debug or info or warn or error or fatal or silent (is "loud")',
  ],
]

describe('a wrong setting is told in one line', () => {
  test.each(wrong)('%j', (changes, line) => {
    expect(problemsOf(configFile(changes))).toEqual([`config.yaml: ${line}`])
  })
})

test('all problems are told at once, rules between settings included', () => {
  const problems = problemsOf(
    configFile({
      email: { port: 'smtp', tls: true },
      site: { accent: 'x' },
      consent_version: 2,
      colour: 'red',
    }),
  )
  expect(problems.map((line) => line.split(' ')[1])).toEqual([
    'colour',
    'site.accent',
    'email.port',
    'email.ssl',
  ])
})

test('no problem shows a secret', () => {
  const shown = problemsOf(
    [
      'secret_key: [swordfish]',
      'form_secret: {a: swordfish}',
      'synapse: {admin_token: "sword\\tswordfish", server: "https://u:swordfish@a.org", domain: true}',
      'email: {password: "swordfish\\n"}',
      'database: {auth_token: "swordfish\\0", url: "http:swordfish"}',
      'admin_token: swordfish',
    ].join('\n'),
  )
  expect(shown.length).toBeGreaterThan(8)
  expect(shown.join('\n')).not.toContain('swordfish')
})

test('apps are those of the operator, with the default ones of other platforms; support and other servers are optional', () => {
  const none = configOf(configFile()).site
  expect([none.apps, none.support, none.otherServers]).toEqual([
    DEFAULT_APPS,
    null,
    'https://joinmatrix.org/servers/',
  ])
  const apps = [{ title: 'Ours', url: 'https://chat.example.org/?u={localpart}', platform: 'browser' }]
  const some = configOf(
    configFile({ site: { apps, support: 'Help <help@example.org>', other_servers: false } }),
  ).site
  expect(some.apps).toEqual([...apps, ...DEFAULT_APPS.filter(({ platform }) => platform !== 'browser')])
  expect([some.support, some.otherServers]).toEqual(['help@example.org', null])
  expect(configOf(configFile({ site: { support: '#help:example.org' } })).site.support).toBe(
    '#help:example.org',
  )
})

test('brakes have a limit unless it is 0', () => {
  expect(configOf(configFile()).registration).toMatchObject({ maxWaiting: 1000, maxPerDay: 1000 })
  const off = configOf(configFile({ registration: { max_waiting: 0, max_per_day: '0' } }))
  expect(off.registration).toMatchObject({ maxWaiting: null, maxPerDay: null })
})

test('numbers may be text, and versions stay as they are written', () => {
  const legal = [{ title: 'A', url: 'https://a.org' }]
  const config = configOf(
    `${configFile({ email: { port: '587' }, legal, form_secret: 'x' })}\nconsent_version: 1.0`,
  )
  expect(config.email.port).toBe(587)
  expect(config.consent?.version).toBe('1.0')
})

test('a password of digits keeps its zeros', () => {
  const config = configOf(configFile().replace('hunter2', '007'))
  expect(config.email.password).toBe('007')
})

test('yes and no are true and false, as in the YAML of the original', () => {
  const config = configOf(`${configFile()}\ndebug: yes\ntrust_proxy: off`)
  expect(config).toMatchObject({ debug: true, trustProxy: false })
})

test.each(['off', 'on', 'automatic', '"on"', '"off"'])('proof_of_work can be %s', (mode) => {
  const config = configOf(`${configFile()}\nregistration: {proof_of_work: ${mode}}`)
  expect(config.registration.proofOfWork).toBe(mode.replaceAll('"', ''))
})

test('the characters of names are the basic ones, or all that Synapse takes', () => {
  expect(configOf(configFile()).registration.usernameCharacters).toBe('basic')
  const all = configOf(configFile({ registration: { username_characters: 'all' } }))
  expect(all.registration.usernameCharacters).toBe('all')
})

test.each(['off', 'optional', 'required', '"off"'])('invitations can be %s', (mode) => {
  const config = configOf(`${configFile()}\nregistration: {invitations: ${mode}}`)
  expect(config.registration.invitations).toBe(mode.replaceAll('"', ''))
})

test.each(['off', 'hold', 'block', '"off"'])('disposable_emails can be %s', (mode) => {
  const config = configOf(`${configFile()}\nregistration: {disposable_emails: ${mode}}`)
  expect(config.registration.disposableEmails).toBe(mode.replaceAll('"', ''))
})

test('every group can be a list of one-key maps', () => {
  const config = configOf(
    [
      '- synapse: [{admin_token: syt_a}, {server: "https://m.org/"}, {domain: m.org}]',
      '- hosts: [r.m.org]',
      '- email: [{host: a.org}, {port: 25}, {from: a@m.org}]',
      '- admin: [{email: a@m.org}]',
      '- retention: [{started: 5}, {completed: 6}]',
      '- matrix_notifications: [{enabled: true}, {welcome: [{enabled: true}, {room_id: "!w:m.org"}]}]',
      '- retention: [{approved: 7}]',
    ].join('\n'),
  )
  expect(config.synapse.server).toBe('https://m.org')
  expect(config.retention).toEqual({ started: 5, completed: 6, approved: 7, fingerprints: 180, audit: 365 })
  expect(config.matrixNotifications.welcome?.room).toBe('!w:m.org')
})

test.each([
  ['moderation.claim_minutes', 'moderation.assignment_minutes', { moderation: { claim_minutes: 45 } }],
  ['retention.memory', 'retention.fingerprints', { retention: { memory: 7 } }],
  ['retention.history', 'retention.audit', { retention: [{ history: 99 }] }],
])('%s still works, and its new name %s is told', (former, present, settings) => {
  const file = configFile(settings)
  expect(warningsOf(file)).toContainEqual(expect.stringContaining(`${former} is now called ${present}`))
  const { moderation, retention } = configOf(file)
  expect([moderation.assignmentMinutes, retention.fingerprints, retention.audit]).toEqual(
    former === 'moderation.claim_minutes'
      ? [45, 180, 365]
      : former === 'retention.memory'
        ? [30, 7, 365]
        : [30, 180, 99],
  )
})

test('a former and a new name together are one setting given twice', () => {
  expect(problemsOf(configFile({ retention: { memory: 7, fingerprints: 8 } }))).toEqual([
    expect.stringContaining('retention.fingerprints is given twice: keep one'),
  ])
})

test.each([
  [String.raw`.*@müller\.example`, String.raw`xn--mller-kva\.example`],
  ['.*@sub.пример.рф$', String.raw`sub\.xn--e1afmkfd\.xn--p1ai`],
  ['.*@(späm|other)[.]example', 'xn--…'],
])('a pattern for email addresses with other letters than ASCII is warned of: %s', (pattern, domain) => {
  const file = configFile({ registration: { blocked_emails: ['spam.*', pattern] } })
  const warning = `${LIST} entry 2 has letters that no email address has here, as they are compared in ASCII; write the domain as ${domain} (is ${JSON.stringify(pattern)})`
  expect(warningsOf(file)).toEqual([expect.stringContaining(warning)])
})

test.each([
  ['blocked_usernames', '.*[A-Z].*'],
  ['blocked_usernames', '.*'],
  ['blocked_usernames', '[^@]+'],
  ['blocked_emails', '.+'],
  ['blocked_emails', '.*@[A-Z.]+'],
])('a pattern that blocks everybody is warned of: %s %s', (list, pattern) => {
  const file = configFile({ registration: { [list]: ['spam.*', pattern] } })
  expect(warningsOf(file)).toEqual([
    expect.stringContaining(`registration.${list} entry 2 matches every value that was tried`),
  ])
})

test.each([
  ['blocked_usernames', '[A-Z]'],
  ['blocked_usernames', '.*[0-9].*'],
  ['blocked_usernames', '.{5,}'],
  ['blocked_emails', String.raw`.*@.*\.example`],
])('a pattern that blocks some is not: %s %s', (list, pattern) => {
  expect(warningsOf(configFile({ registration: { [list]: [pattern] } }))).toEqual([])
})

describe('an internationalized domain of an email address', () => {
  test.each([
    ['desk@bücher.example', 'desk@xn--bcher-kva.example'],
    ['Bücherei <desk@bücher.example>', 'Bücherei <desk@xn--bcher-kva.example>'],
    ['"Bücher@Café" <desk@bücher.example>', '"Bücher@Café" <desk@xn--bcher-kva.example>'],
    ['desk@Example.org', 'desk@Example.org'],
  ])('is in ASCII from then on: %s', (typed, expected) => {
    expect(configOf(configFile({ email: { from: typed } })).email.from).toBe(expected)
    const address = /<(.*)>$/.exec(expected)?.[1] ?? expected
    if (!typed.startsWith('"'))
      expect(configOf(configFile({ admin: { email: [typed] } })).admin.email).toEqual([address])
  })

  test('is so as well where the username is the sender', () => {
    const { email } = configOf(configFile({ email: { from: null, username: 'desk@bücher.example' } }))
    expect(email).toMatchObject({ from: 'desk@xn--bcher-kva.example', username: 'desk@bücher.example' })
  })

  test('is refused if it is none', () => {
    expect(problemsOf(configFile({ email: { from: 'desk@ü%.example' } }))).toEqual([
      expect.stringContaining('email.from must be an email address'),
    ])
  })
})
