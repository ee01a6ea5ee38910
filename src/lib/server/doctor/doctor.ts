import { userInfo } from 'node:os'
import type { EmailAddress } from '$lib/registration/email'
import { fingerprintOf } from '../config/fingerprint'
import type { Loaded } from '../config/load'
import { homeserverOptions } from '../config/homeserver-options'
import { withFile } from '../database/copy'
import { isUpToDate } from '../database/examine'
import { createBotReader } from '../database/room-bot'
import { filePath, isLocal, settingOf } from '../database/location'
import { connectHomeserver } from '../homeserver/connect'
import { checkFiles } from './file-checks'
import { CHECK_MS, createReport, problemIn, type Finding } from './finding'
import { checkHomeserver } from './homeserver-checks'
import { checkMail, sendTestMail } from './mail-checks'
import { checkSite, siteNotAsked } from './site-checks'
import { checkWork, workNotAsked } from './work-checks'

/** Shorter than one check may take, so that its own sentence comes first. */
const CALL_MS = CHECK_MS - 500

/**
 * Checks the whole set-up, from the configuration to what the service has to do, and changes nothing. Answers every
 * finding, in the order in which `onFinding` got them.
 */
export async function examineSetUp({
  loaded,
  program,
  testMailTo = null,
  isStarting = false,
  running = null,
  clock = Date.now,
  onFinding,
}: {
  loaded: Loaded
  program: string
  /** Where a test email goes; null: none is sent. */
  testMailTo?: EmailAddress | null
  /** The service is about to answer: what needs its answers is left out. */
  isStarting?: boolean
  /** The fingerprint of the settings of the service that this is; null: the service is asked for it. */
  running?: string | null
  clock?: () => number
  onFinding?: (finding: Finding) => void
}): Promise<Finding[]> {
  const report = createReport(onFinding)
  report.ok('program.version', null, `${program} on Node ${process.version}`)
  report.ok('program.user', null, `It runs as ${userName()} in ${process.cwd()}`)
  for (const line of loaded.placeholders)
    report.error('config.placeholders', null, problemIn(new Error(line)))
  if (!loaded.ok) {
    for (const problem of loaded.problems) {
      const { found, remedy } = problemIn(new Error(problem))
      report.error('config.settings', null, { found, remedy: remedy ?? `Correct it in ${loaded.from}` })
    }
    report.notAsked(
      ['files', 'homeserver', 'rooms', 'mail', 'site', 'work'],
      'the configuration is not right',
    )
    return report.findings
  }
  const { config, warnings } = loaded
  for (const warning of warnings) {
    const { found, remedy } = problemIn(new Error(warning))
    report.warning('config.settings', null, { found, remedy: remedy ?? 'Change it, unless you want it so' })
  }
  if (warnings.length === 0) report.ok('config.settings', null, `Every setting is valid (${loaded.from})`)
  const { contents, secretKey } = await checkFiles({ config, report })
  const complete = secretKey.value === null ? null : { ...config, secretKey: secretKey.value }
  if (running !== null && complete !== null && fingerprintOf(complete) !== running)
    report.warning('config.running', null, {
      found: 'Settings were changed since the start of the service, which still has the old ones',
      remedy: 'Restart the service',
    })
  const isKept = isLocal(config.database.url) && contents !== null && isUpToDate(contents)
  const botStore = createBotReader(
    isKept && complete !== null ? { url: config.database.url, secretKey: complete.secretKey } : null,
  )
  const connection = { ...homeserverOptions(config, botStore), timeout: CALL_MS, mayCreate: false, clock }
  await checkHomeserver({
    config,
    ...connectHomeserver(connection),
    clock,
    report,
  })
  await checkMail({ config, report })
  if (testMailTo !== null) await sendTestMail({ config, report, to: testMailTo })
  if (isStarting) return report.findings
  if (complete === null) siteNotAsked(report, secretKey.missing)
  else {
    const settings = running === null ? fingerprintOf(complete) : null
    await checkSite({ config: complete, settings, report, clock })
  }
  const { url } = config.database
  if (!isLocal(url))
    report.ok('work.jobs', 'database.url', 'The database is on a libSQL server, which doctor does not ask')
  else if (contents === null) workNotAsked(report, 'the database cannot be used')
  else if (!isUpToDate(contents)) {
    const version = contents.kind === 'ours' ? ' with this version' : ''
    workNotAsked(report, `the service has not been started${version} yet`)
  } else
    await report.look(
      { check: 'work.jobs', key: 'database.path', remedy: 'Run doctor again' },
      async (told) =>
        withFile({ path: filePath(url), subject: settingOf(url) }, (client) =>
          checkWork({ client, clock, report: told }),
        ),
    )
  return report.findings
}

/** In a container, a user need not have a name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.geteuid?.() ?? 'unknown'}`
  }
}
