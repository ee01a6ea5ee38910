import { openMasHomeserver } from '../mas-seen'
import { crashSuite } from './lives'

/** The same where a MAS manages the accounts. */
await crashSuite(await openMasHomeserver())
