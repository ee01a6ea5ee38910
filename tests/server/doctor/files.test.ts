import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { describe, expect, test } from 'vitest'
import { aDoctorWorld, withoutRemedy, wrong } from '../../support/doctor-world'

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
})
