import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { describe, expect, test } from 'vitest'
import { aDoctorWorld, notAsked, whyNotAsked, withoutRemedy, wrong } from '../../support/doctor-world'

describe('of the files', () => {
  test.each([
    ['of another program', 'create table other (id integer)', 'is the database of another program'],
    ['of the Django program', 'create table django_migrations (id integer)', 'Django'],
  ])('a database %s is told', async (_, statement, words) => {
    const { examine, folder } = await aDoctorWorld()
    const client = createClient({ url: `file:${join(folder, 'registration.db')}` })
    await client.execute(statement)
    client.close()
    const findings = await examine()
    expect(wrong(findings)).toEqual([{ check: 'files.database', level: 'error', key: 'database.path' }])
    expect(JSON.stringify(findings)).toContain(words)
  })

  test('a database that is damaged is told', async () => {
    const { examine, folder } = await aDoctorWorld()
    writeFileSync(join(folder, 'registration.db'), 'no database at all, '.repeat(200))
    const findings = await examine()
    expect(wrong(findings)).toEqual([{ check: 'files.database', level: 'error', key: 'database.path' }])
    expect(withoutRemedy(findings)).toEqual([])
  })

  test('a secret key that others can read is told', async () => {
    const { examine, folder } = await aDoctorWorld()
    const path = join(folder, 'secret_key')
    writeFileSync(path, `${'k'.repeat(43)}\n`)
    chmodSync(path, 0o644)
    const findings = await examine()
    expect(wrong(findings).filter(({ check }) => !check.startsWith('site.'))).toEqual([
      { check: 'files.secret_key', level: 'warning', key: 'secret_key' },
    ])
  })

  test.each<[string, (path: string) => void, RegExp]>([
    ['is no key', (path) => writeFileSync(path, 'too short\n'), /does not contain a secret key/],
    ['cannot be read', (path) => mkdirSync(path), /cannot be read: it is a folder/],
  ])('a secret key that %s is told, and is why the site is not asked', async (_, make, words) => {
    const { examine, folder } = await aDoctorWorld()
    make(join(folder, 'secret_key'))
    const findings = await examine()
    expect(wrong(findings)).toEqual([{ check: 'files.secret_key', level: 'error', key: 'secret_key' }])
    expect(withoutRemedy(findings)).toEqual([])
    expect(findings.find(({ check }) => check === 'files.secret_key')?.found).toMatch(words)
    expect(whyNotAsked(findings, 'site.address')).toBe('the secret key is not right')
  })

  test('a folder that cannot be entered is told, of what is in it nothing, and everything else is asked', async () => {
    const { examine, folder } = await aDoctorWorld()
    // Nobody may enter a file, root included.
    const path = join(folder, 'file')
    writeFileSync(path, '')
    const findings = await examine({ database: { path: join(path, 'registration.db') } })
    expect(wrong(findings)).toEqual([{ check: 'files.folder', level: 'error', key: 'database.path' }])
    expect(notAsked(findings).slice(0, 2)).toEqual(['files.database', 'files.secret_key'])
    expect(findings.find(({ check }) => check === 'mail.connection')).toMatchObject({ level: 'ok' })
    expect(whyNotAsked(findings, 'site.address')).toBe('the secret key cannot be read')
    expect(whyNotAsked(findings, 'work.jobs')).toBe('the database cannot be used')
    const secret_key = 'k'.repeat(50)
    const withKey = await examine({ secret_key, database: { path: join(path, 'registration.db') } })
    expect(withKey.find(({ check }) => check === 'files.secret_key')).toMatchObject({ level: 'ok' })
  })

  test('a database that cannot be used is why its work is not asked, not that nothing was started', async () => {
    const { examine, folder } = await aDoctorWorld()
    expect(whyNotAsked(await examine(), 'work.jobs')).toBe('the service has not been started yet')
    writeFileSync(join(folder, 'registration.db'), 'no database at all, '.repeat(200))
    expect(whyNotAsked(await examine(), 'work.jobs')).toBe('the database cannot be used')
  })
})
