import { parseEmail, type EmailAddress } from '$lib/registration/email'
import { loadConfig } from '$lib/server/config/load'
import { examineSetUp } from '$lib/server/doctor/doctor'
import { isUnchecked, LEVELS, type Finding, type Level } from '$lib/server/doctor/finding'
import { PROGRAM } from '$lib/server/version'
import { UsageError, WARNED } from './usage'

const SIGNS: Record<Level, string> = {
  ok: 'ok     ',
  warning: 'warning',
  error: 'error  ',
  not_asked: '-      ',
}
/** The exit code if something is wrong. */
const FAILED = 1

/** Checks the whole set-up, and changes nothing; answers the exit code. `--send-mail`: sends a test email. */
export async function doctor({
  json = false,
  sendMail: address,
}: {
  json?: boolean
  sendMail?: string
}): Promise<number> {
  const testMailTo = address === undefined ? null : readAddress(address)
  const findings = await examineSetUp({
    loaded: loadConfig(),
    program: PROGRAM,
    testMailTo,
    ...(json ? {} : { onFinding: (finding: Finding) => process.stdout.write(lineOf(finding)) }),
  })
  const counts = Object.fromEntries(
    LEVELS.map((level) => [level, findings.filter((finding) => finding.level === level).length]),
  )
  const { error = 0, warning = 0 } = counts
  const unchecked = findings.filter(isUnchecked).length
  if (json) process.stdout.write(`${JSON.stringify({ version: 1, findings, counts }, null, 2)}\n`)
  else process.stdout.write(`\n${summary(error, warning, unchecked)}\n`)
  return error > 0 ? FAILED : warning + unchecked > 0 ? WARNED : 0
}

function readAddress(typed: string): EmailAddress {
  const address = parseEmail(typed)
  if (address !== null) return address
  throw new UsageError(`--send-mail needs an email address; "${typed}" is none`)
}

function lineOf({ check, level, key, found, remedy }: Finding): string {
  const subject = key === null ? check : `${check} (${key})`
  const line = `${SIGNS[level]}  ${subject}: ${found}\n`
  return remedy === null ? line : `${line}         → ${remedy}\n`
}

function summary(errors: number, warnings: number, unchecked: number): string {
  const count = (number: number, word: string) => (number === 1 ? `1 ${word}` : `${number} ${word}s`)
  const wrong = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ]
  if (unchecked === 0) return wrong.length === 0 ? 'Everything is set up' : wrong.join(', ')
  const rest = `${count(unchecked, 'check')} could not be made`
  return wrong.length === 0 ? `Nothing wrong was found, but ${rest}` : [...wrong, rest].join(', ')
}
