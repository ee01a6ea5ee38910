import { openMasHomeserver } from '../mas-seen'
import { crashSuite } from './lives'

/** The same where a MAS manages the accounts; every place with CRASH_EVERY_MAS=1. */
await crashSuite(await openMasHomeserver(), { every: Number(process.env.CRASH_EVERY_MAS ?? 7) })
