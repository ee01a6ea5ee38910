import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Certificate } from './certificate'
import { freePort } from './site'

const DEPLOY = join(import.meta.dirname, '../../deploy')
/** What the files in deploy/ call the site, and where they expect the program. */
const PLACEHOLDER = 'register.your.server'
const PROGRAM = '127.0.0.1:3000'
const LONGEST_START_MS = 15_000
const LONGEST_STOP_MS = 10_000

/** Where a proxy listens, and what it needs for that. */
interface Place {
  host: string
  /** Host and port of the program behind it. */
  upstream: string
  httpPort: number
  httpsPort: number
  certificate: Certificate
  folder: string
}

/** What to put into the folder of a proxy, and how to run it there in the foreground. */
interface Trial {
  files: Record<string, string>
  args: string[]
  env?: Record<string, string>
}

/** Replaces each text, which must be there: otherwise a file in deploy/ is no longer what is tried. */
function replaced(text: string, changes: [was: string, is: string][]): string {
  return changes.reduce((changed, [was, is]) => {
    if (!changed.includes(was)) throw new Error(`Not in the file: ${was}`)
    return changed.replaceAll(was, is)
  }, text)
}

const letsEncrypt = (file: string): string => `/etc/letsencrypt/live/${PLACEHOLDER}/${file}`
const isRoot = process.getuid?.() === 0

/** The proxies whose files in deploy/ can be tried: each with its program, and its file made ready for a place. */
export const PROXIES: readonly {
  program: string
  file: string
  trial: (own: string, place: Place) => Trial
}[] = [
  {
    program: 'caddy',
    file: 'Caddyfile',
    trial: (own, { host, upstream, httpPort, httpsPort, certificate, folder }) => ({
      files: {
        Caddyfile: `{
  admin off
  http_port ${httpPort}
  https_port ${httpsPort}
  default_bind 127.0.0.1
}
${replaced(own, [['\treverse_proxy', `\ttls ${certificate.chain} ${certificate.key}\n\treverse_proxy`]])}`,
      },
      args: ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'],
      env: {
        HOME: folder,
        XDG_DATA_HOME: folder,
        XDG_CONFIG_HOME: folder,
        REGISTRATION_HOST: host,
        REGISTRATION_UPSTREAM: upstream,
      },
    }),
  },
  {
    program: 'nginx',
    file: 'nginx.conf',
    trial: (own, { host, upstream, httpPort, httpsPort, certificate, folder }) => ({
      files: {
        'site.conf': replaced(own, [
          [letsEncrypt('fullchain.pem'), certificate.chain],
          [letsEncrypt('privkey.pem'), certificate.key],
          [PLACEHOLDER, host],
          [PROGRAM, upstream],
          ['listen 80;', `listen 127.0.0.1:${httpPort};`],
          ['listen 443 ssl', `listen 127.0.0.1:${httpsPort} ssl`],
          ['    listen [::]:80;\n', ''],
          ['    listen [::]:443 ssl http2;\n', ''],
        ]),
        // As Debian's: compresses, and so could compress twice.
        'nginx.conf': `${isRoot ? 'user root;\n' : ''}worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
  gzip on;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  include ${folder}/site.conf;
}
`,
      },
      args: ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')],
    }),
  },
  {
    program: 'apache2',
    file: 'apache.conf',
    trial: (own, { host, upstream, httpPort, httpsPort, certificate, folder }) => ({
      files: {
        'site.conf': replaced(own, [
          [letsEncrypt('fullchain.pem'), certificate.chain],
          [letsEncrypt('privkey.pem'), certificate.key],
          [PLACEHOLDER, host],
          [PROGRAM, upstream],
          ['*:80>', `127.0.0.1:${httpPort}>`],
          ['*:443>', `127.0.0.1:${httpsPort}>`],
        ]),
        // Debian's own modules and their settings, and those that the file names.
        'apache2.conf': `ServerRoot /etc/apache2
ServerName ${host}
Mutex file:${folder} default
PidFile ${folder}/apache2.pid
DefaultRuntimeDir ${folder}
User www-data
Group www-data
ErrorLog "|/bin/cat"
Listen 127.0.0.1:${httpPort}
Listen 127.0.0.1:${httpsPort}
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
${['socache_shmcb', 'ssl', 'http2', 'headers', 'proxy', 'proxy_http'].map((name) => `<IfModule !${name}_module>\nInclude mods-available/${name}.load\nIncludeOptional mods-available/${name}.con[f]\n</IfModule>`).join('\n')}
Include ${folder}/site.conf
`,
      },
      args: ['-D', 'FOREGROUND', '-f', join(folder, 'apache2.conf')],
      env: { APACHE_RUN_DIR: folder, APACHE_LOCK_DIR: folder, APACHE_LOG_DIR: folder },
    }),
  },
  {
    program: 'haproxy',
    file: 'haproxy.cfg',
    trial: (own, { host, upstream, httpPort, httpsPort, certificate, folder }) => ({
      files: {
        'haproxy.cfg': `global
    log stderr local0 warning
defaults
    log global
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s

${replaced(own, [
  [`/etc/haproxy/certs/${PLACEHOLDER}.pem`, certificate.both],
  [PLACEHOLDER, host],
  [PROGRAM, upstream],
  ['bind :::80 v4v6', `bind 127.0.0.1:${httpPort}`],
  ['bind :::443 v4v6', `bind 127.0.0.1:${httpsPort}`],
])}`,
      },
      args: ['-db', '-f', join(folder, 'haproxy.cfg')],
    }),
  },
]

/** The path of a program, or null where it is not installed. Debian has servers in a folder that is not everybody's. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/**
 * Runs a proxy with its file from deploy/, in which nothing but host, ports, certificate and upstream are replaced, until
 * `stop`. Where it does not start, nothing of it is left.
 */
export async function startProxy(
  { program, file, trial }: (typeof PROXIES)[number],
  { host, upstream, certificate }: Pick<Place, 'host' | 'upstream' | 'certificate'>,
) {
  const path = findProgram(program)
  if (path === null) throw new Error(`${program} is not installed`)
  const folder = await mkdtemp(join(tmpdir(), `registration-${program}-`))
  // Apache gives up being root, and locks files here.
  await chmod(folder, 0o777)
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  const own = await readFile(join(DEPLOY, file), 'utf8')
  const { files, args, env } = trial(own, { host, upstream, httpPort, httpsPort, certificate, folder })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const child = spawn(path, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let log = ''
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => (log += chunk.toString()))

  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      const limit = setTimeout(() => child.kill('SIGKILL'), LONGEST_STOP_MS)
      await ended
      clearTimeout(limit)
    }
    await rm(folder, { recursive: true, force: true })
  }

  const ask = {
    host: '127.0.0.1',
    port: httpsPort,
    path: '/healthz',
    headers: { host },
    ca: certificate.text,
  }
  const deadline = Date.now() + LONGEST_START_MS
  while ((await statusOf(ask)) !== 200) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`${program} did not start:\n${log}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { httpPort, httpsPort, log: () => log, stop }
}

/** The status of an answer; null where there is none. */
function statusOf(options: RequestOptions): Promise<number | null> {
  return new Promise((resolve) => {
    const sent = get({ ...options, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? null)
    })
    sent.on('error', () => resolve(null))
  })
}
