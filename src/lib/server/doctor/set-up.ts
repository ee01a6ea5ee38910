import { dirname, resolve } from 'node:path'
import type { Logger } from 'pino'
import * as v from 'valibot'
import type { EmailAddress } from '$lib/registration/email'
import { accept, type Result } from '$lib/registration/refusal'
import { createShared } from '../concurrency/coalesce'
import { fingerprintOf } from '../config/fingerprint'
import { loadConfig, type Loaded } from '../config/load'
import type { RunConfig } from '../config/run-config'
import { filePath, isLocal } from '../database/location'
import type { Database } from '../database/open'
import { countTabs } from '../database/queue'
import { findSetting, putSetting } from '../database/settings'
import { withoutAddresses } from '../logging/log'
import { withoutRecipients } from '../mail/smtp-error'
import type { ModeratorMails } from '../rate-limits/moderator-mails'
import { examineSetUp } from './doctor'
import { createReport, type Finding, type Level } from './finding'
import { sendTestMail } from './mail-checks'

const LOG_LEVEL = {
  ok: 'info',
  not_asked: 'debug',
  warning: 'warn',
  error: 'error',
} as const satisfies Record<Level, keyof Logger>

/** The key of the setting that says whether an administrator has seen the check. */
const SEEN = 'set_up_seen'

/** What the command `doctor` does, for the running service. `load` reads the configuration as it is now. */
export function createSetUp({
  config,
  program,
  database,
  mails,
  clock,
  log,
  load = loadConfig,
}: {
  config: RunConfig
  program: string
  database: Database
  mails: Pick<ModeratorMails, 'take'>
  clock: () => number
  log: Pick<Logger, (typeof LOG_LEVEL)[Level]>
  load?: () => Loaded
}) {
  const isSeen = (): Promise<boolean> =>
    database.read((reader) => findSetting(reader, SEEN, v.boolean(), { unset: false, otherwise: true }))

  return {
    /**
     * Everything that the command `doctor` checks, without the folders of this machine. At most once at a time: whoever
     * asks meanwhile gets the same.
     */
    check: createShared(async (_: null): Promise<Finding[]> => {
      if (!(await isSeen())) await database.write((tx) => putSetting(tx, SEEN, true, clock()))
      const findings = await examineSetUp({ loaded: load(), program, clock, running: fingerprintOf(config) })
      return withoutFolders(findings, foldersOf(config))
    }),

    /** Logs what is found at a start, a line for each check. Rejects never: an outage is no reason not to start. */
    async logAtStart(): Promise<void> {
      try {
        await examineSetUp({
          loaded: load(),
          program,
          clock,
          isStarting: true,
          onFinding: ({ check, level, key, found, remedy }) =>
            log[LOG_LEVEL[level]](
              { check, ...(key === null ? {} : { key }), ...(remedy === null ? {} : { remedy }) },
              level === 'not_asked' ? `Not checked: ${found}` : found,
            ),
        })
      } catch (error) {
        log.error({ err: error }, 'The check of the set-up failed; synapse-registration doctor repeats it')
      }
    },

    /** Sends a test email, and tells what came of it; `too_many_mails` to whoever has sent many. */
    async sendTestMail(to: EmailAddress, moderatorId: string): Promise<Result<Finding[]>> {
      const taken = await mails.take('test', moderatorId, to)
      if (!taken.ok) return taken
      const report = createReport()
      await sendTestMail({ config, report, to })
      for (const { level, found } of report.findings)
        log[LOG_LEVEL[level]](
          { moderator: moderatorId },
          level === 'ok'
            ? 'A test email was sent'
            : `A test email was not sent: ${withoutRecipients(withoutAddresses(found), [to])}`,
        )
      return accept(withoutFolders(report.findings, foldersOf(config)))
    },

    /** Whether nobody has requested an account or looked at this check yet. */
    async isNew(): Promise<boolean> {
      return !(await isSeen()) && (await database.read(countTabs)).all === 0
    },
  }
}

/** Where the service runs and where its database is, the longest first. */
function foldersOf({ database: { url } }: Pick<RunConfig, 'database'>): string[] {
  const own = [process.cwd(), ...(isLocal(url) ? [dirname(resolve(filePath(url)))] : [])]
  return own.filter((folder) => folder !== '/').sort((one, other) => other.length - one.length)
}

/** Findings for a browser: a person with a stolen session need not learn where on the disk everything is. */
function withoutFolders(findings: readonly Finding[], folders: readonly string[]): Finding[] {
  const hide = (text: string) => folders.reduce((rest, folder) => rest.replaceAll(folder, '…'), text)
  return findings.map((finding) => ({
    ...finding,
    found: hide(finding.found),
    remedy: finding.remedy === null ? null : hide(finding.remedy),
  }))
}
