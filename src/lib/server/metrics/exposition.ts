import { AggregatorRegistry, type Registry } from 'prom-client'
import * as v from 'valibot'

/** NaN is what was never measured; between processes, JSON has null for it. */
const numberSchema = v.pipe(
  v.union([v.number(), v.nan(), v.null()]),
  v.transform((value) => value ?? NaN),
)
const metricsSchema = v.array(
  v.object({
    name: v.string(),
    help: v.string(),
    type: v.string(),
    values: v.array(
      v.object({
        value: numberSchema,
        labels: v.record(v.string(), v.union([v.string(), v.number()])),
        metricName: v.optional(v.string()),
      }),
    ),
  }),
)

/** Metrics as one process has them. */
export const takenSchema = v.object({
  /** What this process counted. */
  own: metricsSchema,
  /** What any process would have read from the database; empty: this one did not. */
  stored: metricsSchema,
})
export type Taken = v.InferOutput<typeof takenSchema>

/** The values of these registries now. */
export async function valuesOf(registries: Registry[]): Promise<Taken['own']> {
  const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()))
  return v.parse(metricsSchema, all.flat())
}

/**
 * The text that Prometheus reads (exposition format 0.0.4). With several processes, what each of them counted has its
 * number as the label `worker`: added up, a process that is replaced would look as if everything was counted anew.
 */
export function textOf(processes: { worker: number | null; taken: Taken }[]): Promise<string> {
  const sets = processes.flatMap(({ worker, taken }) => [
    taken.stored,
    worker === null ? taken.own : taken.own.map((metric) => ofWorker(metric, worker)),
  ])
  // No two values have the same labels, so that nothing is added up; others (`omit`) would be left out.
  const alike = sets.map((metrics) => metrics.map((metric) => ({ ...metric, aggregator: 'sum' })))
  return AggregatorRegistry.aggregate(alike).metrics()
}

const ofWorker = (metric: Taken['own'][number], worker: number) => ({
  ...metric,
  values: metric.values.map((one) => ({ ...one, labels: { ...one.labels, worker: String(worker) } })),
})
