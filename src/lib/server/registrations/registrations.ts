import type { Logger } from 'pino'
import type { Policy } from '$lib/registration/decide'
import type { Database } from '../database/open'
import type { Intake } from '../intake/intake'
import { createAccountLedger } from './account-ledger'
import { createAnnouncements } from './announcements'
import type { DenialFingerprints } from './denial-fingerprints'
import { createJobQueue } from './job-queue'
import { createJobResults } from './job-results'
import { createLinks } from './links'
import { createRegistrar, type Decided } from './registrar'
import { createRegistrationTransaction } from './transaction'

/** All that writes registrations and what follows from them, on one transaction. */
export function createRegistrations({
  database,
  clock,
  randomId,
  policy,
  intake,
  memory,
  linkHours,
  log,
  decided,
}: {
  database: Database
  clock: () => number
  randomId: () => string
  policy: Omit<Policy, 'now'>
  intake: Pick<Intake, 'settle' | 'admit'>
  memory: Pick<DenialFingerprints, 'remember'>
  linkHours: number
  log: Pick<Logger, 'info'>
  /** Counts each decision, once it is stored. */
  decided: (decision: Decided) => void
}) {
  const transaction = createRegistrationTransaction({ clock, randomId, policy, intake, memory })
  const parts = { database, clock, transaction }
  return {
    registrar: createRegistrar({ ...parts, randomId, policy, intake, log, decided }),
    accountLedger: createAccountLedger(parts),
    links: createLinks({ ...parts, linkHours, intake }),
    jobResults: createJobResults(parts),
    jobQueue: createJobQueue(parts),
    announcements: createAnnouncements(parts),
  }
}
