import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import * as v from 'valibot'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { valuesOf } from '$lib/server/metrics/exposition'
import { measureProcess } from '$lib/server/metrics/metrics'
import { aWorld, type TestWorld } from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const read = (file: string) => readFileSync(join(import.meta.dirname, '../../docs', file), 'utf8')

async function all() {
  const { metrics, storedMetrics } = world.services
  const process = new Registry()
  measureProcess(process, { version: '0' })
  return valuesOf([metrics.registry, process, ...storedMetrics.registries])
}

test('docs/metrics.md has every metric of this program, and no other, with its labels', async () => {
  const rows = [...read('metrics.md').matchAll(/^\| `(registration_\w+)` *\| (.*?) *\|/gm)]
  const told = new Map(rows.map(([, name = '', labels = '']) => [name, labels.match(/\w+/g) ?? []]))
  const own = (await all()).filter(({ name }) => name.startsWith('registration_'))
  expect([...told.keys()].sort()).toEqual(own.map(({ name }) => name).sort())
  for (const { name, values } of own)
    for (const { labels } of values)
      for (const label of Object.keys(labels).filter((one) => one !== 'le'))
        expect([name, told.get(name)]).toEqual([name, expect.arrayContaining([label])])
})

test('dashboard and alerts ask for nothing else', async () => {
  const names = (await all()).flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  )
  const schema = v.object({
    panels: v.array(v.object({ title: v.string(), targets: v.array(v.object({ expr: v.string() })) })),
    templating: v.object({ list: v.array(v.looseObject({})) }),
  })
  const { panels, templating } = v.parse(schema, JSON.parse(read('grafana-dashboard.json')))
  const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
  const alerts = [...read('metrics.md').matchAll(/^ +expr: (.*)$/gm)].map(([, expr = '']) => expr)
  const expressions = [...asked, ...alerts, JSON.stringify(templating)]
  const found = expressions.flatMap((one) => one.match(/\b(?:registration|nodejs|process)_\w+/g) ?? [])
  expect(found.length).toBeGreaterThan(25)
  expect(found.filter((name) => !names.includes(name))).toEqual([])
})
