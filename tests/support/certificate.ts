import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'

export type Certificate = ReturnType<typeof makeCertificate>

/**
 * A certificate for this host or address and for no other, in this folder: paths, and the text for clients that shall
 * trust it.
 */
export function makeCertificate(folder: string, host: string, days = 2) {
  const paths = {
    chain: join(folder, 'chain.pem'),
    key: join(folder, 'key.pem'),
    both: join(folder, 'both.pem'),
  }
  const name = `subjectAltName=${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`
  const what = ['-subj', `/CN=${host}`, '-addext', name, '-days', String(days), '-nodes']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const out = ['-keyout', paths.key, '-out', paths.chain]
  execFileSync('openssl', ['req', '-x509', ...kind, ...what, ...out], { stdio: 'pipe' })
  const text = readFileSync(paths.chain, 'utf8')
  writeFileSync(paths.both, text + readFileSync(paths.key, 'utf8'))
  return { ...paths, text }
}
