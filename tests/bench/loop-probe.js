import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * For `node --import`: measures how long the event loop of a program is held, without a word about it in the program.
 * At SIGUSR2 it writes what it saw since the last time to LOOP_PROBE_FILE, in milliseconds, and begins anew.
 * LOOP_PROBE_CLOCK_AHEAD_MS puts the clock forward, for what happens at a certain minute.
 */
const ahead = Number(process.env.LOOP_PROBE_CLOCK_AHEAD_MS ?? 0)
if (ahead !== 0) {
  globalThis.Date = new Proxy(Date, {
    construct: (real, given) =>
      given.length === 0 ? new real(real.now() + ahead) : Reflect.construct(real, given),
    get: (real, name) => (name === 'now' ? () => real.now() + ahead : Reflect.get(real, name)),
  })
}

const resolution = 10
const delay = monitorEventLoopDelay({ resolution })
delay.enable()
process.on('SIGUSR2', () => {
  const ms = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution)
  const seen = { max: ms(delay.max), p99: ms(delay.percentile(99)), p50: ms(delay.percentile(50)) }
  writeFileSync(process.env.LOOP_PROBE_FILE ?? 'loop-probe.json', JSON.stringify(seen))
  delay.reset()
})
