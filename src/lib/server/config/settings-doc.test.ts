import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsPage } from '../../../../scripts/settings-doc.js'
import { configSchema } from './cross-rules'
import { settingsOf } from './setting-paths'
import { documentedSettings, settingsDoc } from './settings-doc'

test('docs/settings.md is what the schema and config.dist.yaml say', async () => {
  const isCurrent = readFileSync('docs/settings.md', 'utf8') === (await settingsPage(settingsDoc))
  expect(isCurrent, 'docs/settings.md is out of date: npm run docs renews it').toBe(true)
})

test('docs/settings.md has every setting once', () => {
  const documented = documentedSettings(readFileSync('config.dist.yaml', 'utf8'))
  const keys = (settings: typeof documented) => settings.map(({ path }) => path.join('.')).sort()
  expect(keys(documented)).toEqual(keys(settingsOf(configSchema)))
})
