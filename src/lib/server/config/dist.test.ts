import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_APPS, OTHER_SERVERS } from '$lib/registration/matrix-apps'
import { RETENTION } from '$lib/registration/retention'
import { loadText } from '../../../../tests/support/config-file'
import { configSchema } from './cross-rules'
import { readYaml } from './read-yaml'
import { variableOf } from './environment'
import { SECRETS } from './secrets'
import { settingPaths } from './setting-paths'

const dist = readFileSync('config.dist.yaml', 'utf8')

/** The file with every setting switched on: a setting that is off has its # directly before it. */
const allOn = dist.replaceAll(/^( *)#(?=\S| {2,}\S)/gm, '$1')

test('config.dist.yaml loads as it is', () => {
  expect(loadText(dist)).toMatchObject({ ok: true, warnings: [] })
})

test('config.dist.yaml documents every setting, and nothing else', () => {
  const read = readYaml(allOn)
  expect(read).toMatchObject({ ok: true })
  const documented = read.ok ? pathsIn(read.value) : []
  expect([...documented].sort()).toEqual([...settingPaths(configSchema)].sort())
})

test('every setting of config.dist.yaml stands with a comment', () => {
  const blocks = dist.split(/\n\s*\n/).filter((block) => /^ *#?[a-z_]+: *\S/m.test(block))
  expect(blocks.length).toBeGreaterThan(20)
  expect(blocks.filter((block) => !/^ *# \S/m.test(block))).toEqual([])
})

test('config.dist.yaml names the variable of every secret', () => {
  for (const path of SECRETS) expect(dist).toContain(variableOf(path))
})

test.each(Object.entries(RETENTION))('it shows the real default of retention.%s', (key, { days }) => {
  const group = dist.slice(dist.indexOf('\nretention:'))
  expect(new RegExp(`^  #${key}: (.*)$`, 'm').exec(group)?.[1]).toBe(String(days))
  expect(loadText(dist)).toMatchObject({ ok: true, config: { retention: { [key]: days } } })
})

test('the defaults that config.dist.yaml shows are the real ones', () => {
  const shown = (key: string) => new RegExp(`^ *#${key}: (.*)$`, 'm').exec(dist)?.[1]
  const loaded = loadText(dist)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const { config } = loaded
  expect({
    email_submission: shown('email_submission'),
    email_submission_hours: shown('email_submission_hours'),
    remind_after_hours: shown('remind_after_hours'),
    password: shown('password'),
    max_waiting: shown('max_waiting'),
    max_per_day: shown('max_per_day'),
    proof_of_work: shown('proof_of_work'),
    invitations: shown('invitations'),
    username_characters: shown('username_characters'),
    disposable_emails: shown('disposable_emails'),
    accent: shown('accent'),
    language: shown('language'),
    path: shown('path'),
    level: shown('level'),
    subject_prefix: shown('subject_prefix'),
  }).toEqual({
    email_submission: String(config.rateLimit.emailSubmission),
    email_submission_hours: String(config.rateLimit.emailSubmissionHours),
    remind_after_hours: String(config.moderation.remindAfterHours),
    password: config.registration.password,
    max_waiting: String(config.registration.maxWaiting),
    max_per_day: String(config.registration.maxPerDay),
    proof_of_work: config.registration.proofOfWork,
    invitations: config.registration.invitations,
    username_characters: config.registration.usernameCharacters,
    disposable_emails: config.registration.disposableEmails,
    accent: `"${config.site.accent}"`,
    language: config.site.language,
    path: config.database.url.replace('file:', ''),
    level: config.log.level,
    subject_prefix: `"${config.email.subjectPrefix.trim()}"`,
  })
})

test('the apps and the list of servers that config.dist.yaml shows are the default ones', () => {
  const read = readYaml(allOn)
  expect(read).toMatchObject({ value: { site: { apps: DEFAULT_APPS, other_servers: OTHER_SERVERS } } })
})

function pathsIn(value: unknown, group = ''): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((item) => [...pathsIn(item, group)]))
  if (typeof value !== 'object' || value === null) return new Set()
  return new Set(
    Object.entries(value).flatMap(([key, inner]) => [`${group}${key}`, ...pathsIn(inner, `${group}${key}.`)]),
  )
}
