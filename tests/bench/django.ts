import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { freePort, linkIn, type startMailServer } from '../support/site'
import { aVisitor } from '../support/visitor'

const PYTHON = process.env.PYTHON ?? '/usr/bin/python3'
const PROGRAM = 'synapse_registration.synapse_registration'
const WORKERS = 2

/**
 * Stands in for the package django-mjml: what a template says in MJML goes into the mail as it is. The program has it
 * rendered by another host, for which no test waits; without that it is faster than it is for its users.
 */
const MJML = `from django import template

register = template.Library()


class Plain(template.Node):
    def __init__(self, nodes):
        self.nodes = nodes

    def render(self, context):
        return self.nodes.render(context)


@register.tag
def mjml(parser, token):
    nodes = parser.parse(("endmjml",))
    parser.delete_first_token()
    return Plain(nodes)
`

/** A Django program that runs, on a database of its own. */
export type Django = Awaited<ReturnType<typeof startDjango>>

/**
 * The Django program from a checkout's folder `src`, on gunicorn with two workers, for a homeserver and a mail server
 * that are there already. Needs Django, gunicorn, requests and PyYAML for the Python that PYTHON names.
 */
export async function startDjango(
  source: string,
  mail: Awaited<ReturnType<typeof startMailServer>>,
  homeserver: { server: string; domain: string; admin_token: string },
) {
  const folder = await mkdtemp(join(tmpdir(), 'registration-django-'))
  const tags = join(folder, 'mjml/templatetags')
  await mkdir(tags, { recursive: true })
  await writeFile(join(folder, 'mjml/__init__.py'), '')
  await writeFile(join(tags, '__init__.py'), '')
  await writeFile(join(tags, 'mjml.py'), MJML)
  await writeFile(
    join(folder, 'config.yaml'),
    stringify({
      secret_key: 'only for figures',
      synapse: homeserver,
      hosts: ['127.0.0.1'],
      email: { host: '127.0.0.1', port: mail.port, username: '', password: '', from: 'desk@example.test' },
      admin: { email: 'moderators@example.test' },
      database: { path: join(folder, 'db.sqlite3') },
      trust_proxy: true,
      rate_limit: { email_submission: 100_000 },
    }),
  )
  const env = {
    ...process.env,
    CONFIG_PATH: join(folder, 'config.yaml'),
    DJANGO_SETTINGS_MODULE: `${PROGRAM}.settings`,
    PYTHONPATH: `${source}:${folder}`,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const port = await freePort()
  await promisify(execFile)(PYTHON, ['-m', 'django', 'migrate'], { cwd: folder, env })
  const child = spawn(
    PYTHON,
    ['-m', 'gunicorn', '--workers', String(WORKERS), '--bind', `127.0.0.1:${port}`, `${PROGRAM}.wsgi`],
    { cwd: folder, env, stdio: process.env.DJANGO_LOG === undefined ? 'ignore' : 'inherit' },
  )
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 200; tries++) {
    const answer = await aVisitor(url)
      .get('/')
      .catch(() => null)
    if (answer?.status === 200) break
    if (tries === 199 || child.exitCode !== null) throw new Error('The Django program did not start')
    await sleep(100)
  }
  return {
    url,
    mail,
    process: child,
    async stop(): Promise<void> {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('close', resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** One applicant of the Django program from the name to the request. Its password comes after the approval. */
export async function djangoWizard(
  { url, mail }: Django,
  agent: Agent,
  name: string,
  client: string,
  reason: string,
): Promise<void> {
  const visitor = aVisitor(url, agent, { 'x-forwarded-for': client })
  const submit = (path: string, fields: Record<string, string>) =>
    visitor.post(path, { csrfmiddlewaretoken: visitor.cookies.get('csrftoken') ?? '', ...fields })
  await visitor.get('/check-username/')
  await submit('/check-username/', { username: name })
  await submit('/email-input/', { email: `${name}@mail.test` })
  const link = linkIn(await mail.next(`${name}@mail.test`), '/verify-email/')
  await visitor.get(new URL(link).pathname)
  const done = await submit('/complete-registration/', { registration_reason: reason })
  if (done.path !== '/registration-complete/' || done.status !== 200)
    throw new Error(`A wizard of the Django program ended on ${done.path} (${done.status})`)
}
