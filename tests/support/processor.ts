import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** How much of the processor a program has used, in seconds (proc(5): ticks of a hundredth). */
export async function cpuSeconds({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number)
  return ((user ?? 0) + (system ?? 0)) / 100
}
