import { expect, test } from 'vitest'
import { configSchema } from '../config/cross-rules'
import { settingPaths } from '../config/setting-paths'
import { suggestSetting } from './suggest'

test.each([
  ['emial', 'email'],
  ['email.usr', null],
  ['email.user_name', 'email.username'],
  ['email.pasword', 'email.password'],
  ['Hosts', 'hosts'],
  ['trust-proxy', 'trust_proxy'],
  ['retention.complete', 'retention.completed'],
  ['accent', 'site.accent'],
  ['matrix_notification.enabled', 'matrix_notifications.enabled'],
  ['database_path', 'database.path'],
  ['allowed_things', null],
])('%s means %s', (unknown, meant) => {
  expect(suggestSetting(unknown, settingPaths(configSchema))).toBe(meant)
})
