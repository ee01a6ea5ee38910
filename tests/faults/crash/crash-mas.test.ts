import { openMasHomeserver } from '../mas-seen'
import { crashSuite } from './lives'

/** The same where a MAS manages the accounts; every place with CRASH_POINTS_MAS=all. */
await crashSuite(await openMasHomeserver(), { all: process.env.CRASH_POINTS_MAS === 'all' })
